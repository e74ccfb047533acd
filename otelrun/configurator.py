"""The ``opentelemetry_configurator`` entry point: otelrun's pipeline where ``opentelemetry-instrument`` was the launcher.

No launcher of ours has run, so the run is begun by a short-lived process: ``python -m otelrun prepare``. Whatever fails costs
one line, and the program runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from otelrun.diagnostics import guarded, tell
from otelrun.environment_variables import OTELRUN_HANDOFF
from otelrun.profile.handoff import read
from otelrun.startup.activate import begin, is_active, stand_down
from otelrun.startup.stand_down import reason_to_stand_down
from otelrun.stood_down import run_directory

_DEADLINE_S = 20
_LONGEST_ANSWER = 65_536  # what a pipe holds


class OtelrunConfigurator:
    """Begins the run, or joins the one that a parent process has begun, and places otelrun's hooks."""

    def configure(self, **_: Any) -> None:
        """Configure OpenTelemetry for this process; upstream's keyword arguments do not concern us."""
        with guarded("configurator"):
            self._configure(os.environ)  # noqa: TID251 - the program's own, whose children are to join the run

    def _configure(self, environment: os._Environ[str]) -> None:
        if is_active():
            return
        reason = reason_to_stand_down(environment, sys.orig_argv, sys.modules, sys.path)
        if reason is not None:
            stand_down(reason, run_directory(environment.get(OTELRUN_HANDOFF, "")))
            return
        text = environment.get(OTELRUN_HANDOFF) or prepare_run()
        if text:
            begin(read(text))
            environment[OTELRUN_HANDOFF] = text


def prepare_run() -> str:
    """Begin a run for this process.

    Returns:
        The handoff; empty where the process is to run unobserved. What went wrong has been told by then.
    """
    if os.name != "posix":
        tell("prepare", "not observed: start the program with `otelrun`; there is no other way on this system")
        return ""
    # the answer comes through a pipe of its own: standard output is the program's, and a console exporter writes there
    answer, other_end = os.pipe()
    arguments = ["prepare", "--pid", str(os.getpid()), "--answer", str(other_end), "--", *sys.orig_argv]
    try:
        command = [sys.executable, "-m", "otelrun", *arguments]
        subprocess.run(command, stdin=subprocess.DEVNULL, pass_fds=(other_end,), timeout=_DEADLINE_S, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        if not isinstance(error, subprocess.CalledProcessError):  # that one has said itself what is wrong
            tell("prepare", f"not observed: the run could not be prepared: {error}")
        return ""
    else:
        os.close(other_end)
        other_end = -1
        return os.read(answer, _LONGEST_ANSWER).decode("ascii")
    finally:
        os.close(answer)
        if other_end >= 0:
            os.close(other_end)
