import re
from collections.abc import Callable
from datetime import date
from xml.etree import ElementTree

import pytest

from intelligence import usage_charts as charts
from intelligence.usage_figures import Figures, days

WEEK = days(date(2026, 3, 7), 7)
SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.replace("<svg", f'<svg xmlns="{SVG[1:-1]}"'))


def drawn(svg: str, colour: str) -> list[ElementTree.Element]:
    return [each for each in parsed(svg).iter() if each.get("fill") == colour]


def number(element: ElementTree.Element, name: str) -> float:
    return float(element.attrib[name])


def test_bars_are_as_high_as_their_values_and_stand_on_each_other() -> None:
    data = [(day, Figures()) for day in WEEK[:5]]
    data += [(WEEK[5], Figures(10, 4)), (WEEK[6], Figures(5))]
    svg = charts.bars("Requests", data, charts.REQUESTS)
    [six, five] = drawn(svg, charts.BLUE)
    [four] = drawn(svg, charts.RED)
    floor = charts.HEIGHT - charts.BOTTOM
    assert number(six, "height") / number(five, "height") == pytest.approx(6 / 5, abs=0.01)
    assert number(four, "height") / number(five, "height") == pytest.approx(4 / 5, abs=0.01)
    assert number(six, "y") + number(six, "height") == pytest.approx(floor, abs=0.1)
    assert number(four, "y") + number(four, "height") == pytest.approx(number(six, "y"), abs=0.11)
    assert number(four, "x") == number(six, "x") < number(five, "x")


def test_a_line_breaks_where_nothing_is_known() -> None:
    latencies = [1.0, 2.0, None, 3.0, None, None, 4.0]
    data = [(day, Figures(1, 0, 0, 0, ms, ms)) for day, ms in zip(WEEK, latencies, strict=True)]
    svg = charts.lines("Latency", data, charts.LATENCY, " ms")
    paths = [
        each.attrib["d"] for each in parsed(svg).iter(f"{SVG}path") if each.get("stroke-width")
    ]
    assert [re.sub(r"[\d. ]", "", path) for path in paths] == ["MLMM", "MLMM"]
    assert len(drawn(svg, charts.TEAL)) == 4
    assert svg.count("Median: 4 ms") == 1


@pytest.mark.parametrize("draw", [charts.bars, charts.lines])
def test_everything_stays_inside_and_the_last_day_is_labelled(draw: Callable[..., str]) -> None:
    for figures in (Figures(), Figures(123456, 7, 10**9, 10**6, 0.4, 1234.5)):
        for series in (charts.REQUESTS, charts.TOKENS, charts.LATENCY):
            svg = draw("t", [(day, figures) for day in WEEK], series)
            marks = list(parsed(svg).iter())
            for each in marks:
                for name, limit in (("x", charts.HALF), ("cx", charts.HALF), ("y", charts.HEIGHT)):
                    assert 0 <= float(each.get(name, 0)) <= limit
                assert float(each.get("y", 0)) >= 0
            assert [each.text for each in marks if each.get("text-anchor") == "middle"][
                -1
            ] == "7 Mar"


def test_a_title_is_text() -> None:
    svg = charts.bars('"<&', [(WEEK[0], Figures(1))], charts.REQUESTS)
    assert parsed(svg).get("aria-label") == '"<&'


@pytest.mark.parametrize(
    ("highest", "top", "tick"),
    [(0, 1, 1), (1, 1, 1), (4, 4, 1), (7, 8, 2), (10, 10, 2), (118, 125, 25), (0.4, 1, 1)],
)
def test_axes_end_at_a_round_number(highest: float, top: float, tick: float) -> None:
    assert charts.scale(highest) == (top, tick)


@pytest.mark.parametrize("highest", [0.01, 3, 11, 99, 1001, 54321, 7.7e8])
def test_axes_hold_the_highest_value_with_at_most_six_marks(highest: float) -> None:
    top, tick = charts.scale(highest)
    assert top >= highest
    assert 1 <= top / tick <= 5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (2.5, "2.5"),
        (950, "950"),
        (1200, "1.2k"),
        (30000, "30k"),
        (3.5e6, "3.5M"),
        (2e9, "2G"),
    ],
)
def test_long_numbers_are_shortened(value: float, text: str) -> None:
    assert charts.short(value) == text


def test_legend_and_share() -> None:
    assert list(charts.legend(charts.REQUESTS)) == ["Successful", "Errors"]
    assert charts.RED in charts.legend(charts.REQUESTS)["Errors"]
    assert [rect.get("width") for rect in parsed(charts.share(0.375)).iter(f"{SVG}rect")] == [
        "100%",
        "37.5%",
    ]
