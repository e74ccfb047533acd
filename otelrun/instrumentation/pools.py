"""``multiprocessing.pool``: what a pool is given to do, it does in the context of the call that gave it. No spans.

So it is for callbacks, of every pool, and for the iterables that a pool reads by itself (``imap``). A pool's threads are started
in the context of its creator, which holds for the initializer only. How a context reaches a process is in ``pool_sending``.
"""

from __future__ import annotations

from otelrun.diagnostics import guarded
from otelrun.instrumentation.carried import leave, take
from otelrun.instrumentation.current import attach, current_context, detach
from otelrun.instrumentation.patching import without_frame
from otelrun.instrumentation.pool_sending import handle_tasks
from otelrun.instrumentation.side_table import SideTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from opentelemetry.context import Context

    from otelrun.instrumentation.patching import Ledger

NAME = "pools"
TARGETS = ("multiprocessing.pool",)
SCOPE = "otelrun.instrumentation.pools"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch the results, which are made where something is given to a pool, and where the pool takes it up."""
    from multiprocessing import pool  # noqa: PLC0415 - loaded by the program

    jobs = _Jobs()
    ledger.wrap(pool.ApplyResult, "__init__", lambda original: _init_of_result(original, jobs))
    ledger.wrap(pool.IMapIterator, "__init__", lambda original: _init_of_iterator(original, jobs))
    ledger.wrap(pool.ApplyResult, "_set", lambda original: _set(original, jobs))
    ledger.wrap(pool.MapResult, "_set", lambda original: _set_part(original, jobs))
    ledger.wrap(pool.Pool, "_guarded_task_generation", lambda original: _guarded_task_generation(original, jobs))
    ledger.wrap_member(pool.Pool, "_handle_tasks", lambda original: handle_tasks(original, jobs.by_number))
    ledger.wrap(pool, "worker", lambda original: _worker(original, jobs))


class _Jobs:
    """The contexts in which jobs were given to pools, as long as their results live.

    Attributes:
        by_number: number of a job → context.
    """

    __slots__ = ("_results", "by_number")

    def __init__(self) -> None:
        self.by_number: dict[int, Context] = {}
        self._results = SideTable(self._forget)

    def _forget(self, number: int) -> None:
        self.by_number.pop(number, None)

    def keep(self, result: Any) -> None:
        """Have the job of a result done in the current context."""
        context = current_context()
        if context is not None:
            with guarded(NAME):
                self.by_number[result._job] = context
                self._results.set(result, result._job)

    def take_up(self, number: int) -> None:
        """Have this thread of a pool work for a job."""
        with guarded(NAME):
            leave()
            context = self.by_number.get(number)
            if context is not None:
                take(context)


class _Finishing:
    """While a pool's thread calls back, it is in the context of the job."""

    __slots__ = ("_token",)

    def __init__(self, jobs: _Jobs, number: int) -> None:
        self._token: Any = None
        with guarded(NAME):
            leave()
            context = jobs.by_number.get(number)
            if context is not None:
                self._token = attach(context)

    def end(self) -> None:
        """Restore what was current before."""
        if self._token is not None:
            with guarded(NAME):
                detach(self._token)


def _init_of_result(original: Callable[..., None], jobs: _Jobs) -> Callable[..., None]:
    """Called in the thread that gives the job."""

    def __init__(self: Any, pool: Any, callback: Any, error_callback: Any) -> None:  # noqa: N807
        try:
            original(self, pool, callback, error_callback)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        jobs.keep(self)

    return __init__


def _init_of_iterator(original: Callable[..., None], jobs: _Jobs) -> Callable[..., None]:
    """As above."""

    def __init__(self: Any, pool: Any) -> None:  # noqa: N807
        try:
            original(self, pool)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        jobs.keep(self)

    return __init__


def _set(original: Callable[..., None], jobs: _Jobs) -> Callable[..., None]:
    """Called by the pool's thread that handles results; calls the callback."""

    def _set(self: Any, i: Any, obj: Any) -> None:
        done = _Finishing(jobs, self._job)
        try:
            original(self, i, obj)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            done.end()

    return _set


def _set_part(original: Callable[..., None], jobs: _Jobs) -> Callable[..., None]:
    """As above, for a part of what was mapped."""

    def _set(self: Any, i: Any, success_result: Any) -> None:
        done = _Finishing(jobs, self._job)
        try:
            original(self, i, success_result)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            done.end()

    return _set


def _guarded_task_generation(original: Callable[..., Iterator[Any]], jobs: _Jobs) -> Callable[..., Iterator[Any]]:
    """Runs in the pool's thread that hands out tasks, and reads the program's iterable there."""

    def _guarded_task_generation(self: Any, result_job: int, func: Any, iterable: Any) -> Iterator[Any]:
        jobs.take_up(result_job)
        try:
            yield from original(self, result_job, func, iterable)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            with guarded(NAME):
                leave()

    return _guarded_task_generation


def _worker(original: Callable[..., None], jobs: _Jobs) -> Callable[..., None]:
    def worker(
        inqueue: Any,
        outqueue: Any,
        initializer: Any = None,
        initargs: Any = (),
        maxtasks: Any = None,
        wrap_exception: Any = False,
    ) -> None:
        tasks = inqueue if hasattr(inqueue, "_writer") else _Tasks(inqueue, jobs)
        try:
            original(tasks, outqueue, initializer, initargs, maxtasks, wrap_exception)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return worker


class _Tasks:
    """The queue of tasks as a worker's thread sees it: between one ``get`` and the next it works for one job."""

    __slots__ = ("_jobs", "_queue")

    def __init__(self, queue: Any, jobs: _Jobs) -> None:
        self._queue = queue
        self._jobs = jobs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def get(self) -> Any:
        with guarded(NAME):
            leave()
        task = self._queue.get()
        if task is not None:
            self._jobs.take_up(task[0])
        return task
