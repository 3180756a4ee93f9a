"""How unusual a window is beside those before it: the modified z-score (Iglewicz and Hoaglin, How
to Detect and Handle Outliers, 1993), in which a few odd windows do not hide the next one.

It compares means, and knows neither trends nor times of day: a metric with a daily rhythm is scored
against the last twenty windows, not against yesterday.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import fmean, median

from intelligence.measurements.windows import Window

BASELINE = 20  # windows before it, as far as there is something in them
LEAST_BASELINE = 8  # fewer say nothing
UNUSUAL = 3.5  # what the authors recommend
BOUND = 1000.0  # also what any change after perfect constancy gets

MAD = 1.482602  # the standard deviation of a normal distribution, in median absolute deviations
MEAN_AD = 1.253314  # the same in mean absolute deviations


def score(value: float, baseline: Sequence[float]) -> float | None:
    """Deviations from the usual, at most `BOUND`; None: too few to tell."""
    if len(baseline) < LEAST_BASELINE:
        return None
    usual = median(baseline)
    off = [abs(each - usual) for each in baseline]
    # Where more than half are equal, the median of what they are off is 0.
    deviation = MAD * median(off) or MEAN_AD * fmean(off) or max(abs(usual), 1.0) * 1e-9
    return min(max((value - usual) / deviation, -BOUND), BOUND)


def scores(windows: Sequence[Window]) -> Mapping[datetime, float | None]:
    """Of each window with a value, by its start, beside those before it.

    Args:
        windows: of one series and length, by time.
    """
    found: dict[datetime, float | None] = {}
    filled = [each for each in windows if each.summary.count]
    for place, window in enumerate(filled):
        earliest = window.name.start - BASELINE * window.name.length
        before = filled[max(0, place - BASELINE) : place]
        usual = [each.summary.mean for each in before if each.name.start >= earliest]
        found[window.name.start] = score(window.summary.mean, usual)
    return found
