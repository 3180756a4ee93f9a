"""Charts of usage by day, as SVG to put into a page.

Everything is an attribute: no style, no script, no outside reference, so that a page may show them
under a content security policy that forbids all three. A browser shows each `<title>` as a tooltip,
and a screen reader reads it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from intelligence.usage_figures import Figures

HALF, WHOLE, HEIGHT = (
    520,
    1080,
    220,
)  # about the pixels of a page's column, so that text keeps its size
LEFT, RIGHT, TOP, BOTTOM = 44, 20, 10, 24  # what the axes' labels need
BLUE, RED, TEAL, ORANGE = "#2563c9", "#d63939", "#0f9d8a", "#f08c00"
INK, LINE = "#5f6b7a", "#dfe3e8"  # legible on white and on dark grey alike

type Days = Sequence[tuple[date, Figures]]


@dataclass(frozen=True, slots=True)
class Series:
    """What a chart draws of each day: None where there is nothing to draw."""

    name: str
    colour: str
    of: Callable[[Figures], float | None]


REQUESTS = (
    Series("Successful", BLUE, lambda figures: figures.requests - figures.errors),
    Series("Errors", RED, lambda figures: figures.errors),
)
TOKENS = (
    Series("Input", TEAL, lambda figures: figures.input_tokens),
    Series("Output", ORANGE, lambda figures: figures.output_tokens),
)
LATENCY = (
    Series("Median", TEAL, lambda figures: figures.latency_p50_ms),
    Series("95th percentile", ORANGE, lambda figures: figures.latency_p95_ms),
)


def bars(
    title: str, data: Days, series: Sequence[Series], unit: str = "", width: int = HALF
) -> str:
    """The series of each day on top of each other."""
    values = [[each.of(figures) or 0 for each in series] for _, figures in data]
    frame = Frame(data, max(map(sum, values), default=0), unit, width)
    shapes = []
    for index, row in enumerate(values):
        x = frame.left_of(index) + frame.step * 0.15
        bar = frame.step * 0.7
        base = 0.0
        rects = []
        for each, value in zip(series, row, strict=True):
            if value:
                top, bottom = frame.y(base + value), frame.y(base)
                rects.append(
                    f'<rect x="{x:.1f}" y="{top:.1f}" width="{bar:.1f}" '
                    f'height="{bottom - top:.1f}" fill="{each.colour}"/>'
                )
                base += value
        shapes.append(f"<g>{frame.tip(index, series, row)}{''.join(rects)}</g>")
    return frame.svg(title, shapes)


def lines(
    title: str, data: Days, series: Sequence[Series], unit: str = "", width: int = HALF
) -> str:
    """A line for each series, with a gap over days without a value."""
    values = [[each.of(figures) for each in series] for _, figures in data]
    known = [value for row in values for value in row if value is not None]
    frame = Frame(data, max(known, default=0), unit, width)
    shapes = []
    for position, each in enumerate(series):
        path, pen_down = "", False
        dots = []
        for index, row in enumerate(values):
            value = row[position]
            if value is not None:
                x, y = frame.left_of(index) + frame.step / 2, frame.y(value)
                path += f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}"
                dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{each.colour}"/>')
            pen_down = value is not None
        shapes.append(f'<path d="{path}" fill="none" stroke="{each.colour}" stroke-width="2"/>')
        shapes += dots
    shapes += [f"<g>{frame.tip(index, series, row)}</g>" for index, row in enumerate(values)]
    return frame.svg(title, shapes)


class Frame:
    """The axes: days to the right from midnight to midnight, UTC, and values upwards from 0."""

    def __init__(self, data: Days, highest: float, unit: str, width: int) -> None:
        self._data = data
        self._unit = unit
        self._width = width
        self._top, self._tick = scale(highest)
        self.step = (width - LEFT - RIGHT) / max(len(data), 1)

    def left_of(self, index: int) -> float:
        return LEFT + index * self.step

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / self._top * (HEIGHT - TOP - BOTTOM)

    def tip(self, index: int, series: Sequence[Series], row: Sequence[float | None]) -> str:
        """The day's values in words, over its whole column."""
        day = self._data[index][0]
        said = [
            f"{each.name}: {value:,.0f}{self._unit}"
            for each, value in zip(series, row, strict=True)
            if value is not None
        ]
        text = "\n".join([f"{day:%a} {day.day} {day:%b %Y}", *said])
        return (
            f"<title>{escape(text)}</title>"
            f'<rect x="{self.left_of(index):.1f}" y="{TOP}" width="{self.step:.1f}" '
            f'height="{HEIGHT - TOP - BOTTOM}" fill="#000" fill-opacity="0"/>'
        )

    def svg(self, title: str, shapes: Sequence[str]) -> str:
        marks = []
        for number in range(round(self._top / self._tick) + 1):
            value = number * self._tick
            y = self.y(value)
            marks.append(
                f'<path d="M{LEFT} {y:.1f}H{self._width - RIGHT}" stroke="{LINE}"/>'
                f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(value)}</text>'
            )
        every = math.ceil(len(self._data) / 8)
        for index, (day, _) in enumerate(self._data):
            if (len(self._data) - 1 - index) % every == 0:
                x = self.left_of(index) + self.step / 2
                label = f"{day.day} {day:%b}"
                marks.append(
                    f'<text x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{label}</text>'
                )
        return (
            f'<svg viewBox="0 0 {self._width} {HEIGHT}" width="100%" '
            f'role="img" aria-label="{escape(title)}">'
            f'<g fill="{INK}" font-size="11" stroke-width="1">{"".join(marks)}</g>'
            f"{''.join(shapes)}</svg>"
        )


def scale(highest: float) -> tuple[float, float]:
    """The top of an axis that holds `highest`, and the distance of its marks: at most six."""
    if highest <= 0:
        return 1, 1
    power = 10 ** math.floor(math.log10(highest / 4))
    tick = next(power * each for each in (1, 2, 2.5, 5, 10) if highest / (power * each) <= 5)
    tick = max(tick, 1)
    return math.ceil(highest / tick) * tick, tick


def short(value: float) -> str:
    """A number in at most five characters: 950, 1.2k, 3.5M."""
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{suffix}"
    return f"{value:.3g}"


def legend(series: Sequence[Series]) -> Mapping[str, str]:
    """Names of a chart's series, each with its colour as a small square."""
    return {
        each.name: f'<svg width="10" height="10" aria-hidden="true">'
        f'<rect width="10" height="10" rx="2" fill="{each.colour}"/></svg>'
        for each in series
    }


def share(part: float) -> str:
    """A bar as long as `part`, 0 to 1, of its room."""
    return (
        '<svg width="100%" height="8" aria-hidden="true">'
        f'<rect width="100%" height="8" rx="4" fill="{LINE}"/>'
        f'<rect width="{part:.1%}" height="8" rx="4" fill="{BLUE}"/></svg>'
    )
