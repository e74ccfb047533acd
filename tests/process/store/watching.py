"""Reads stores again and again, as the page and ``otelrun tail`` do, until its stdin ends. Not a test.

python watching.py STORE...

Prints "ready" once, then one JSON object: how often it has read each, and every error.
"""

from __future__ import annotations

import json
import os
import select
import sys

from otelrun.errors import StoreEmptyError, StoreError
from otelrun.store.queries import open_store
from otelrun.viewer.analysis.digest import Digest


def look(path, digest):
    """Read what the page reads; give the error, empty where there was none, or None where nothing is there yet."""
    try:
        with open_store(path) as store:
            digest.update(store, limit=500)
            store.totals()
            store.pruned()
            for row in store.traces(limit=3):
                store.trace(row.trace_id)
    except StoreEmptyError:
        return None
    except StoreError as error:
        return str(error)
    return ""


def main():
    digests = {path: Digest() for path in sys.argv[1:]}
    reads = dict.fromkeys(digests, 0)
    errors = []
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        for path in filter(os.path.exists, digests):
            error = look(path, digests[path])
            reads[path] += error == ""
            errors += [error] if error else []
    print(json.dumps({"reads": reads, "errors": errors}))


main()
