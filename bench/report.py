"""docs/performance.md from what was measured: ratios and CPU a request, no absolute times."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from contenders import KEYS, MODEL, PINNED, TEXT
from measure import Measured

BASE = "naive"
BAR = 1.2  # of the naive endpoint's throughput, at 32 connections
NAMES = {
    "naive": "naive FastAPI endpoint",
    "api-first": "**emitted FastAPI service**",
    "monolith": "emitted Django monolith",
    "litserve": "LitServe",
    "bentoml": "BentoML",
}
WHOLE = "as generated"
REFUSING = "refusing"
REFUSAL = 0.1  # at most, of the CPU of an answer
PARTS = {
    "without_key": "asking for no API key",
    "without_metering": "recording no usage",
    "without_access_log": "writing no access log",
    "key looked up each time": "with `KEY_CACHE_SECONDS=0`",
    "with metrics": "with `METRICS_PORT` set",
    "with tracing": "with `OTEL_EXPORTER_OTLP_ENDPOINT` set, every request traced",
    REFUSING: "refusing with 503 what finds the queue full",
}

# Contender, connections: one figure a round, in the order of the rounds.
Found = Mapping[tuple[str, int], Sequence[Measured]]


def ratio(found: Found, name: str, base: str, connections: int, figure: Callable[[Measured], float]) -> float:
    """The median of the rounds' own ratios: neighbours in time saw the same machine."""
    pairs = zip(found[name, connections], found[base, connections], strict=True)
    return median(figure(one) / figure(other) for one, other in pairs)


def bar(found: Found) -> tuple[bool, str]:
    faster = ratio(found, "api-first", BASE, 32, lambda each: each.throughput)
    p99 = ratio(found, "api-first", BASE, 32, lambda each: each.p99)
    met = faster >= BAR and p99 < 1
    refusal = ""
    if (REFUSING, 32) in found:
        cost = ratio(found, REFUSING, WHOLE, 32, lambda each: each.cpu)
        met = met and cost <= REFUSAL
        refusal = f"; a refusal takes {cost:.0%} of the CPU of an answer (at most {REFUSAL:.0%})"
    return met, (
        f"{'met' if met else 'not met'}: {faster:.2f} × the naive endpoint's throughput at 32 connections "
        f"(at least {BAR}), {p99:.2f} × its p99 (below 1){refusal}"
    )


def table(found: Found, names: Sequence[str], connections: Sequence[int]) -> list[str]:
    rows = ["| | connections | throughput | p99 | CPU a request | memory | refused |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name in names:
        for each in connections:
            runs = found[name, each]
            rows.append(
                f"| {NAMES[name]} | {each} "
                f"| {ratio(found, name, BASE, each, lambda run: run.throughput):.2f} × "
                f"| {ratio(found, name, BASE, each, lambda run: run.p99):.2f} × "
                f"| {median(run.cpu for run in runs):.1f} ms "
                f"| {median(run.memory for run in runs):.0f} MB "
                f"| {median(run.refused for run in runs):.0%} |"
            )
    return rows


def parts(found: Found) -> list[str]:
    rows = ["| the emitted service | CPU a request, of what it costs as generated | in the rounds |", "| --- | --- | --- |"]
    for name, words in PARTS.items():
        rounds = [one.cpu / whole.cpu for one, whole in zip(found[name, 32], found[WHOLE, 32], strict=True)]
        rows.append(f"| {words} | {median(rounds):.0%} | {min(rounds):.0%} to {max(rounds):.0%} |")
    return rows


def cheaper(found: Found, suffix: str = "") -> str:
    """How many of the service's requests the CPU of one naive request pays for."""
    return f"{1 / ratio(found, f'api-first{suffix}', f'{BASE}{suffix}', 32, lambda run: run.cpu):.2f}"


def as_numbers(found: Found) -> str:
    faster = ratio(found, "api-first, float", "naive, float", 32, lambda run: run.throughput)
    p99 = ratio(found, "api-first, float", "naive, float", 32, lambda run: run.p99)
    return (
        f"With the vector as JSON numbers (`encoding_format: float`) it is {faster:.2f} × the throughput at 32 "
        f"connections, {p99:.2f} × the p99, and {cheaper(found, ', float')} requests for the CPU of one."
    )


def page(found: Found, names: Sequence[str], connections: Sequence[int], how: str) -> str:
    foreign = [run.foreign for runs in found.values() for run in runs]
    pins = ", ".join(f"`{each}`" for name in ("naive", "litserve", "bentoml") for each in PINNED[name])
    return "\n".join(
        [
            "# Performance",
            "",
            "What the emitted services do with a model, beside what one would write first and beside two serving "
            "frameworks. Written by `make bench`; `make bench ARGUMENTS=--quick` is a smoke test that writes nothing.",
            "",
            f"The bar, {bar(found)[1]}.",
            "",
            f"## Embeddings of one short text, {MODEL}",
            "",
            *table(found, names, connections),
            "",
            "Throughput and p99 are ratios to the naive endpoint's in the same round, answers that are refusals not "
            "counted; the median of the rounds. CPU is of all processes of the server, system time included, by "
            "answer. Memory is resident, what processes share counted once, after the load.",
            "",
            f"At 32 connections the emitted service answers {cheaper(found)} requests with the CPU that the naive "
            "endpoint takes for one, keys, usage and log included: what queued during a run of the model is the next "
            "run. The rest of the ratio of throughputs is that its model has a thread of its own: on a machine that "
            "is shared, what has two threads or processes, as LitServe and BentoML have, too, gets more of it. Alone, "
            "at one connection, nothing is shared: each request is a run, a change of threads and a write of its own.",
            "",
            as_numbers(found),
            "",
            "- The emitted projects are as `groundplan new` makes them and `just run` starts them, in production's "
            f"settings on SQLite: API keys on ({KEYS} of them in turn, so that none reaches its rate limit), usage "
            "recorded, an access log line each, bodies bounded, the queue bounded.",
            "- The naive endpoint (bench/servers/naive.py) is a coroutine that runs the model for each request, with "
            "the same bodies and none of that; uvicorn without an access log.",
            "- LitServe and BentoML batch, in a process of their own for the model, without keys, usage or access "
            "log. BentoML's batched API takes and gives bare lists, a little less to do.",
            "- The monolith serves ten requests at a time and lets four wait for the model: beyond that it refuses, and "
            "what refusals cost is in its CPU.",
            "- All ask one model for one text, and get its vector as base64, as OpenAI's client does.",
            "",
            "## What each part costs",
            "",
            *parts(found),
            "",
            "One at a time, at 32 connections; the same service, one part replaced as it starts "
            "(bench/servers/variant.py), measured after one another. What lies within a few percent of 100 is lost "
            "in the noise of the machine. Refusals are not held back in that row, so that what one costs can be "
            "counted; a service that is not measured lets about 200 a second go.",
            "",
            "## How",
            "",
            f"{how} The text is {TEXT!r}. Servers run one at a time, one process each, interleaved in rounds; "
            "the load comes from wrk on the same machine and takes part of its CPU, the same for all. Other work on "
            f"the machine took {min(foreign):.0%} to {max(foreign):.0%} of its CPU (median {median(foreign):.0%}): "
            "throughput and p99 depend on it, CPU a request less so, and the ratios of one round least. Absolute "
            "times would say more of the machine than of the servers.",
            "",
            f"Pinned: {pins}; the emitted projects lock their own.",
            "",
            "```sh",
            "apt-get install wrk",
            "make bench",
            "```",
            "",
        ]
    )
