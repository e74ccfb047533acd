"""What an instrumented program that has nothing to record loads: nothing of OpenTelemetry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

PROGRAM = """
import importlib, sys
import asyncio, http.client, logging, threading
from concurrent.futures import ThreadPoolExecutor
from otelrun.instrumentation.patching import Ledger

before = set(sys.modules)
ledger = Ledger()
for name in ("http_client", "threading", "futures", "asyncio", "logging"):
    importlib.import_module("otelrun.instrumentation." + name).apply(ledger, {})
thread = threading.Thread(target=int)
thread.start()
thread.join()
with ThreadPoolExecutor(1) as pool:
    pool.submit(int).result()
asyncio.run(asyncio.sleep(0))
logging.getLogger("quiet").debug("not emitted")
http.client.HTTPConnection("127.0.0.1", 9).close()
print(sorted(name for name in set(sys.modules) - before if not name.startswith("otelrun")))
"""


def test_threads_pools_tasks_quiet_logs_and_unused_connections_load_nothing():
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, timeout=60, check=False, env={"PYTHONPATH": root}
    )
    assert (done.stdout, done.stderr, done.returncode) == (b"[]\n", b"", 0)
