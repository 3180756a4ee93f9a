"""Bars as numbers that a template writes into SVG: no script, so no policy need be relaxed."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600, 120  # of the plot, in units of the SVG
GAP = 0.25  # between bars, of a bar's share of the width


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A title, the highest value as text, and a bar for each value."""

    title: str
    highest: str
    bars: list[Bar]

    @property
    def first(self) -> str:
        return self.bars[0].label

    @property
    def last(self) -> str:
        return self.bars[-1].label


def bar_chart(title: str, labels: Sequence[str], values: Sequence[float], unit: str = "") -> Chart:
    """Bars from zero, the highest as high as the plot."""
    top = max(values)
    share = WIDTH / len(values)
    bars = []
    for index, (label, value) in enumerate(zip(labels, values, strict=True)):
        height = HEIGHT * value / top if top else 0
        bars.append(
            Bar(
                label=label,
                value=shown(value, unit),
                x=f"{share * (index + GAP / 2):.1f}",
                y=f"{HEIGHT - height:.1f}",
                width=f"{share * (1 - GAP):.1f}",
                height=f"{height:.1f}",
            )
        )
    return Chart(title, shown(top, unit), bars)


def shown(value: float, unit: str) -> str:
    """`1,234`; with a unit, `12.3 ms`."""
    return f"{value:,.1f} {unit}" if unit else f"{value:,.0f}"
