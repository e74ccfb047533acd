"""The words of the plain case, ``otelrun [OPTIONS] COMMAND [ARGS]…``, read without click. Pure.

Whatever is not plain (help, a mistake, another verb) is left to click by answering None; ``cli.group`` has the same options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from otelrun.cli.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

_OPTIONS = {"--profile": "profile", "--service-name": "service_name", "--to": "endpoint"}
_INIT = "--init"
_ROOT_SPAN = "--root-span"
_SWITCHES = (_INIT, _ROOT_SPAN)
_RUN = "run"


class Launch(NamedTuple):
    """What to run and how."""

    command: list[str]
    wishes: Wishes


def read_launch_words(words: Sequence[str], verbs: Container[str]) -> Launch | None:
    """Read the words after ``otelrun``.

    All words after the command belong to the command, whatever they look like.

    Args:
        words: as typed.
        verbs: first words that are no commands of the user's.
    """
    values: dict[str, str] = {}
    rest = list(words)
    is_run = is_ended = False
    switches: set[str] = set()
    while rest and not is_ended:
        name, has_value, value = rest[0].partition("=")
        if name in _OPTIONS:
            if not has_value:
                value = rest.pop(1) if len(rest) > 1 else ""
            if not value:
                return None
            values[_OPTIONS[name]] = value
        elif rest[0] in _SWITCHES:
            switches.add(rest[0])
        elif rest[0] == "--":
            is_ended = True
        elif rest[0] == _RUN and not is_run:
            is_run = True
        else:
            break
        rest.pop(0)
    if not rest or (rest[0].startswith("-") and not is_ended):
        return None
    if rest[0] in verbs and not is_run and not is_ended:
        return None
    return Launch(rest, Wishes(**values, init=_INIT in switches, root_span=_ROOT_SPAN in switches))
