from dataclasses import replace
from urllib.request import urlopen

import pytest

from intelligence.api.metrics import CountedUsage, Metrics
from intelligence.engine import Engine
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.usage import Usage

GUARD = 10.0  # seconds, against a hang


@pytest.fixture
def engine() -> Engine:
    return Engine(MadeUpEmbedder)


@pytest.fixture
def metrics(engine: Engine) -> Metrics:
    return Metrics(lambda: engine)


def scraped(metrics: Metrics) -> set[str]:
    with (
        metrics.served("127.0.0.1", 0) as port,
        urlopen(f"http://127.0.0.1:{port}/metrics", timeout=GUARD) as response,
    ):
        return set(response.read().decode().splitlines())


def test_requests_are_counted_by_route_and_status_and_timed(metrics: Metrics) -> None:
    metrics.answered("POST", "/v1/embeddings", 200, 0.02)
    metrics.answered("POST", "/v1/embeddings", 503, 0.002)
    metrics.answered("POST", "/v1/embeddings", 200, 3)
    assert {
        'http_requests_total{method="POST",route="/v1/embeddings",status="200"} 2.0',
        'http_requests_total{method="POST",route="/v1/embeddings",status="503"} 1.0',
        'http_request_duration_seconds_bucket{le="0.025",method="POST",route="/v1/embeddings"} 2.0',
        'http_request_duration_seconds_count{method="POST",route="/v1/embeddings"} 3.0',
    } <= scraped(metrics)


def test_methods_that_a_caller_makes_up_are_one(metrics: Metrics) -> None:
    for method in ("BREW", "PROPFIND"):
        metrics.answered(method, "", 405, 0.001)
    assert 'http_requests_total{method="other",route="",status="405"} 2.0' in scraped(metrics)


def test_the_queue_and_the_batches_are_the_engines(engine: Engine, metrics: Metrics) -> None:
    engine.start().result(GUARD)
    for text in ("a", "b"):
        engine.embed([text]).result(GUARD)
    engine.close(GUARD)
    assert {
        "inference_queue_depth 0.0",
        "inference_batch_size_count 2.0",
        "inference_batch_size_sum 2.0",
    } <= scraped(metrics)


def test_tokens_are_counted_by_operation_on_their_way_to_the_sink(metrics: Metrics) -> None:
    kept: list[Usage] = []

    class Sink:
        def record(self, usage: Usage) -> None:
            kept.append(usage)

    usage = Usage("ak_1", "similar", "made-up", 7, 2, 1.5, 200)
    sink = CountedUsage(Sink(), metrics)
    sink.record(usage)
    sink.record(usage)
    assert kept == [usage, usage]
    assert {
        'inference_tokens_total{direction="input",operation="similar"} 14.0',
        'inference_tokens_total{direction="output",operation="similar"} 4.0',
    } <= scraped(metrics)


def test_the_first_words_of_what_is_streamed_are_timed(metrics: Metrics) -> None:
    whole = Usage("ak_1", "chat", "made-up", 7, 2, 900.0, 200)
    metrics.used(whole)
    assert not any("first_token_seconds_count" in line for line in scraped(metrics))
    metrics.used(replace(whole, first_token_ms=600.0))
    assert {
        'inference_first_token_seconds_bucket{le="0.5",operation="chat"} 0.0',
        'inference_first_token_seconds_bucket{le="0.75",operation="chat"} 1.0',
        'inference_first_token_seconds_count{operation="chat"} 1.0',
    } <= scraped(metrics)


def test_two_in_a_process_share_nothing(engine: Engine, metrics: Metrics) -> None:
    metrics.answered("GET", "/livez", 200, 0.001)
    assert not any("/livez" in line for line in scraped(Metrics(lambda: engine)))
