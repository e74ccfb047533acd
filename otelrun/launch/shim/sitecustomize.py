"""otelrun's way into a Python process: ``site`` imports this file because its folder stands first in PYTHONPATH.

It is alone in its folder, must parse on Python 2.7, never raises anything of its own, and ends by importing the
``sitecustomize`` it hides, just as ``site`` would have: what that one does or raises is between it and ``site``.
Where PYTHONPATH does not count, ``otelrun/launch/isolated`` runs all but that end.
"""

import os
import sys


def _start(folder):
    handoff = os.environ.get("OTELRUN_HANDOFF")
    root = os.path.dirname(os.path.dirname(os.path.dirname(folder)))
    variable = _disabling_variable()
    if variable:  # nothing of otelrun is loaded, and nothing is left in the environment
        _forget(folder)
        if handoff:
            _write_down(root, handoff, "disabled", "not observed: %s is set" % variable)
        return
    if not handoff or hasattr(sys, "_otelrun_started"):  # a stray PYTHONPATH: nobody launched this program
        return
    if sys.version_info < (3, 10):
        version = "%d.%d" % sys.version_info[:2]
        reason = "not observed: Python %s is too old, 3.10 is needed" % version
        if _write_down(root, handoff, "python-" + version, reason):
            _tell(reason)
        return
    sys._otelrun_started = True
    bootstrap = sys.modules["_frozen_importlib"]
    path_finder = sys.modules["_frozen_importlib_external"].PathFinder
    before = set(sys.modules)
    if "otelrun" not in sys.modules:  # the launcher's copy, wherever this interpreter's own packages are
        spec = path_finder.find_spec("otelrun", [root])
        package = bootstrap.module_from_spec(spec)
        sys.modules["otelrun"] = package
        spec.loader.exec_module(package)
    from otelrun.startup.activate import activate

    if not activate():
        for name in set(sys.modules) - before:
            if name.partition(".")[0] == "otelrun":
                del sys.modules[name]


def _disabling_variable():
    if os.environ.get("OTELRUN_DISABLED", "").lower() in ("1", "true", "yes"):
        return "OTELRUN_DISABLED"
    return "OTEL_SDK_DISABLED" if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" else ""


def _write_down(root, handoff, slug, reason):
    """Say whether no process of the run has written down the same before."""
    path = os.path.join(root, "otelrun", "stood_down.py")
    names = {"__name__": "stood_down"}
    if sys.version_info >= (3,):  # compiled before, and not made a module
        loader = sys.modules["_frozen_importlib_external"].SourceFileLoader("stood_down", path)
        exec(loader.get_code("stood_down"), names)
    else:
        with open(path, "rb") as file:
            exec(compile(file.read(), path, "exec"), names)
    return names["record"](names["run_directory"](handoff), slug, reason)


def _fail(reason):
    """Tell what no reason was foreseen for, once in a run if possible."""
    try:
        root = os.path.dirname(os.path.dirname(os.path.dirname(_folder)))
        is_first = _write_down(root, os.environ.get("OTELRUN_HANDOFF", ""), "failed", reason)
    except Exception:
        is_first = True
    if is_first:
        _tell(reason)


def _forget(folder):
    """Take otelrun's variables out of the environment; see ``otelrun.inheritance``."""
    os.environ.pop("OTELRUN_HANDOFF", None)
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    kept = [entry for entry in entries if os.path.abspath(entry) != folder]
    if kept != entries:
        os.environ["PYTHONPATH"] = os.pathsep.join(kept)
        if not kept and not entries[-1].endswith(os.sep):
            del os.environ["PYTHONPATH"]


def _tell(line):
    if os.environ.get("OTELRUN_QUIET", "").lower() not in ("1", "true", "yes"):
        os.write(2, ("otelrun: %s\n" % line).encode("ascii", "backslashreplace"))


def _is_part_of_another():
    """Say whether another sitecustomize has this file executed as a part of itself (New Relic's): it wants no ImportError."""
    frame = sys._getframe(1).f_back
    while frame is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return frame is not None and frame.f_globals is globals()


_folder = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _folder]
for _spelling in (_folder, os.path.join(_folder, "")):
    sys.path_importer_cache.pop(_spelling, None)
try:
    _start(_folder)
except BaseException as error:
    try:
        _fail("not observed: %s: %s" % (type(error).__name__, error))
    except Exception:
        pass

if __name__ == "sitecustomize":
    _self = sys.modules.pop("sitecustomize")  # named: Python 2 empties a module that nobody holds
    if _is_part_of_another():
        try:
            import sitecustomize
        except ImportError as error:
            if "sitecustomize" not in str(error):
                raise
            sys.modules["sitecustomize"] = _self
    else:
        # the one that is hidden by this one; where there is none, ``site`` wants this very ImportError
        import sitecustomize
