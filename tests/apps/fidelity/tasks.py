"""asyncio, as programs use it: ``tasks.py WHAT``."""

import asyncio
import contextvars
import gc
import os
import signal
import sys
import warnings

order = contextvars.ContextVar("order", default=0)


async def work(number):
    await asyncio.sleep(0)
    return number


def gathered():
    async def main():
        print(await asyncio.gather(work(1), work(2)))
        coroutine = work(3)
        print(await asyncio.gather(coroutine, coroutine))
        print(await asyncio.wait_for(work(4), 1), [await each for each in asyncio.as_completed([work(5)])])

    asyncio.run(main())


def described():
    async def main():
        task = asyncio.create_task(work(1), name="one")
        print(task.get_name(), task.get_coro().__qualname__, len(task.get_stack()), type(task).__module__)
        task.print_stack()
        await task
        print(task.done(), task.get_stack(), asyncio.current_task().get_coro().__name__, len(asyncio.all_tasks()))

    asyncio.run(main())


def cancelled():
    async def forever():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("cancelled")
            raise

    async def main():
        task = asyncio.create_task(forever())
        early = asyncio.create_task(forever())
        early.cancel("early")
        await asyncio.sleep(0)
        task.cancel()
        for each in (task, early):
            try:
                await each
            except asyncio.CancelledError as error:
                print(repr(error))
        try:
            await asyncio.wait_for(forever(), 0.01)
        except asyncio.TimeoutError as error:
            print(type(error).__module__, repr(error))

    asyncio.run(main())


def never_awaited():
    warnings.simplefilter("always")
    work(1)
    gc.collect()


def left_pending():
    async def main():
        asyncio.create_task(asyncio.sleep(100), name="pending")
        asyncio.get_running_loop().call_soon(print, "soon")
        await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()


def variables():
    async def child():
        seen = order.get()
        order.set(seen + 1)
        return seen

    async def main():
        order.set(5)
        print(await asyncio.create_task(child()), order.get())
        print(await asyncio.gather(child(), child()), order.get(), len(contextvars.copy_context()))
        asyncio.get_running_loop().call_soon(lambda: print(order.get()))
        await asyncio.sleep(0)
        print(await asyncio.to_thread(order.get), await asyncio.get_running_loop().run_in_executor(None, order.get))

    asyncio.run(main())


def grouped():
    async def fail():
        raise LookupError("in the group")

    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(work(1))
            group.create_task(fail())

    asyncio.run(main())


def own_handler():
    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: print(sorted(context), context["message"]))
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(0.01)

    asyncio.run(main())


def own_factory():
    def make(loop, coroutine, **kwargs):
        print("made", coroutine.__qualname__, sorted(set(kwargs) - {"eager_start"}))
        return asyncio.Task(coroutine, loop=loop, **kwargs)

    async def main():
        asyncio.get_running_loop().set_task_factory(make)
        await asyncio.create_task(work(1), name="named")
        print(asyncio.get_running_loop().get_task_factory() is make)

    asyncio.run(main())


def own_task_class():
    class Task(asyncio.Task):
        pass

    async def main():
        asyncio.get_running_loop().set_task_factory(lambda loop, coroutine, **kwargs: Task(coroutine, loop=loop, **kwargs))
        print(type(asyncio.create_task(work(1))).__name__)

    asyncio.run(main())


def own_loop():
    class Loop(asyncio.SelectorEventLoop):
        def create_task(self, coroutine, **kwargs):
            print("create_task", coroutine.__qualname__)
            return super().create_task(coroutine, **kwargs)

        def call_soon(self, callback, *args, context=None):
            return super().call_soon(callback, *args, context=context)

    loop = Loop()
    print(loop.run_until_complete(work(1)))
    loop.close()


def generators():
    async def numbers():
        try:
            for number in range(3):
                yield number
        finally:
            print("closed")

    async def main():
        async for number in numbers():
            print(number)
            break

    asyncio.run(main())


def streams():
    async def serve(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        print(await reader.read())
        writer.close()
        server.close()
        await server.wait_closed()

    asyncio.run(main())


def children():
    async def main():
        child = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
        print(await child.communicate(b"through cat"), child.returncode)
        child = await asyncio.create_subprocess_shell("exit 3")
        print(await child.wait())

    asyncio.run(main())


def signals():
    async def main():
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, done.set)
        os.kill(os.getpid(), signal.SIGUSR1)
        await done.wait()
        print("handled", loop.remove_signal_handler(signal.SIGUSR1))

    asyncio.run(main())


def interrupted():
    async def main():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(10)
        finally:
            print("cleaned up")

    asyncio.run(main())


def runner():
    with asyncio.Runner(debug=True) as loop:
        print(loop.run(work(1)), loop.get_loop().get_debug())
        asyncio.run(work(2))


def twice():
    async def main():
        asyncio.run(work(1))

    print(asyncio.run(work(1)))
    asyncio.run(main())


def nothing_to_await():
    asyncio.run(5)


globals()[sys.argv[1]]()
