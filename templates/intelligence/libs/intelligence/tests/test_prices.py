from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from intelligence.prices import Price, PriceError, Prices

NEW_YEAR = date(2027, 1, 1)
TABLE = """
currency = "EUR"

[[models."vendor/large-1"]]
from = 2027-01-01
input = 2.5
output = 10

[[models."vendor/large-1"]]
input = 0.1
output = 0.4

[[models.mystery]]
input = "unknown"
output = "unknown"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "prices.toml"


def read(file: Path, table: str = TABLE) -> Prices:
    file.write_text(table)
    return Prices.read(file)


def test_the_shipped_table_can_be_read_and_what_runs_here_costs_nothing() -> None:
    prices = Prices.read()
    assert prices.cost("all-minilm-l6-v2-int8", 1_000_000, 0, NEW_YEAR) == 0


def test_a_cost_is_of_the_price_that_holds_on_its_day(file: Path) -> None:
    prices = read(file)
    before, after = date(2026, 12, 31), NEW_YEAR
    costs = [prices.cost("vendor/large-1", 3, 2, day) for day in (before, after)]
    assert costs == [1100, 27500]


@pytest.mark.parametrize("model", ["mystery", "another"])
def test_a_model_without_a_price_has_an_unknown_cost(file: Path, model: str) -> None:
    assert read(file).cost(model, 3, 2, NEW_YEAR) is None


def test_before_its_first_price_a_cost_is_unknown() -> None:
    prices = Prices("EUR", {"m": [Price(NEW_YEAR, Decimal(1), Decimal(1))]})
    assert prices.cost("m", 1, 0, date(2026, 12, 31)) is None


def test_half_a_nano_is_rounded_up() -> None:
    prices = Prices("EUR", {"m": [Price(date.min, Decimal("0.0005"), Decimal(0))]})
    assert [prices.cost("m", tokens, 0, NEW_YEAR) for tokens in (0, 1, 2)] == [0, 1, 1]


@pytest.mark.parametrize(
    ("nano", "shown"),
    [
        (None, "unknown"),
        (0, "0.00 EUR"),
        (140, "0.00000014 EUR"),
        (123_456_000, "0.123 EUR"),
        (1_234_567_890_000, "1,234.57 EUR"),
    ],
)
def test_amounts_are_shown_in_the_currency(nano: int | None, shown: str) -> None:
    assert Prices("EUR", {}).shown(nano) == shown


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "'models' is missing"),
        ("[models]", "'currency' is missing"),
        (TABLE.replace("output = 10\n", ""), "'output' is missing"),
        (TABLE.replace("output = 10", "output = -1"), "-1"),
        (TABLE.replace("output = 10", "output = true"), "True"),
        (TABLE.replace("output = 10", 'output = "free"'), "'free'"),
        (TABLE.replace("output = 10", "output = nan"), "NaN"),
        (TABLE.replace("from = 2027-01-01", 'from = "soon"'), "soon"),
        (TABLE.replace("from", "form"), "form"),
        ('currency = "EUR"\nmodels = 3', "int"),
        ("currency = ", "Invalid value"),
    ],
)
def test_a_table_that_cannot_be_read_says_where_and_why(file: Path, table: str, says: str) -> None:
    with pytest.raises(PriceError) as error:
        read(file, table)
    assert str(file) in str(error.value)
    assert says in str(error.value)


def test_a_missing_table_is_named(file: Path) -> None:
    with pytest.raises(PriceError, match=str(file)):
        Prices.read(file)
