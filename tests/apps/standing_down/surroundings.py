"""Print all that a start-up could have left in this interpreter."""

import json
import os
import sys

seen = {
    "modules": sorted(sys.modules),
    "path": sys.path,
    "meta_path": [getattr(finder, "__name__", repr(type(finder))) for finder in sys.meta_path],
    "path_hooks": len(sys.path_hooks),
    "path_importer_cache": sorted(sys.path_importer_cache),
    "sys": sorted(dir(sys)),
    "environ": dict(os.environ),
    "inherited": sorted(os.popen("env").read().splitlines()),
    "argv": [sys.argv, sys.orig_argv, sys.flags, sys.warnoptions],
    "os": sorted((name, getattr(os, name).__module__) for name in ("execve", "putenv", "fork", "register_at_fork")),
}
print(json.dumps(seen, indent=1))
