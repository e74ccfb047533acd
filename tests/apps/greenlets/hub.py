"""What greenlets do besides switching: native threads beside them, a fork, a signal, a timeout, a kill, and code in the hub."""

from patching import LIBRARY, ORDER, patch_at

patch_at("first")

import logging
import os
import queue
import signal
import socket
import sys
import threading
import time

patch_at("after_imports")

from opentelemetry import metrics, trace

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
logger = logging.getLogger("hub")
tracer = trace.get_tracer("hub")
meter = metrics.get_meter("hub")
counter = meter.create_counter("steps")
observed = meter.create_observable_gauge("observed", [lambda options: [metrics.Observation(1)]])

if ORDER == "after_work":
    with tracer.start_as_current_span("before the patch"):
        logger.info("before the patch")
        counter.add(1)
    patch_at("after_work")


def step(name):
    with tracer.start_as_current_span(name):
        counter.add(1)


def many(name):
    for _ in range(100):
        step(name)
        time.sleep(0)


def in_gevent():
    import gevent
    from gevent import get_hub

    pool = get_hub().threadpool
    natives = [pool.spawn(many, "native") for _ in range(4)]
    greens = [gevent.spawn(many, "green") for _ in range(4)]
    gevent.joinall(greens)
    [native.get() for native in natives]
    get_hub().loop.run_callback(logger.info, "from the hub")
    get_hub().loop.run_callback(step, "from the hub")
    gevent.sleep(0.01)
    try:
        with gevent.Timeout(0.02), tracer.start_as_current_span("too long"):
            gevent.sleep(10)
    except gevent.Timeout as error:
        print("timeout", error)
    asleep = gevent.spawn(sleep_in_a_span, gevent.sleep)
    gevent.sleep(0.01)
    asleep.kill()
    print("killed", asleep.successful(), type(asleep.value).__name__)
    print("nothing left", gevent.wait(timeout=5))


def in_eventlet():
    import eventlet
    import eventlet.tpool

    greens = [eventlet.spawn(many, "green") for _ in range(4)]
    natives = [eventlet.spawn(eventlet.tpool.execute, many, "native") for _ in range(4)]
    [thread.wait() for thread in greens + natives]
    eventlet.spawn_after(0.001, logger.info, "from the hub")
    eventlet.spawn_after(0.001, step, "from the hub")
    eventlet.sleep(0.01)
    try:
        with eventlet.Timeout(0.02), tracer.start_as_current_span("too long"):
            eventlet.sleep(10)
    except eventlet.Timeout as error:
        print("timeout", error)
    asleep = eventlet.spawn(sleep_in_a_span, eventlet.sleep)
    eventlet.sleep(0.01)
    asleep.kill()
    try:
        asleep.wait()
    except eventlet.greenlet.GreenletExit as error:
        print("killed", type(error).__name__)
    eventlet.tpool.killall()


def sleep_in_a_span(sleep):
    with tracer.start_as_current_span("killed"):
        sleep(10)


in_gevent() if LIBRARY == "gevent" else in_eventlet()

arrived = queue.Queue()
signal.signal(signal.SIGUSR1, lambda number, frame: arrived.put(number))
os.kill(os.getpid(), signal.SIGUSR1)
print("signal", arrived.get(timeout=5) == signal.SIGUSR1)

local = threading.local()
local.value = "main"
other = threading.Thread(target=lambda: print("local", hasattr(local, "value")))
other.start()
other.join()
threading.Timer(0.01, step, ["timer"]).start()
time.sleep(0.05)

left, right = socket.socketpair()
sys.stdout.flush()
child = os.fork()
if child == 0:
    step("child")
    logger.info("in the child")
    left.sendall(b"from the child")
    sys.exit(3)
print(right.recv(64), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(threading.active_count(), type(threading.current_thread()).__name__)
