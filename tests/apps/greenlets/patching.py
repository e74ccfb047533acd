"""Monkey patches at the moment and by the library that are named, and says nothing else: imported first by the programs here.

    program.py gevent|eventlet first|after_imports|after_work|never
"""

import sys

LIBRARY, ORDER = sys.argv[1:3]


def patch():
    if LIBRARY == "gevent":
        from gevent import monkey

        monkey.patch_all()
    else:
        import eventlet

        eventlet.monkey_patch()


def patch_at(moment):
    if moment == ORDER:
        patch()


def spawn(function, *args):
    if LIBRARY == "gevent":
        import gevent

        return gevent.spawn(function, *args)
    import eventlet

    return eventlet.spawn(function, *args)


def wait_for(jobs):
    return [job.get() if hasattr(job, "get") else job.wait() for job in jobs]
