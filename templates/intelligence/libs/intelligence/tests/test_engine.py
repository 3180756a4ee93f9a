"""The engine's promises, on a model that runs when the test says so.

Time-outs are guards against a hang, not measurements.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from threading import Event, Thread, current_thread

import pytest

from intelligence.engine import Engine
from intelligence.errors import Expired, InferenceFailed, InputTooLarge, NotReady, Overloaded
from intelligence.ports import Embeddings
from intelligence.testing.embedder import MadeUpEmbedder, Read

GUARD = 10.0  # seconds


class GatedModel(MadeUpEmbedder):
    """Answers the first `free` runs, by default the warm-up; each later run waits for `open`."""

    model = "gated"

    def __init__(self, *, free: int = 1) -> None:
        self.free = free
        self.entered = Event()
        self.open = Event()
        self.runs: list[list[str]] = []
        self.threads: set[Thread] = set()

    def prepare(self, texts: Sequence[str]) -> Read:
        if "endless" in texts:
            raise InputTooLarge(texts.index("endless"), 9, 8)
        return super().prepare(texts)

    def run(self, batch: Sequence[Read]) -> list[Embeddings]:
        self.threads.add(current_thread())
        self.runs.append([text for each in batch for text in each.texts])
        if len(self.runs) > self.free:
            self.entered.set()
            assert self.open.wait(GUARD)
        if "broken" in self.runs[-1]:
            raise ZeroDivisionError
        return super().run(batch)


class RemoteModel(MadeUpEmbedder):
    """Stands for a model behind a network: asked several times at once, for one request each."""

    concurrency = 3
    batch_characters = 0

    def __init__(self) -> None:
        self.entered = Event()
        self.open = Event()
        self.runs: list[list[str]] = []

    def run(self, batch: Sequence[Read]) -> list[Embeddings]:
        (request,) = batch
        if request.texts == ["warm up"]:
            return super().run(batch)
        if request.texts == ["too many"]:
            raise Overloaded("the server is busy")
        self.runs.append([*request.texts])
        if len(self.runs) == self.concurrency:
            self.entered.set()
        assert self.open.wait(GUARD)
        return super().run(batch)


@pytest.fixture
def model() -> Iterator[GatedModel]:
    model = GatedModel()
    yield model
    model.open.set()


@pytest.fixture
def engine(model: GatedModel) -> Iterator[Engine]:
    engine = Engine(lambda: model, max_queue=4)
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
    assert (engine.ready, engine.model, engine.dimensions) == (True, "gated", 2)
    assert model.runs == [["warm up"]]
    engine.close(GUARD)


def test_one_thread_owns_the_model(engine: Engine, model: GatedModel) -> None:
    model.open.set()
    for text in ("a", "b"):
        engine.embed([text]).result(GUARD)
    assert model.runs == [["warm up"], ["a"], ["b"]]
    assert [thread.name for thread in model.threads] == ["inference"]


def test_what_queued_during_a_run_is_the_next_batch_and_each_gets_its_own(
    engine: Engine, model: GatedModel
) -> None:
    running = occupy(engine, model)
    embedded = engine.embed(["a", "four words are here"])
    classified = engine.classify(["text"], ["label"])
    ranked = engine.rank("query", ["another", "doc"], top_k=1)
    assert (engine.queue_depth, engine.batches, engine.batched) == (3, 1, 1)
    model.open.set()

    assert running.result(GUARD).tokens == 1
    vectors = MadeUpEmbedder().vectors(["a", "four words are here"])
    assert embedded.result(GUARD).vectors.tolist() == vectors.tolist()
    assert embedded.result().tokens == 5
    assert classified.result(GUARD).scores.tolist() == [[1.0]]
    assert classified.result().tokens == 6
    assert [match.index for match in ranked.result(GUARD).matches] == [1]
    assert ranked.result().tokens == 3
    assert model.runs[2:] == [
        ["a", "four words are here", "text", "This text is about label.", "query", "another", "doc"]
    ]
    assert (engine.queue_depth, engine.batches, engine.batched) == (0, 2, 4)


def test_a_batch_is_bounded_but_a_request_is_never_divided(
    engine: Engine, model: GatedModel
) -> None:
    running = occupy(engine, model)
    requests = [["a" * 60], ["b" * 40], ["c"], ["d" * 200, "d" * 200]]
    futures = [running, *map(engine.embed, requests)]
    model.open.set()
    for future in futures:
        future.result(GUARD)
    assert [[text[0] for text in run] for run in model.runs[2:]] == [["a", "b"], ["c"], ["d", "d"]]


def test_a_model_that_takes_one_request_a_run_is_asked_by_several_threads() -> None:
    model = RemoteModel()
    engine = Engine(lambda: model)
    engine.start().result(GUARD)
    futures = [engine.embed([text]) for text in ("a", "bb", "ccc", "dddd")]
    assert model.entered.wait(GUARD)
    assert sorted(model.runs) == [["a"], ["bb"], ["ccc"]]  # all at the same time
    assert engine.queue_depth == 1
    model.open.set()
    for future, text in zip(futures, ("a", "bb", "ccc", "dddd"), strict=True):
        assert future.result(GUARD).vectors.tolist() == model.vectors([text]).tolist()
    with pytest.raises(Overloaded, match="the server is busy"):
        engine.embed(["too many"]).result(GUARD)
    assert (engine.batches, engine.batched) == (5, 5)
    engine.close(GUARD)


def test_a_server_with_few_threads_lets_fewer_runs_go_on_than_the_model_takes() -> None:
    model = RemoteModel()
    engine = Engine(lambda: model, concurrency=1)
    engine.start().result(GUARD)
    model.open.set()
    for future in [engine.embed([text]) for text in ("a", "bb", "ccc")]:
        future.result(GUARD)
    assert len(engine._threads) == 1
    engine.close(GUARD)


def test_a_full_queue_refuses_and_finishes_what_it_took(engine: Engine, model: GatedModel) -> None:
    taken = [occupy(engine, model), *(engine.embed([str(n)]) for n in range(4))]
    with pytest.raises(Overloaded, match="4 requests are waiting"):
        engine.embed(["one more"])
    with pytest.raises(Overloaded):
        engine.admit()
    model.open.set()
    assert [future.result(GUARD).tokens for future in taken] == [1] * 5
    engine.admit()
    assert ["one more"] not in model.runs


def test_cancelled_before_its_run_it_never_reaches_the_model(
    engine: Engine, model: GatedModel
) -> None:
    running = occupy(engine, model)
    waiting = engine.embed(["cancelled"])
    assert waiting.cancel()
    assert not running.cancel()
    model.open.set()
    engine.embed(["next"]).result(GUARD)
    assert model.runs == [["warm up"], ["running"], ["next"]]


def test_expired_before_its_run_it_never_reaches_the_model(
    engine: Engine, model: GatedModel
) -> None:
    running = occupy(engine, model)
    engine.timeout = 0
    expired = engine.embed(["expired"])
    model.open.set()
    assert running.result(GUARD).tokens == 1
    with pytest.raises(Expired, match="the model did not come to it in 0 s"):
        expired.result(GUARD)
    engine.timeout = GUARD
    assert engine.embed(["in time"]).result(GUARD).tokens == 2
    assert model.runs == [["warm up"], ["running"], ["in time"]]
    assert engine.batched == 2


def test_what_is_too_large_fails_alone_and_before_the_run(
    engine: Engine, model: GatedModel
) -> None:
    running = occupy(engine, model)
    first, endless = engine.embed(["one"]), engine.rank("query", ["endless"], top_k=1)
    last = engine.embed(["2"])
    model.open.set()
    with pytest.raises(InputTooLarge) as caught:
        endless.result(GUARD)
    assert caught.value.index == 1
    for future in (running, first, last):
        assert future.result(GUARD).tokens == 1
    assert model.runs[2:] == [["one", "2"]]


def test_too_large_alone_it_makes_no_run(engine: Engine, model: GatedModel) -> None:
    model.open.set()
    with pytest.raises(InputTooLarge):
        engine.embed(["endless"]).result(GUARD)
    assert model.runs == [["warm up"]]
    assert (engine.batches, engine.batched) == (0, 0)


def test_a_failed_run_fails_its_requests_alone_and_tells_each_what_it_cost(
    engine: Engine, model: GatedModel
) -> None:
    running = occupy(engine, model)
    failing = [engine.embed(["broken"]), engine.embed(["three words long"])]
    model.open.set()
    for future, tokens in zip(failing, (1, 3), strict=True):
        with pytest.raises(InferenceFailed, match=f"{tokens} tokens") as caught:
            future.result(GUARD)
        assert caught.value.tokens == tokens
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert running.result(GUARD).tokens == 1
    assert engine.embed(["whole"]).result(GUARD).tokens == 1


def test_a_model_that_answers_too_few_fails_the_run(
    engine: Engine, model: GatedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "run", lambda _: [])
    with pytest.raises(InferenceFailed):
        engine.embed(["a"]).result(GUARD)
    with pytest.raises(InferenceFailed):
        engine.embed(["the thread lives on"]).result(GUARD)


def test_what_cannot_be_made_of_the_vectors_fails_its_request(
    engine: Engine, model: GatedModel
) -> None:
    model.open.set()
    with pytest.raises(ValueError, match="zero-size"):
        engine.classify(["text"], []).result(GUARD)
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
    taken = [occupy(engine, model), engine.embed(["first"]), engine.embed(["x" * 100])]
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
    model.open.set()
    for owner in model.threads:
        owner.join(GUARD)
        assert not owner.is_alive()
    assert model.runs == [["warm up"], ["running"]]


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


def test_a_queue_that_admits_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Engine(GatedModel, max_queue=0)
