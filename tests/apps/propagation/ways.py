"""The ways on which work goes elsewhere inside one process. Each is given ``work`` and has it called, once per step.

    WAYS["Thread"](work)    # in the thread of a request; returns when the work is done or, where it says so, before

``work(step)`` makes an HTTP request. Ways whose function is a coroutine function run in an event loop. What serves many
requests (pools, consumers) is made by the first of them and lives on; afterwards.py looks at what those are left with.
"""

import _thread
import asyncio
import concurrent.futures
import contextvars
import functools
import multiprocessing.pool
import queue
import sched
import threading
import time

DEADLINE_S = 20


def once(make):
    """Make it for who asks first; others wait for it."""
    cached, lock = functools.cache(make), threading.RLock()

    @functools.wraps(make)
    def get(*args):
        with lock:
            return cached(*args)

    return get


def done_in(start):
    """Call ``start`` with what is to be called at the end of the work; wait for that."""
    done = threading.Event()
    start(done.set)
    assert done.wait(DEADLINE_S)


# Threads


def direct(work):
    work("call")


def thread(work):
    started = threading.Thread(target=work, args=("run",))
    started.start()
    started.join(DEADLINE_S)


def thread_subclass(work):
    class Own(threading.Thread):
        def run(self):
            work("run")

    started = Own()
    started.start()
    started.join(DEADLINE_S)


def thread_in_thread(work):
    thread(lambda _: thread(work))


def thread_that_outlives(work):
    """Works when the request is over."""

    def late():
        time.sleep(0.1)
        work("late")

    threading.Thread(target=late).start()


def timer(work):
    started = threading.Timer(0.01, work, ["function"])
    started.start()
    started.join(DEADLINE_S)


def low_level_thread(work):
    done_in(lambda done: _thread.start_new_thread(lambda: (work("function"), done()), ()))


# concurrent.futures


@once
def executor():
    return concurrent.futures.ThreadPoolExecutor(4)


def submit(work):
    executor().submit(work, "submit").result(DEADLINE_S)


def executor_map(work):
    list(executor().map(work, ["map 1", "map 2", "map 3"]))


def initializer(work):
    with concurrent.futures.ThreadPoolExecutor(1, initializer=work, initargs=("initializer",)) as pool:
        pool.submit(int).result(DEADLINE_S)


def done_callback(work):
    """Called by the worker."""

    def start(done):
        go_on = threading.Event()
        future = executor().submit(go_on.wait, DEADLINE_S)
        future.add_done_callback(lambda _: (work("callback"), done()))
        go_on.set()

    done_in(start)


def late_done_callback(work):
    """Called at once, in the thread that adds it."""
    future = executor().submit(int)
    future.result(DEADLINE_S)
    future.add_done_callback(lambda _: work("callback"))


# multiprocessing.pool


@once
def thread_pool():
    return multiprocessing.pool.ThreadPool(4)


def pool_apply(work):
    thread_pool().apply(work, ("apply",))


def pool_apply_async(work):
    thread_pool().apply_async(work, ("apply_async",)).get(DEADLINE_S)


def pool_callback(work):
    done_in(lambda done: thread_pool().apply_async(int, callback=lambda _: (work("callback"), done())))


def pool_error_callback(work):
    done_in(lambda done: thread_pool().apply_async(int, ["x"], error_callback=lambda _: (work("callback"), done())))


def pool_map(work):
    thread_pool().map(work, ["map 1", "map 2", "map 3"])


def pool_starmap(work):
    thread_pool().starmap(work, [("starmap 1",), ("starmap 2",)])


def pool_imap(work):
    def steps():
        work("iterable")
        yield "imap 1"
        yield "imap 2"

    list(thread_pool().imap(work, steps()))


def pool_imap_unordered(work):
    list(thread_pool().imap_unordered(work, ["imap_unordered 1", "imap_unordered 2", "imap_unordered 3"]))


# Queues


class Job:
    """Can be compared, as a priority queue wants it."""

    def __init__(self, function):
        self.function = function
        self.done = threading.Event()

    def __lt__(self, other):
        return id(self) < id(other)


def consume(items):
    while (job := items.get()) is not None:
        job.function()
        items.task_done()
        job.done.set()


@once
def served(kind):
    """Give a queue with two consumers, which are started in the middle of the first request."""
    items = kind()
    for _ in range(2):
        threading.Thread(target=consume, args=(items,), daemon=True).start()
    return items


def hand_over(kind, function):
    job = Job(function)
    served(kind).put(job)
    assert job.done.wait(DEADLINE_S)


def through(kind):
    return lambda work: hand_over(kind, lambda: work("item"))


@once
def served_by_job():
    """Give a queue whose consumer is a job of an executor, which the first request submits."""
    items, pool = queue.Queue(), concurrent.futures.ThreadPoolExecutor(1)
    pool.submit(consume, items)
    return items


def through_job(work):
    job = Job(lambda: work("item"))
    served_by_job().put(job)
    assert job.done.wait(DEADLINE_S)


def answered(work):
    """The request gets an answer from a queue, put by somebody who is in a request, too, and goes on."""
    answers = queue.Queue()
    hand_over(queue.Queue, lambda: answers.put("answer"))
    answers.get(timeout=DEADLINE_S)
    work("after the answer")


# sched


@once
def scheduler():
    made = sched.scheduler(time.monotonic, time.sleep)

    def run():
        while True:
            made.run()
            time.sleep(0.005)

    threading.Thread(target=run, daemon=True).start()
    return made


def scheduled(work):
    done_in(lambda done: scheduler().enter(0.01, 1, lambda: (work("action"), done())))


# contextvars


def copied_context(work):
    contextvars.copy_context().run(work, "run")


def copied_context_in_thread(work):
    """The context wins over the one the thread was started in."""
    copied = contextvars.copy_context()
    hand_over(queue.Queue, lambda: thread(lambda _: copied.run(work, "run")))


# asyncio


async def awaited(work, step="coroutine"):
    await asyncio.sleep(0)
    work(step)


async def create_task(work):
    await asyncio.create_task(awaited(work))


async def gather(work):
    await asyncio.gather(awaited(work, "first"), awaited(work, "second"))


async def task_group(work):
    if not hasattr(asyncio, "TaskGroup"):  # new in 3.11
        return await gather(work)
    async with asyncio.TaskGroup() as group:
        group.create_task(awaited(work, "first"))
        group.create_task(awaited(work, "second"))


async def wait_for(work):
    await asyncio.wait_for(awaited(work), DEADLINE_S)


async def shield(work):
    await asyncio.shield(awaited(work))


async def to_thread(work):
    await asyncio.to_thread(work, "to_thread")


async def run_in_executor(work):
    await asyncio.get_running_loop().run_in_executor(executor(), work, "run_in_executor")


async def called(call):
    """Wait until what ``call`` is given has been called."""
    done = asyncio.get_running_loop().create_future()
    call(lambda: done.set_result(None))
    await asyncio.wait_for(done, DEADLINE_S)


async def call_soon(work):
    loop = asyncio.get_running_loop()
    await called(lambda done: loop.call_soon(lambda: (work("callback"), done())))


async def call_later(work):
    loop = asyncio.get_running_loop()
    await called(lambda done: loop.call_later(0.01, lambda: (work("callback"), done())))


async def call_soon_threadsafe(work):
    """From a thread of the request."""
    loop = asyncio.get_running_loop()
    await called(
        lambda done: threading.Thread(
            target=loop.call_soon_threadsafe, args=(lambda: (work("callback"), done()),)
        ).start()
    )


async def add_done_callback(work):
    def start(done):
        task = asyncio.ensure_future(asyncio.sleep(0))
        task.add_done_callback(lambda _: (work("callback"), done()))

    await called(start)


async def async_generator_closed_early(work):
    """The generator holds a span of the program's across ``yield``, and is closed somewhere else."""
    from opentelemetry import trace

    async def numbers():
        with trace.get_tracer("ways").start_as_current_span("held"):
            work("inside")
            yield 1
            yield 2

    async for _ in numbers():
        break
    await asyncio.sleep(0.01)
    work("after")


@once
def background_loop():
    """Give an event loop in a thread of its own, started in the middle of the first request."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def run_coroutine_threadsafe(work):
    asyncio.run_coroutine_threadsafe(awaited(work), background_loop()).result(DEADLINE_S)


@once
def served_by_task(kind):
    """Give an asyncio queue with a consumer, a task that is started in the middle of the first request."""

    async def consume_in_task(items):
        while True:
            job = await items.get()
            job.function()
            items.task_done()
            job.done.set()

    async def make():
        items = kind()
        items.consumer = asyncio.create_task(consume_in_task(items))
        return items

    return asyncio.run_coroutine_threadsafe(make(), background_loop()).result(DEADLINE_S)


def hand_over_to_task(kind, function):
    items, job = served_by_task(kind), Job(function)
    background_loop().call_soon_threadsafe(items.put_nowait, job)
    assert job.done.wait(DEADLINE_S)


def through_task(kind):
    return lambda work: hand_over_to_task(kind, lambda: work("item"))


async def task_of_the_request(work):
    """A queue and its consumer that are one request's."""
    items = asyncio.Queue()

    async def consume_one():
        await items.get()
        work("item")

    consumer = asyncio.create_task(consume_one())
    await items.put("item")
    await consumer


WAYS = {
    "a call": direct,
    "`Thread`": thread,
    "`Thread` subclass with its own `run`": thread_subclass,
    "`Thread` started by a `Thread`": thread_in_thread,
    "`Thread` that outlives the request": thread_that_outlives,
    "`Timer`": timer,
    "`_thread.start_new_thread`": low_level_thread,
    "`ThreadPoolExecutor.submit`": submit,
    "`ThreadPoolExecutor.map`": executor_map,
    "`ThreadPoolExecutor(initializer=)`": initializer,
    "`Future.add_done_callback`, called by the worker": done_callback,
    "`Future.add_done_callback`, called at once": late_done_callback,
    "`ThreadPool.apply`": pool_apply,
    "`ThreadPool.apply_async`": pool_apply_async,
    "`ThreadPool.apply_async(callback=)`": pool_callback,
    "`ThreadPool.apply_async(error_callback=)`": pool_error_callback,
    "`ThreadPool.map`": pool_map,
    "`ThreadPool.starmap`": pool_starmap,
    "`ThreadPool.imap`, and its iterable": pool_imap,
    "`ThreadPool.imap_unordered`": pool_imap_unordered,
    "`queue.Queue`, long-lived consumers": through(queue.Queue),
    "`queue.LifoQueue`, long-lived consumers": through(queue.LifoQueue),
    "`queue.PriorityQueue`, long-lived consumers": through(queue.PriorityQueue),
    "`queue.Queue`, long-lived consumer that is a job of an executor": through_job,
    "after an answer from a `queue.Queue`": answered,
    "`sched.scheduler`": scheduled,
    "`contextvars.copy_context().run`": copied_context,
    "`contextvars.copy_context().run` in a thread": copied_context_in_thread,
    "`await`": awaited,
    "`asyncio.create_task`": create_task,
    "`asyncio.gather`": gather,
    "`asyncio.TaskGroup`": task_group,
    "`asyncio.wait_for`": wait_for,
    "`asyncio.shield`": shield,
    "`asyncio.to_thread`": to_thread,
    "`loop.run_in_executor`": run_in_executor,
    "`loop.call_soon`": call_soon,
    "`loop.call_later`": call_later,
    "`loop.call_soon_threadsafe`": call_soon_threadsafe,
    "`asyncio.run_coroutine_threadsafe`": run_coroutine_threadsafe,
    "`Task.add_done_callback`": add_done_callback,
    "`asyncio.Queue`, long-lived consumer": through_task(asyncio.Queue),
    "`asyncio.LifoQueue`, long-lived consumer": through_task(asyncio.LifoQueue),
    "`asyncio.PriorityQueue`, long-lived consumer": through_task(asyncio.PriorityQueue),
    "`asyncio.Queue` inside one request": task_of_the_request,
    "async generator closed early": async_generator_closed_early,
}
"""What the page calls a way → its function. Ways across processes are to be added here too."""


def do(way, work):
    """Go one way, from a thread that runs no event loop."""
    function = WAYS[way]
    if asyncio.iscoroutinefunction(function):
        asyncio.run(function(work))
    else:
        function(work)


async def do_in_loop(way, work):
    """Go one way, from a task."""
    function = WAYS[way]
    if asyncio.iscoroutinefunction(function):
        await function(work)
    else:
        function(work)
