"""Run the shop under otelrun, which sums it up at the end: ``python3 docs/examples/shop/try_it.py [NUMBER OF REQUESTS]``.

Sets itself up in .venv-shop at the first use; what is recorded goes to .otelrun, both in the checkout.
"""

import os
import subprocess
import sys

if sys.version_info < (3, 10):
    sys.exit(f"otelrun needs CPython 3.10 or newer; {sys.executable} is {sys.version.split()[0]}")

SHOP = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(SHOP)))
sys.path.insert(0, os.path.join(ROOT, ".ci"))

import own_venv

REQUESTS = "3"


def main() -> int:
    """Prepare the environment, and run the shop; gives its exit status."""
    try:
        python = own_venv.prepare(".venv-shop")
    except own_venv.SetupError as error:
        print(f"try_it.py: {error}", file=sys.stderr)
        return 1
    bin_directory = os.path.dirname(python)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "OTELRUN_"))}
    environment["OTELRUN_DIR"] = os.path.join(ROOT, ".otelrun")
    environment["OTELRUN_SUMMARY"] = "full"  # also where this is no terminal
    environment["PATH"] = bin_directory + os.pathsep + environment.get("PATH", os.defpath)
    app = os.path.relpath(os.path.join(SHOP, "app.py"))
    profile = os.path.relpath(os.path.join(SHOP, "profile.yaml"))
    otelrun = os.path.join(bin_directory, "otelrun")
    requests = (sys.argv[1:] or [REQUESTS])[0]
    words = ["--profile", profile, "python", app, "--requests", requests]
    look = f"OTELRUN_DIR={os.path.relpath(environment['OTELRUN_DIR'])} {os.path.relpath(otelrun)}"
    print(f"Here, otelrun is {look}; try ui, show and runs with it after this.\n\n$ otelrun", *words, flush=True)
    return subprocess.run([otelrun, *words], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
