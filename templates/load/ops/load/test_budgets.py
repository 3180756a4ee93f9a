from dataclasses import replace
from pathlib import Path

import pytest

import budgets

BUDGET = budgets.Budget(rate_ratio=0.95, failure_ratio=0.001, p95_ms=200, p99_ms=500)
MEASURED = budgets.Measured(rate=95, failure_ratio=0.001, p95_ms=200, p99_ms=500)


def broken(measured: budgets.Measured) -> list[str]:
    return [verdict.name for verdict in BUDGET.judge(100, measured) if not verdict.kept]


def test_what_just_keeps_every_budget_is_kept() -> None:
    assert broken(MEASURED) == []


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("rate_ratio", replace(MEASURED, rate=94.9)),
        ("failure_ratio", replace(MEASURED, failure_ratio=0.0011)),
        ("p95_ms", replace(MEASURED, p95_ms=201)),
        ("p99_ms", replace(MEASURED, p99_ms=501)),
    ],
)
def test_a_broken_budget_is_named_alone(name: str, measured: budgets.Measured) -> None:
    assert broken(measured) == [name]


def test_a_service_that_answers_nothing_breaks_the_rate() -> None:
    nothing = budgets.Measured(rate=0, failure_ratio=0, p95_ms=0, p99_ms=0)
    assert broken(nothing) == ["rate_ratio"]


@pytest.mark.parametrize(("processes", "rate"), [(1, 33), (2, 67), (3, 100)])
def test_a_process_gets_its_share_of_the_peak(processes: int, rate: int) -> None:
    assert budgets.Load(requests_per_second=100, processes=3, seconds=1).rate(processes) == rate


def test_the_file_is_complete() -> None:
    load, budget = budgets.read(Path(__file__).with_name("budgets.toml"))
    assert load.rate(load.processes) == load.requests_per_second
    assert 0 < budget.failure_ratio < budget.rate_ratio <= 1
    assert 0 < budget.p95_ms < budget.p99_ms


def test_a_misspelt_budget_is_refused(tmp_path: Path) -> None:
    text = Path(__file__).with_name("budgets.toml").read_text(encoding="utf-8")
    path = tmp_path / "budgets.toml"
    path.write_text(text.replace("p95_ms", "p95"), encoding="utf-8")
    with pytest.raises(TypeError, match="p95"):
        budgets.read(path)
