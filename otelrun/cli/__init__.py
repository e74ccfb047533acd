"""The command line ``otelrun``. One file per verb; the only place that prints for people.

``main`` is the console script. Running a command does not wait for click: its 40 ms are for help, mistakes and other verbs.
"""

from __future__ import annotations

import os
import sys
import warnings

from otelrun.errors import CommandNotFoundError, OtelrunError

_VERBS = ("runs", "show", "tail", "diff", "ui", "report", "open", "export", "summary", "prepare")  # see cli.group
_NEAR = 0.7


def main() -> int:
    """Run ``otelrun`` with the words of ``sys.argv``.

    Returns:
        The exit status, where the process has not become the program.
    """
    _keep_to_own_modules()
    try:
        _dispatch(sys.argv[1:])
    except CommandNotFoundError as error:
        return print_error(_maybe_a_verb(sys.argv[1], error))
    except OtelrunError as error:
        return print_error(error)
    except KeyboardInterrupt:
        return 130
    return 2  # there was no command


def _dispatch(words: list[str]) -> None:
    from otelrun.cli.words import read_launch_words  # noqa: PLC0415 - after sys.path is in order

    launch = read_launch_words(words, _VERBS)
    if launch is not None:
        from otelrun.cli.launching import launch_command  # noqa: PLC0415 - not for the other verbs

        launch_command(launch.command, launch.wishes, dict(os.environ))
    if words[:1] == ["summary"]:
        from otelrun.cli.summary import summarise  # noqa: PLC0415 - not for the other verbs

        summarise(words[1:], os.environ)
        raise SystemExit(0)
    from otelrun.cli.group import group  # noqa: PLC0415 - imports click

    if words:
        group.main(words, prog_name="otelrun")
    from contextlib import redirect_stdout  # noqa: PLC0415 - only for help

    with redirect_stdout(sys.stderr):
        group.main(["--help"], prog_name="otelrun", standalone_mode=False)


def _maybe_a_verb(word: str, error: CommandNotFoundError) -> CommandNotFoundError:
    """Propose the verb that a word, which is no command, is nearest to; the error as it was where there is none."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for a message, and costs 6 ms

    near = get_close_matches(word, [verb for verb in _VERBS if verb != "prepare"], n=1, cutoff=_NEAR)
    if not near or os.path.exists(word):
        return error
    return CommandNotFoundError(f"{word}: neither a verb nor a command; did you mean `otelrun {near[0]}`?")


def print_error(error: OtelrunError) -> int:
    """Print an error, one line per problem.

    Returns:
        The exit status it asks for.
    """
    for line in str(error).splitlines():
        print(f"otelrun: {line}", file=sys.stderr)
    return error.exit_status


def _keep_to_own_modules() -> None:
    """Have the launcher's own packages found before the program's.

    PYTHONPATH and, with ``python -m``, the working directory are meant for the program: a ``random.py`` in there must not
    break the launcher. They go to the end of ``sys.path``. Neither do PYTHONWARNINGS concern the launcher.
    """
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    meant = {os.path.abspath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry}
    if "-m" in sys.orig_argv[1:2]:
        meant.add(os.path.abspath(sys.path[0]))
    theirs = [entry for entry in sys.path if os.path.abspath(entry) in meant]
    sys.path[:] = [entry for entry in sys.path if entry not in theirs] + theirs
