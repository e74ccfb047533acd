"""What the launcher says of a run on a terminal: how much is said at its end, and one line at its start. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otelrun.environment_variables import OTELRUN_QUIET, OTELRUN_SUMMARY
from otelrun.launch.pipeline_choice import list_destinations
from otelrun.summary_request import FULL, LINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otelrun.profile.model import Profile

OFF = "off"

_MODES = (OFF, LINE, FULL)
_NO = ("", "0", "false", "no")
_WIDTH = 80
_SHORTEST = 12
_PREFIX = len("otelrun: ")


def choose_summary(environment: Mapping[str, str], *, is_terminal: bool) -> tuple[str, str]:
    """Say how much is said of a run at its end.

    Args:
        environment: of the launcher.
        is_terminal: stderr is one.

    Returns:
        ``off``, ``line`` or ``full``; and what is to be told about a value that is none of these, else empty.
    """
    wanted = environment.get(OTELRUN_SUMMARY, "")
    if wanted.lower() in _MODES:
        return wanted.lower(), ""
    is_in_ci = environment.get("CI", "").lower() not in _NO
    is_quiet = environment.get(OTELRUN_QUIET, "").lower() not in _NO
    mode = FULL if is_terminal and not (is_in_ci or is_quiet) else OFF
    notice = f"{OTELRUN_SUMMARY}={wanted}: there are {', '.join(_MODES)}; it is {mode} now" if wanted else ""
    return mode, notice


def start_line(profile: Profile) -> str:
    """Say what is recorded and where it goes, in one line of a terminal."""
    service = dict(profile.resource.attributes).get("service.name", "") or "the program"
    elsewhere = list(dict.fromkeys(_place(name) for name in list_destinations(profile) if name != "local store"))
    look = "look while it runs: otelrun ui" if profile.otelrun.store.enabled else ""
    if not elsewhere:
        where = "on this machine" if look else "for nobody: the profile has no destination"
        return _fit("recording {} {}", service, where, look)
    more = f" and {len(elsewhere) - 1} more" if len(elsewhere) > 1 else ""
    return _fit("recording {}, sent to {}", service, f"{elsewhere[0]}{more}", look and "look: otelrun ui")


def _place(destination: str) -> str:
    """Name a destination: what stands after its kind; of a URL only its host."""
    name = destination.partition(" ")[2] or destination
    scheme, has_scheme, rest = name.partition("://")
    return rest.partition("/")[0] if has_scheme and scheme.startswith("http") else name


def _fit(text: str, service: object, where: str, look: str) -> str:
    """Put a line together; a name that is too long for a terminal's width is cut."""
    tail = f"; {look}" if look else ""
    room = _WIDTH - _PREFIX - len(text.format("", "")) - len(tail)
    name = _cut(str(service), max(_SHORTEST, room - len(where)))
    return text.format(name, _cut(where, max(_SHORTEST, room - len(name)))) + tail


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
