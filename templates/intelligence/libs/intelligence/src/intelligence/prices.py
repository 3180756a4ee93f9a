"""What tokens cost, by the table in `prices.toml`: no vendor is asked.

Amounts are whole thousand-millionths of the table's currency, its nano: a short text costs less
than a millionth. A model without a price costs something unknown, which is None and never 0.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Self

from intelligence.errors import IntelligenceError

FILE = Path(__file__).with_name("prices.toml")
NANO = 9  # decimal places
UNKNOWN = "unknown"


class PriceError(IntelligenceError, ValueError):
    """The table cannot be read as one."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"{file}: {problem}")


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens, None where nobody has entered it.

    Attributes:
        since: the day, in UTC, from which it holds.
        input: for what the model reads.
        output: for what it writes.
    """

    since: date
    input: Decimal | None
    output: Decimal | None


class Prices:
    """Args:
    currency: of all of them.
    models: by name; each one's prices in any order.
    """

    def __init__(self, currency: str, models: Mapping[str, Sequence[Price]]) -> None:
        self.currency = currency
        self._newest_first = {
            model: sorted(prices, key=lambda price: price.since, reverse=True)
            for model, prices in models.items()
        }

    @classmethod
    def read(cls, file: Path = FILE) -> Self:
        """Raises PriceError."""
        try:
            table = tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
            models = {
                model: [_price(each) for each in prices]
                for model, prices in table["models"].items()
            }
            return cls(str(table["currency"]), models)
        except KeyError as error:
            raise PriceError(file, f"{error} is missing") from error
        except (AttributeError, OSError, TypeError, ValueError) as error:
            raise PriceError(file, str(error)) from error

    def cost(self, model: str, read: int, written: int, on: date) -> int | None:
        """In nano, of so many tokens on that day in UTC; None: unknown."""
        for price in self._newest_first.get(model, ()):
            if price.since <= on:
                if price.input is None or price.output is None:
                    return None
                millionths = price.input * read + price.output * written
                return int((millionths * 1000).to_integral_value(ROUND_HALF_UP))
        return None

    def shown(self, nano: int | None) -> str:
        """For people: two decimal places, of less than one of the currency three digits at most."""
        if nano is None:
            return UNKNOWN
        amount = Decimal(nano).scaleb(-NANO)
        text = f"{Decimal(f'{amount:.2e}').normalize():f}" if 0 < amount < 1 else f"{amount:,.2f}"
        return f"{text} {self.currency}"


def _price(given: Mapping[str, Any]) -> Price:
    """Raises KeyError and ValueError."""
    since = given.get("from", date.min)
    if type(since) is not date or not given.keys() <= {"from", "input", "output"}:
        raise ValueError(f"a price has `from`, a day, `input` and `output`, not {dict(given)}")
    return Price(since, _amount(given["input"]), _amount(given["output"]))


def _amount(given: object) -> Decimal | None:
    if given == UNKNOWN:
        return None
    if isinstance(given, int | Decimal) and not isinstance(given, bool):
        amount = Decimal(given)
        if amount.is_finite() and amount >= 0:
            return amount
    raise ValueError(f'a price is a number from 0 or "{UNKNOWN}", not {given!r}')
