"""``eventlet.monkey_patch``: otelrun's locks stay native while eventlet makes green ones of all that it finds.

What records can be called from eventlet's native threads (``eventlet.tpool``), and a green lock that two threads want stops
both. eventlet also complains of every lock that it finds and cannot replace. So ours are out of its sight while it looks.
"""

from __future__ import annotations

import gc
import sys
from _thread import RLock

from otelrun.diagnostics import guarded
from otelrun.instrumentation.patching import without_frame
from otelrun.lifecycle.native import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from otelrun.instrumentation.patching import Ledger

NAME = "threading"
TARGETS = ("eventlet.patcher",)
SCOPE = "otelrun.instrumentation.threading"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch the function that looks for locks, where this version of eventlet has it."""
    patcher = sys.modules[TARGETS[0]]
    if hasattr(patcher, "_green_existing_locks"):
        ledger.wrap(patcher, "_green_existing_locks", _green_existing_locks)


def _green_existing_locks(original: Callable[[Any], None]) -> Callable[[Any], None]:
    def _green_existing_locks(rlock_type: Any) -> None:
        aside: list[tuple[dict[str, Any], str]] = []
        with guarded(NAME):
            aside = _own_locks()
            for holder, name in aside:
                holder[name] = allocate_lock()
        try:
            original(rlock_type)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            for holder, name in aside:
                holder[name] = RLock()

    return _green_existing_locks


def _own_locks() -> list[tuple[dict[str, Any], str]]:
    """Give where each lock of otelrun's own objects is kept: the dictionary of its object, and its name there."""
    own = [found.__dict__ for found in gc.get_objects() if _is_own(type(found)) and hasattr(found, "__dict__")]
    return [(fields, name) for fields in own for name, value in fields.items() if type(value) is RLock]


def _is_own(kind: type) -> bool:
    module = kind.__dict__.get("__module__")
    return isinstance(module, str) and module.partition(".")[0] == "otelrun"
