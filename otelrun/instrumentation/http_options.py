"""What a profile can ask of ``http_server`` and ``http_client``: routes, exclusion, captured headers. Pure, and lenient.

The profile's checker has told every mistake; what is none of its types here is as if it had not been said.
"""

from __future__ import annotations

import re

from otelrun.instrumentation.http_conventions import REDACTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_REQUEST = "http.request.header."
_RESPONSE = "http.response.header."
_PRIVATE = r".*(?:authoriz|authentic|cookie|credential|csrf|passw|secret|session|signature|token|api-?key).*"
_PARAMETER = re.compile(r"\{([^{}:]*)(:path)?\}")


class Captured:
    """Which headers become attributes of spans: those whose names are matched, the secret ones without their values."""

    __slots__ = ("_prefix", "_private", "_wanted")

    def __init__(self, prefix: str, wanted: re.Pattern[str], private: re.Pattern[str]) -> None:
        """Keep the patterns of whole names."""
        self._prefix = prefix
        self._wanted = wanted
        self._private = private

    def attributes(self, items: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
        """Give the attributes of some headers; repeated ones have a value for each."""
        found: dict[str, tuple[str, ...]] = {}
        for name, value in items:
            key = name.lower()
            if self._wanted.fullmatch(key):
                attribute = self._prefix + key
                shown = REDACTED if self._private.fullmatch(key) else value
                found[attribute] = (*found.get(attribute, ()), shown)
        return found


class Routes:
    """Finds the route of a path among templates such as ``/users/{id}`` and ``/files/{name:path}``; the first one counts."""

    __slots__ = ("_pattern", "_templates")

    def __init__(self, templates: tuple[str, ...]) -> None:
        """Compile them."""
        self._templates = templates
        self._pattern = re.compile("|".join(f"({_template_pattern(template)})" for template in templates))

    def find(self, path: str) -> str:
        """Give the template that a path follows; empty where it follows none."""
        found = self._pattern.fullmatch(path)
        return self._templates[found.lastindex - 1] if found and found.lastindex else ""


class Excluded:
    """Knows the requests that are to leave no trace: by globs on their path, by regular expressions on their URL."""

    __slots__ = ("_paths", "_urls")

    def __init__(self, paths: re.Pattern[str] | None, urls: re.Pattern[str] | None) -> None:
        """Keep the patterns."""
        self._paths = paths
        self._urls = urls

    def holds(self, path: str, url: str) -> bool:
        """Say whether a request is one."""
        return bool((self._paths and self._paths.fullmatch(path)) or (self._urls and self._urls.search(url)))


def read_routes(options: Mapping[str, Any]) -> Routes | None:
    """Read the option ``routes``; None where there are none."""
    templates = _texts(options.get("routes"))
    return Routes(templates) if templates else None


def read_excluded(options: Mapping[str, Any]) -> Excluded | None:
    """Read the options ``exclude`` and ``excluded_urls``; None where they exclude nothing."""
    globs = _texts(options.get("exclude"))
    paths = re.compile("|".join(_glob_pattern(glob) for glob in globs), re.DOTALL) if globs else None
    urls = _alternatives(_listed(options.get("excluded_urls")))
    return Excluded(paths, urls) if paths or urls else None


def read_captured(options: Mapping[str, Any], of: str) -> Captured | None:
    """Read the options about captured headers; None where none are wanted.

    Args:
        options: of the instrumentation.
        of: ``request`` or ``response``.
    """
    wanted = _alternatives(_texts(options.get(f"{of}_captured_headers")))
    if wanted is None:
        return None
    private = _alternatives((_PRIVATE, *_texts(options.get("redacted_headers"))))
    return Captured(_REQUEST if of == "request" else _RESPONSE, wanted, private or re.compile(_PRIVATE))


def _alternatives(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """Compile regular expressions into one, without those that are none."""
    found = []
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error:
            continue
        found.append(f"(?:{pattern})")
    return re.compile("|".join(found), re.IGNORECASE) if found else None


def _glob_pattern(glob: str) -> str:
    return "".join(
        ".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", glob)
    )


def _template_pattern(template: str) -> str:
    end = 0
    parts = []
    for parameter in _PARAMETER.finditer(template):
        parts += [re.escape(template[end : parameter.start()]), ".+" if parameter[2] else "[^/]+"]
        end = parameter.end()
    return "".join((*parts, re.escape(template[end:])))


def _listed(text: Any) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else _texts(text)


def _texts(values: Any) -> tuple[str, ...]:
    if isinstance(values, str):
        values = (values,)
    return tuple(value for value in values if isinstance(value, str)) if isinstance(values, tuple | list) else ()
