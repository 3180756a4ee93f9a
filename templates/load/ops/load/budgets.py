"""What a load test asks for and what it must keep: budgets.toml, read and judged."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Load:
    """The load at peak, and how many processes are planned to carry it."""

    requests_per_second: float
    processes: int
    seconds: int

    def rate(self, processes: int) -> int:
        """Requests a second that so many of the processes are planned for, at least 1."""
        return max(1, round(self.requests_per_second * processes / self.processes))


@dataclass(frozen=True, slots=True)
class Measured:
    rate: float
    failure_ratio: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Verdict:
    name: str
    kept: bool
    text: str


@dataclass(frozen=True, slots=True)
class Budget:
    """Ratios from 0 to 1; times from the first byte sent to the last one received."""

    rate_ratio: float
    failure_ratio: float
    p95_ms: float
    p99_ms: float

    def judge(self, due: float, measured: Measured) -> list[Verdict]:
        """One verdict a budget. What equals its budget keeps it.

        Args:
            due: requests a second that were to be sent.
        """
        reached = measured.rate / due
        verdicts = [
            Verdict(
                "rate_ratio",
                reached >= self.rate_ratio,
                f"{reached:.3f} of {due:g} requests a second, at least {self.rate_ratio:g}",
            )
        ]
        for name in ("failure_ratio", "p95_ms", "p99_ms"):
            found, most = getattr(measured, name), getattr(self, name)
            verdicts.append(Verdict(name, found <= most, f"{found:g}, at most {most:g}"))
        return verdicts


def read(path: Path) -> tuple[Load, Budget]:
    """Raises TypeError for a key that is missing or unknown."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return Load(**tables["load"]), Budget(**tables["budget"])
