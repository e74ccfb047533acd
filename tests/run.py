"""Run the tests: ``python3 tests/run.py [pytest arguments]``. Sets itself up in .venv-tests at the first use."""

import os
import subprocess
import sys

if sys.version_info < (3, 10):  # noqa: UP036 - the first thing to tell someone whose python3 is old
    sys.exit(f"otelrun needs CPython 3.10 or newer; {sys.executable} is {sys.version.split()[0]}")

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, ".ci"))

import own_venv


def main() -> int:
    """Prepare the environment and run pytest in it; gives pytest's exit status."""
    try:
        python = own_venv.prepare(".venv-tests", ("test",))
    except own_venv.SetupError as error:
        print(f"tests/run.py: {error}", file=sys.stderr)
        return 1
    arguments = sys.argv[1:] or ["--numprocesses=3"]
    return subprocess.run([python, "-m", "pytest", *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
