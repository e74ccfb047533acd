"""What an instrumented program that has nothing to record loads: nothing of OpenTelemetry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

PROGRAM = """
import importlib, sys
import _thread, asyncio, http.client, http.server, logging, queue, sched, threading
import multiprocessing.dummy, multiprocessing.pool, multiprocessing.queues, multiprocessing.synchronize
from concurrent.futures import ThreadPoolExecutor
from otelrun.instrumentation.patching import Ledger

before = set(sys.modules)
ledger = Ledger()
for name in (
    "http_client", "http_server", "threading", "futures", "asyncio", "logging",
    "asyncio_queue", "asyncio_tasks", "pools", "queue", "sched",
):
    importlib.import_module("otelrun.instrumentation." + name).apply(ledger, {})
thread = threading.Thread(target=int)
thread.start()
thread.join()
with ThreadPoolExecutor(1) as pool:
    pool.submit(int).result()
with multiprocessing.pool.ThreadPool(1) as pool:
    pool.apply(int)
items = queue.Queue()
_thread.start_new_thread(items.put, (1,))
items.get()
scheduler = sched.scheduler()
scheduler.enter(0, 1, int)
scheduler.run()
async def hand_over():
    items = asyncio.Queue()
    await items.put(1)
    await items.get()
asyncio.run(hand_over())
logging.getLogger("quiet").debug("not emitted")
http.client.HTTPConnection("127.0.0.1", 9).close()
print(sorted(name for name in set(sys.modules) - before if not name.startswith("otelrun")))
"""


def test_threads_pools_queues_tasks_quiet_logs_and_unused_connections_and_servers_load_nothing():
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, timeout=60, check=False, env={"PYTHONPATH": root}
    )
    assert (done.stdout, done.stderr, done.returncode) == (b"[]\n", b"", 0)


SERVER = """
import http.server, sys
from otelrun.instrumentation import http_server
from otelrun.instrumentation.patching import Ledger

http_server.apply(Ledger(), {})
before = "opentelemetry.metrics" in sys.modules
http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler).server_close()
print(before, "opentelemetry.metrics" in sys.modules)
"""


def test_what_spans_of_requests_need_is_loaded_when_a_server_is_made_and_not_with_its_first_request():
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", SERVER], capture_output=True, timeout=60, check=False, env={"PYTHONPATH": root}
    )
    assert (done.stdout, done.stderr, done.returncode) == (b"False True\n", b"", 0)
