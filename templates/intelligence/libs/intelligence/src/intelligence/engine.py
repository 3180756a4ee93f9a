"""One model, the threads that own it (one, if it runs in the process), one bounded queue in front.

An idle model never waits for company: whatever queued during a run is the next batch, as far as the
model merges requests. They are taken in order, and a full queue refuses at the door instead of
growing.

Results are `concurrent.futures.Future`s: a synchronous caller waits with `result()`, an
asynchronous one with `asyncio.wrap_future`. Requests that were cancelled (`Future.cancel()`) or
whose deadline passed while they waited are never run.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Thread
from time import monotonic
from typing import Any

from intelligence.classification import classify, sentences
from intelligence.errors import Expired, InferenceFailed, IntelligenceError, NotReady, Overloaded
from intelligence.ports import Classifications, Embedder, Embeddings, Ranking, embed
from intelligence.ranking import rank


def _succeed[T](future: Future[T], result: T) -> None:
    with suppress(InvalidStateError):  # `close` gave up on it
        future.set_result(result)


def _fail(future: Future[Any], error: BaseException) -> None:
    with suppress(InvalidStateError):  # it was cancelled, or `close` gave up on it
        future.set_exception(error)


@dataclass(frozen=True, slots=True, eq=False)
class _Job[T]:
    """A request: its texts, what to make of their vectors, and the future that its caller holds."""

    texts: Sequence[str]
    conclude: Callable[[Embeddings], T]
    deadline: float  # on `monotonic`'s clock
    future: Future[T] = field(default_factory=Future)

    @property
    def characters(self) -> int:
        return sum(map(len, self.texts))

    def finish(self, embeddings: Embeddings) -> None:
        try:
            result = self.conclude(embeddings)
        except BaseException as error:  # noqa: BLE001 - it is the caller's; the thread lives on
            _fail(self.future, error)
        else:
            _succeed(self.future, result)


class Engine:
    """Runs one model for many callers. Its methods may be called from any thread.

    Args:
        load: opens the model; called once, in the first of the threads that own it.
        max_queue: how many requests may wait, at least 1.
        timeout: seconds that a request may wait.
        concurrency: how many runs may go on at a time where the model would take more.

    Attributes:
        max_queue, timeout: as given.
        batches: how many runs there were since the warm-up.
        batched: how many requests they served; by `batches`, the mean size of a batch.
    """

    def __init__(
        self,
        load: Callable[[], Embedder[Any]],
        *,
        max_queue: int = 256,
        timeout: float = 30,
        concurrency: int = 64,
    ) -> None:
        if max_queue < 1:
            raise ValueError("max_queue must be at least 1")
        self.timeout = timeout
        self.batches = 0
        self.batched = 0
        self._load = load
        self.max_queue = max_queue
        self._concurrency = concurrency
        self._embedder: Embedder[Any] | None = None  # there from the warm-up's end until `close`
        self._started: Future[None] = Future()
        self._threads: list[Thread] = []
        self._waiting: deque[_Job[Any]] = deque()
        self._running: set[_Job[Any]] = set()
        self._closed = False
        self._changed = Condition()  # guards all of these; notified of new work and of the closing

    def start(self) -> Future[None]:
        """Loads the model and warms it up. The future raises what `load` or the warm-up raised."""
        with self._changed:
            if self._threads or self._closed:
                raise RuntimeError("an engine is started once")
            self._started.set_running_or_notify_cancel()
            self._spawn(self._warm_up)
        return self._started

    @property
    def ready(self) -> bool:
        """True from the end of the warm-up until `close`."""
        return self._embedder is not None

    @property
    def queue_depth(self) -> int:
        """How many requests wait; those that run do not count. One that was cancelled does until a
        run ends."""
        return len(self._waiting)

    @property
    def model(self) -> str:
        """The model's name. Raises NotReady."""
        return self._warm().model

    @property
    def dimensions(self) -> int:
        """The length of a vector. Raises NotReady."""
        return self._warm().dimensions

    def count(self, texts: Sequence[str]) -> int:
        """How many tokens the model would read; 0 where only a run can tell.

        It is computed in the caller's thread. Raises NotReady and InputTooLarge.
        """
        tokens: int = self._warm().prepare(texts).tokens
        return tokens

    def admit(self) -> None:
        """Raises Overloaded if the queue is full, so that an edge can refuse before it reads."""
        if len(self._waiting) >= self.max_queue:
            raise Overloaded(f"{self.max_queue} requests are waiting")

    def embed(self, texts: Sequence[str]) -> Future[Embeddings]:
        """One vector a text.

        Like `classify` and `rank` it raises NotReady or Overloaded at once. The future raises
        InputTooLarge or Expired (nothing ran), InferenceFailed, or NotReady if `close` was quicker.
        """
        return self._submit(texts, lambda embeddings: embeddings)

    def classify(self, texts: Sequence[str], labels: Sequence[str]) -> Future[Classifications]:
        """Which of the labels each text is about, without training.

        In an InputTooLarge the labels' positions follow the texts'.
        """
        return self._submit(sentences(texts, labels), lambda found: classify(found, len(texts)))

    def rank(self, query: str, documents: Sequence[str], top_k: int) -> Future[Ranking]:
        """The `top_k` documents nearest in meaning to the query.

        In an InputTooLarge position 0 is the query, the documents follow.
        """
        return self._submit([query, *documents], lambda embeddings: rank(embeddings, top_k))

    def close(self, timeout: float) -> None:
        """Admits nothing more and finishes what was admitted.

        After `timeout` seconds what still waits or runs fails with NotReady. A run cannot be
        interrupted: its thread ends behind it, and does not keep the process alive.
        """
        deadline = monotonic() + timeout
        with self._changed:
            self._closed = True
            self._embedder = None
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))
        with self._changed:
            left = [*self._running, *self._waiting]
            self._waiting.clear()
        for future in (self._started, *(job.future for job in left)):
            _fail(future, NotReady("the engine was closed"))

    def _submit[T](self, texts: Sequence[str], conclude: Callable[[Embeddings], T]) -> Future[T]:
        job = _Job(texts, conclude, monotonic() + self.timeout)
        with self._changed:
            self._warm()
            self.admit()
            self._waiting.append(job)
            self._changed.notify()
        return job.future

    def _warm(self) -> Embedder[Any]:
        embedder = self._embedder
        if embedder is None:
            raise NotReady("the engine was closed" if self._closed else "the model is not warm yet")
        return embedder

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = Thread(target=target, args=arguments, name="inference", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _warm_up(self) -> None:
        try:
            embedder = self._load()
            embed(embedder, ["warm up"])
        except BaseException as error:  # noqa: BLE001 - it is the starter's
            _fail(self._started, error)
            return
        with self._changed:
            if self._closed:
                return
            self._embedder = embedder
            for _ in range(1, min(embedder.concurrency, self._concurrency)):
                self._spawn(self._own, embedder)
        _succeed(self._started, None)
        self._own(embedder)

    def _own(self, embedder: Embedder[Any]) -> None:
        while batch := self._take(embedder.batch_characters):
            self._run(embedder, batch)
            with self._changed:
                self._running.difference_update(batch)

    def _take(self, room: int) -> list[_Job[Any]]:
        """Waits for the next batch; an empty one means that the engine is closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                batch = self._gather(room)
                if batch or self._closed:
                    self._running.update(batch)
                    return batch

    def _gather(self, room: int) -> list[_Job[Any]]:
        """What waits and is still wanted: one request, and more while they fit into the room."""
        batch: list[_Job[Any]] = []
        while self._waiting and (not batch or self._waiting[0].characters <= room):
            job = self._waiting.popleft()
            if not job.future.set_running_or_notify_cancel():
                continue
            if job.deadline <= monotonic():
                _fail(job.future, Expired(self.timeout))
                continue
            batch.append(job)
            room -= job.characters
        return batch

    def _run(self, embedder: Embedder[Any], batch: Sequence[_Job[Any]]) -> None:
        jobs, requests = [], []
        for job in batch:
            try:
                requests.append(embedder.prepare(job.texts))
            except BaseException as error:  # noqa: BLE001 - it is the caller's; the thread lives on
                _fail(job.future, error)
            else:
                jobs.append(job)
        if not jobs:
            return
        with self._changed:
            self.batches += 1
            self.batched += len(jobs)
        try:
            results = list(zip(jobs, embedder.run(requests), strict=True))
        except BaseException as error:  # noqa: BLE001 - as above
            for job, request in zip(jobs, requests, strict=True):
                failure = InferenceFailed(request.tokens)
                failure.__cause__ = error
                _fail(job.future, error if isinstance(error, IntelligenceError) else failure)
        else:
            for job, embeddings in results:
                job.finish(embeddings)
