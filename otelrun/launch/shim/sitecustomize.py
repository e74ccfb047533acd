"""otelrun's way into a Python process: ``site`` imports this file because its folder stands first in PYTHONPATH.

It is alone in its folder, must parse on Python 2.7, never raises anything of its own, and ends by importing the
``sitecustomize`` it hides, just as ``site`` would have: what that one does or raises is between it and ``site``.
Where PYTHONPATH does not count, ``otelrun/launch/isolated`` runs all but that end.
"""

import os
import sys


def _start(folder):
    if sys.version_info < (3, 10):
        version = "%d.%d" % sys.version_info[:2]
        os.write(2, ("otelrun: not observed: Python %s is too old, 3.10 is needed\n" % version).encode("ascii"))
        return
    bootstrap = sys.modules["_frozen_importlib"]
    path_finder = sys.modules["_frozen_importlib_external"].PathFinder
    before = set(sys.modules)
    if "otelrun" not in sys.modules:  # the launcher's copy, wherever this interpreter's own packages are
        root = os.path.dirname(os.path.dirname(os.path.dirname(folder)))
        spec = path_finder.find_spec("otelrun", [root])
        package = bootstrap.module_from_spec(spec)
        sys.modules["otelrun"] = package
        spec.loader.exec_module(package)
    from otelrun.startup.activate import activate

    if not activate():
        for name in set(sys.modules) - before:
            if name.partition(".")[0] == "otelrun":
                del sys.modules[name]


_folder = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _folder]
sys.path_importer_cache.pop(_folder, None)
if not hasattr(sys, "_otelrun_started"):
    sys._otelrun_started = True
    try:
        _start(_folder)
    except BaseException as error:
        try:
            os.write(2, ("otelrun: not observed: %s: %s\n" % (type(error).__name__, error)).encode("ascii", "replace"))
        except Exception:
            pass

if __name__ == "sitecustomize":
    _self = sys.modules.pop("sitecustomize")  # named: Python 2 empties a module that nobody holds
    import sitecustomize  # the one that is hidden by this one; where there is none, ``site`` wants this very ImportError
