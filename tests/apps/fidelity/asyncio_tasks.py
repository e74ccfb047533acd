"""Tasks, names, contexts, cancellation, executors, call_soon and an exception that nobody retrieves."""

import asyncio
import contextvars
import gc

colour = contextvars.ContextVar("colour", default="none")


async def child(name):
    await asyncio.sleep(0)
    return name, colour.get(), asyncio.current_task().get_name()


async def failing():
    raise ValueError("nobody asks")


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: print("handler:", context["message"], repr(context.get("exception"))))
    colour.set("red")
    print(await asyncio.gather(*(asyncio.create_task(child(i), name=f"t{i}") for i in range(3))))
    print(await loop.run_in_executor(None, colour.get), await asyncio.to_thread(colour.get))
    order = []
    loop.call_soon(order.append, "soon")
    loop.call_later(0.01, order.append, "later")
    asyncio.ensure_future(failing())
    await asyncio.sleep(0.05)
    print(order)
    gc.collect()
    try:
        await asyncio.wait_for(asyncio.sleep(5), 0.01)
    except asyncio.TimeoutError as error:
        print(type(error).__name__)
    task = asyncio.create_task(asyncio.sleep(5))
    await asyncio.sleep(0)
    task.cancel()
    print((await asyncio.gather(task, return_exceptions=True))[0].__class__.__name__)


asyncio.run(main())
