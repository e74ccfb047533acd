"""The interpreter's own lock, thread and sleep, as they are before the program can put greenlets in their place.

Loaded at start-up, and that is its purpose: gevent and eventlet replace these functions in ``_thread`` and ``time`` when the
program asks them to, and what is imported later would get theirs. With theirs a recording that waits would switch greenlets
in the middle, or fail in the hub, where nothing may wait; and a thread of otelrun would be a greenlet that never ends, for
which ``gevent.wait()`` waits. ``_thread.RLock`` is not replaced by either.
"""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from time import sleep

__all__ = ["allocate_lock", "sleep", "start_new_thread"]
