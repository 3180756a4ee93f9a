"""The engine's promises, on a model that runs when the test says so.

Time-outs are guards against a hang, not measurements.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from threading import Event, Thread, current_thread

import numpy as np
import pytest

from intelligence.engine import Engine
from intelligence.errors import NotReady, Overloaded
from intelligence.ports import Embeddings

GUARD = 10.0  # seconds


class GatedModel:
    """Answers the first `free` texts, by default the warm-up; each later run waits for `open`."""

    model = "gated"
    dimensions = 3

    def __init__(self, *, free: int = 1) -> None:
        self.free = free
        self.entered = Event()
        self.open = Event()
        self.seen: list[str] = []
        self.threads: set[Thread] = set()

    def embed(self, texts: Sequence[str]) -> Embeddings:
        self.threads.add(current_thread())
        self.seen += texts
        if len(self.seen) > self.free:
            self.entered.set()
            assert self.open.wait(GUARD)
        if "broken" in texts:
            raise ZeroDivisionError
        return Embeddings(np.eye(len(texts), 3, dtype=np.float32), len(texts), self.model)


@pytest.fixture
def model() -> Iterator[GatedModel]:
    model = GatedModel()
    yield model
    model.open.set()


@pytest.fixture
def engine(model: GatedModel) -> Iterator[Engine]:
    engine = Engine(lambda: model, max_queue=2)
    engine.start().result(GUARD)
    yield engine
    model.open.set()
    engine.close(GUARD)


def occupy(engine: Engine, model: GatedModel) -> Future[Embeddings]:
    """One request that runs, so that further ones wait."""
    running = engine.embed(["running"])
    assert model.entered.wait(GUARD)
    return running


def test_it_is_ready_only_after_the_warm_up() -> None:
    model = GatedModel(free=0)
    engine = Engine(lambda: model)
    started = engine.start()
    assert model.entered.wait(GUARD)
    assert not engine.ready
    with pytest.raises(NotReady, match="not warm yet"):
        engine.embed(["early"])
    with pytest.raises(NotReady):
        _ = engine.model
    model.open.set()
    started.result(GUARD)
    assert (engine.ready, engine.model, engine.dimensions) == (True, "gated", 3)
    assert model.seen == ["warm up"]
    engine.close(GUARD)


def test_one_thread_owns_the_model(engine: Engine, model: GatedModel) -> None:
    model.open.set()
    for future in [engine.embed(["a"]), engine.embed(["b"])]:
        future.result(GUARD)
    assert model.seen == ["warm up", "a", "b"]
    assert [thread.name for thread in model.threads] == ["inference"]


def test_classify_and_rank_run_in_the_same_queue(engine: Engine, model: GatedModel) -> None:
    running = occupy(engine, model)
    classified = engine.classify(["text"], ["label"])
    ranked = engine.rank("query", ["document"], top_k=1)
    assert engine.queue_depth == 2
    model.open.set()
    running.result(GUARD)
    assert classified.result(GUARD).scores.tolist() == [[1.0]]
    assert [match.index for match in ranked.result(GUARD).matches] == [0]


def test_a_full_queue_refuses_and_finishes_what_it_took(engine: Engine, model: GatedModel) -> None:
    taken = [occupy(engine, model), engine.embed(["first"]), engine.embed(["second"])]
    with pytest.raises(Overloaded, match="2 requests are waiting"):
        engine.embed(["third"])
    model.open.set()
    assert [future.result(GUARD).tokens for future in taken] == [1, 1, 1]
    assert "third" not in model.seen


def test_cancelled_before_its_run_it_never_reaches_the_model(
    engine: Engine, model: GatedModel
) -> None:
    running = occupy(engine, model)
    waiting = engine.embed(["cancelled"])
    assert waiting.cancel()
    assert not running.cancel()
    model.open.set()
    engine.embed(["next"]).result(GUARD)
    assert model.seen == ["warm up", "running", "next"]


def test_an_error_goes_to_its_caller_and_the_engine_lives_on(
    engine: Engine, model: GatedModel
) -> None:
    model.open.set()
    with pytest.raises(ZeroDivisionError):
        engine.embed(["broken"]).result(GUARD)
    assert engine.embed(["whole"]).result(GUARD).tokens == 1


def test_a_model_that_does_not_load_fails_the_start() -> None:
    def load() -> GatedModel:
        raise FileNotFoundError("model.onnx")

    engine = Engine(load)
    with pytest.raises(FileNotFoundError, match=r"model\.onnx"):
        engine.start().result(GUARD)
    assert not engine.ready
    engine.close(GUARD)


def test_closing_finishes_what_is_queued(engine: Engine, model: GatedModel) -> None:
    taken = [occupy(engine, model), engine.embed(["first"]), engine.embed(["second"])]
    model.open.set()
    engine.close(GUARD)
    assert all(future.done() and future.exception() is None for future in taken)
    assert not engine.ready
    with pytest.raises(NotReady, match="closed"):
        engine.embed(["late"])


def test_closing_behind_a_run_that_does_not_end_leaves_no_future_pending(
    engine: Engine, model: GatedModel
) -> None:
    running = occupy(engine, model)
    waiting, cancelled = engine.embed(["waiting"]), engine.embed(["cancelled"])
    cancelled.cancel()
    engine.close(0.01)
    for future in (running, waiting):
        with pytest.raises(NotReady, match="closed"):
            future.result(0)
    with pytest.raises(CancelledError):
        cancelled.result(0)


def test_closed_while_it_warms_up_it_never_becomes_ready() -> None:
    model = GatedModel(free=0)
    engine = Engine(lambda: model)
    started = engine.start()
    assert model.entered.wait(GUARD)
    engine.close(0.01)
    with pytest.raises(NotReady, match="closed"):
        started.result(0)
    model.open.set()
    (owner,) = model.threads
    owner.join(GUARD)
    assert not owner.is_alive()
    assert not engine.ready


def test_closing_is_harmless_twice_and_before_the_start(engine: Engine) -> None:
    engine.close(GUARD)
    engine.close(GUARD)
    never_started = Engine(GatedModel)
    never_started.close(GUARD)
    with pytest.raises(RuntimeError, match="started once"):
        never_started.start()


def test_it_is_started_once(engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="started once"):
        engine.start()


def test_a_queue_without_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Engine(GatedModel, max_queue=0)
