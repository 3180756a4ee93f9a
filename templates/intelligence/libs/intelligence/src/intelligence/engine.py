"""One model, one thread that owns it, one bounded queue in front.

A second run beside the first would only share its cores, so requests wait in order, and a full
queue refuses at the door instead of growing. Results are `concurrent.futures.Future`s: a
synchronous caller waits with `result()`, an asynchronous one with `asyncio.wrap_future`.
`Future.cancel()` before the run skips the run.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from threading import Lock, Thread
from time import monotonic
from typing import Any

from intelligence.classification import classify
from intelligence.errors import NotReady, Overloaded
from intelligence.ports import Classifications, Embedder, Embeddings, Ranking
from intelligence.ranking import rank


@dataclass(frozen=True, slots=True)
class _Job[T]:
    """A piece of work and the future that its caller holds."""

    work: Callable[[], T]
    future: Future[T] = field(default_factory=Future)

    def run(self) -> None:
        try:
            result = self.work()
        except BaseException as error:  # noqa: BLE001 - it is the caller's; the owner lives on
            self.fail(error)
        else:
            with suppress(InvalidStateError):  # `close` gave up on it
                self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        with suppress(InvalidStateError):
            self.future.set_exception(error)

    def abandon(self) -> None:
        self.fail(NotReady("the engine was closed"))


class Engine:
    """Runs one model for many callers. Its methods may be called from any thread.

    Args:
        load: opens the model; called once, in the owner thread.
        max_queue: how many requests may wait, at least 1.
    """

    def __init__(self, load: Callable[[], Embedder], *, max_queue: int = 256) -> None:
        if max_queue < 1:  # for `Queue` it would mean: without bound
            raise ValueError("max_queue must be at least 1")
        self._load = load
        self._queue: Queue[_Job[Any] | None] = Queue(max_queue)
        self._owner: Thread | None = None
        self._embedder: Embedder | None = None  # there from the end of the warm-up until `close`
        self._running: _Job[Any] | None = None
        self._closed = False
        self._abandoned = False
        self._lock = Lock()  # nothing is admitted behind the closing mark

    def start(self) -> Future[None]:
        """Loads the model and warms it up. The future raises what `load` or the warm-up raised."""
        warm_up = _Job(self._warm_up)
        with self._lock:
            if self._owner is not None or self._closed:
                raise RuntimeError("an engine is started once")
            self._owner = Thread(target=self._own, args=(warm_up,), name="inference", daemon=True)
            self._owner.start()
        return warm_up.future

    @property
    def ready(self) -> bool:
        """True from the end of the warm-up until `close`."""
        return self._embedder is not None

    @property
    def queue_depth(self) -> int:
        """How many requests wait; the one that runs does not count."""
        return self._queue.qsize()

    @property
    def model(self) -> str:
        """The model's name. Raises NotReady."""
        return self._warm().model

    @property
    def dimensions(self) -> int:
        """The length of a vector. Raises NotReady."""
        return self._warm().dimensions

    def embed(self, texts: Sequence[str]) -> Future[Embeddings]:
        """One vector a text.

        Like `classify` and `rank` it raises NotReady or Overloaded at once; the future raises
        InputTooLarge (nothing ran), InferenceFailed, or NotReady if `close` was quicker.
        """
        return self._submit(lambda embedder: embedder.embed(texts))

    def classify(self, texts: Sequence[str], labels: Sequence[str]) -> Future[Classifications]:
        """Which of the labels each text is about, without training."""
        return self._submit(lambda embedder: classify(embedder, texts, labels))

    def rank(self, query: str, documents: Sequence[str], top_k: int) -> Future[Ranking]:
        """The `top_k` documents nearest in meaning to the query."""
        return self._submit(lambda embedder: rank(embedder, query, documents, top_k))

    def close(self, timeout: float) -> None:
        """Admits nothing more and finishes what was admitted.

        After `timeout` seconds what still waits or runs fails with NotReady. A run cannot be
        interrupted: the owner thread ends behind it, and does not keep the process alive.
        """
        deadline = monotonic() + timeout
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._embedder = None
        if self._owner is None:
            return
        with suppress(Full):
            self._queue.put(None, timeout=timeout)
        self._owner.join(max(0.0, deadline - monotonic()))
        self._abandoned = True
        with suppress(Empty):
            while True:
                waiting = self._queue.get_nowait()
                if waiting is not None and waiting.future.set_running_or_notify_cancel():
                    waiting.abandon()
        self._queue.put_nowait(None)
        if (running := self._running) is not None:
            running.abandon()

    def _submit[T](self, work: Callable[[Embedder], T]) -> Future[T]:
        with self._lock:
            embedder = self._warm()
            job = _Job(lambda: work(embedder))
            try:
                self._queue.put_nowait(job)
            except Full:
                raise Overloaded(f"{self._queue.maxsize} requests are waiting") from None
        return job.future

    def _warm(self) -> Embedder:
        embedder = self._embedder
        if embedder is None:
            raise NotReady("the engine was closed" if self._closed else "the model is not warm yet")
        return embedder

    def _warm_up(self) -> None:
        embedder = self._load()
        embedder.embed(["warm up"])
        with self._lock:
            if not self._closed:
                self._embedder = embedder

    def _own(self, warm_up: _Job[None]) -> None:
        job: _Job[Any] | None = warm_up
        while job is not None:
            if job.future.set_running_or_notify_cancel():
                self._running = job
                if self._abandoned:  # read after setting `_running`; `close` does the reverse
                    job.abandon()
                else:
                    job.run()
                self._running = None
            job = self._queue.get()
