"""Runs a program in the place of this file, observed, where PYTHONPATH does not reach the interpreter or site is not imported:

    python -I way_round.py -I app.py argument

What follows the file is the program's own command line. It must parse on Python 2.7. Where anything is in doubt (a program
that is not there, a syntax error, an old Python, reasons to stand down) the process becomes that command line, and CPython
says what there is to say. The program sees of itself what it sees bare, but for the one frame below its own.
"""


def _take_over():
    """Give the arguments of the function that runs the program, and after them the function."""
    import os
    import sys
    from posix import execv  # now: once it is patched, it leads here again

    words = sys.argv[1:]
    is_script = words[0] == "--as-script"
    if is_script:
        del words[0]
    original = getattr(sys, "orig_argv", [sys.executable])[:1] + words
    try:
        if sys.version_info >= (3, 10):
            sys.orig_argv[:] = original
            folder = os.path.dirname(os.path.abspath(__file__))
            has_own_entry = sys.path[:1] == [folder]  # not under -I and -P
            if has_own_entry:
                del sys.path[0]
            shim = os.path.join(os.path.dirname(folder), "shim", "sitecustomize.py")
            with open(shim, "rb") as file:
                code = compile(file.read(), shim, "exec", dont_inherit=True)
            eval(code, {"__name__": "otelrun_shim", "__file__": shim})
            if "otelrun" in sys.modules:
                from otelrun.startup.activate import is_active
                from otelrun.startup.main_program import prepare

                if is_active():
                    return prepare(words, has_own_entry, is_script)
    except Exception:
        pass
    execv(sys.executable, original)


_otelrun = _take_over()
del _take_over
try:
    _otelrun.pop()(*globals().pop("_otelrun"))
except BaseException:  # the frame of this file is none of the program's
    __import__("sys").exc_info()[1].__traceback__ = __import__("sys").exc_info()[1].__traceback__.tb_next
    getattr(__import__("sys").modules.get("otelrun.startup.main_program"), "hide_again", id)(
        __import__("sys").exc_info()[1]
    )
    raise
