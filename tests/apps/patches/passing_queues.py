"""As passing.py, for queues, ``sched``, ``multiprocessing.pool`` and ``_thread``, all in the middle of a request."""

from __future__ import annotations

import _thread
import asyncio
import json
import multiprocessing.pool
import queue
import sched
import sys
import threading

from passing import KINDS, Handler, Request, look, make, note, noting, passed, stacks


class Ordered:
    """An item of a priority queue that cannot be compared."""

    error = None

    def __lt__(self, other):
        if self.error is not None:
            look("item compared")
            raise self.error
        return False


def queues():
    class Own(queue.Queue):
        error = None

        def _put(self, item):
            look("queue _put")
            if self.error is not None:
                raise self.error
            super()._put(item)

        def _get(self):
            look("queue _get")
            if self.error is not None:
                raise self.error
            return super()._get()

    for kind in KINDS:
        items = queue.PriorityQueue()
        first, second = Ordered(), Ordered()
        items.put(first)
        first.error = second.error = make(kind)
        with noting(f"queue put {kind.__name__}", first.error):
            items.put(second)
        error, first.error, second.error = first.error, None, None
        while len(items.queue) < 4:
            items.put(Ordered())
        for item in items.queue:
            item.error = error
        with noting(f"queue get {kind.__name__}", error):
            items.get()
        items = Own()
        items.put(1)
        items.error = make(kind)
        with noting(f"queue _put {kind.__name__}", items.error):
            items.put(2)
        with noting(f"queue _get {kind.__name__}", items.error):
            items.get()
        items.error = None
        passed[f"queue after {kind.__name__}"] = items.get()
    items = queue.Queue(1)
    items.put(1)
    for name, args in (
        ("put", (2, False)),
        ("put", (2, True, 0.001)),
        ("put_nowait", (2,)),
        ("put", ()),
        ("get", (False, 1, 2)),
        ("get", (True, -1)),
        ("get", ()),
        ("get", (False,)),
        ("get_nowait", ()),
        ("get", (True, 0.001)),
        ("task_done", ()),
        ("task_done", ()),
        ("task_done", (1,)),
        ("_get", ()),
        ("_put", ()),
    ):
        with noting(f"queue {name}{args}"):
            passed[f"queue {name}{args} gives"] = repr(getattr(items, name)(*args))


def asyncio_queues():
    class Own(asyncio.Queue):
        error = None

        def _put(self, item):
            look("asyncio queue _put")
            if self.error is not None:
                raise self.error
            super()._put(item)

        def _get(self):
            look("asyncio queue _get")
            if self.error is not None:
                raise self.error
            return super()._get()

    async def main():
        for kind in KINDS:
            items = Own()
            await items.put(1)
            items.error = make(kind)
            for name, args in (("put", (2,)), ("put_nowait", (2,)), ("get", ()), ("get_nowait", ())):
                with noting(f"asyncio queue {name} {kind.__name__}", items.error):
                    done = getattr(items, name)(*args)
                    if done is not None:
                        await done
            items.error = None
            passed[f"asyncio queue after {kind.__name__}"] = await items.get()
        items = asyncio.Queue(1)
        with noting("asyncio queue timeout"):
            await asyncio.wait_for(items.get(), 0.001)
        getting = asyncio.ensure_future(items.get())
        await asyncio.sleep(0)
        passed["asyncio queue stack"] = [frame.f_code.co_name for frame in getting.get_stack()]
        getting.cancel()
        with noting("asyncio queue cancelled"):
            await getting
        with noting("asyncio queue empty"):
            items.get_nowait()
        await items.put(1)
        with noting("asyncio queue full"):
            items.put_nowait(1)
        for name, args in (("get", (1,)), ("get_nowait", (1,)), ("task_done", ()), ("task_done", ()), ("_put", ())):
            with noting(f"asyncio queue {name}{args}"):
                getattr(items, name)(*args)
        coroutine = items.get()
        passed["asyncio queue coroutine"] = [coroutine.__name__, coroutine.__qualname__]
        coroutine.close()

    asyncio.run(main())


def schedulers():
    def act(error):
        look("sched action")
        raise error

    scheduler = sched.scheduler()
    for kind in KINDS:
        error = make(kind)
        event = scheduler.enter(0, 1, act, (error,))
        passed[f"sched event {kind.__name__}"] = [event.action is act, scheduler.queue == [event], event._fields]
        with noting(f"sched action {kind.__name__}", error):
            scheduler.run()
    with noting("sched action called wrongly"):
        scheduler.enter(0, 1, act, (1, 2), {"three": 3})
        scheduler.run()
    for name, args in (("enter", ()), ("enterabs", (1, 2, 3, 4, 5, 6)), ("run", (1, 2)), ("run", (False,))):
        with noting(f"sched {name}{args}"):
            passed[f"sched {name}{args} gives"] = repr(getattr(scheduler, name)(*args))


def pools():
    def job(error):
        look("pool job")
        raise error

    def callback(error):
        look("pool callback")
        called.set()

    def steps(error):
        look("pool iterable")
        yield 1
        raise error

    with multiprocessing.pool.ThreadPool(1) as pool:
        for kind in (kind for kind in KINDS if issubclass(kind, Exception)):
            error, called = make(kind), threading.Event()
            with noting(f"pool job {kind.__name__}", error):
                pool.apply(job, (error,))
            with noting(f"pool map {kind.__name__}"):
                pool.map(job, [make(kind)])
            pool.apply_async(job, (make(kind),), error_callback=callback)
            called.wait()
            with noting(f"pool iterable {kind.__name__}"):
                list(pool.imap(int, steps(make(kind))))
        with noting("pool called wrongly"):
            pool.apply(int, (1, 2, 3))
        with noting("pool apply"):
            pool.apply()
    with noting("pool closed"):
        pool.apply(int)


def low_level():
    def target(error):
        look("low level target")
        raise error

    def kept(unraisable):
        error = unraisable.exc_value
        note(f"low level target {type(error).__name__}", error)
        passed[f"low level {type(error).__name__}"] = [unraisable.object is target or repr(unraisable.object) == repr(target)]
        ended.set()

    sys.unraisablehook = kept
    for kind in KINDS:
        if kind is not SystemExit:
            ended = threading.Event()
            _thread.start_new_thread(target, (make(kind),))
            ended.wait()
    for args in ((), (1, ()), (int,), (int, 1), (int, (), 1)):
        with noting(f"low level {args}"):
            _thread.start_new_thread(*args)


class InRequest(Handler):
    def do_GET(self):
        for part in (queues, asyncio_queues, schedulers, pools, low_level):
            part()


if __name__ == "__main__":
    InRequest(Request(), ("127.0.0.1", 1), None)
    print(json.dumps({"passed": passed, "stacks": stacks}))
