"""Loads a profile: the one entrance to this package for the launcher. Never imports OpenTelemetry or the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from otelrun.errors import ProfileError
from otelrun.profile.checker import Checker
from otelrun.profile.endpoints import ENDPOINT, parse_destination
from otelrun.profile.extends import load_tree
from otelrun.profile.official import ROOT
from otelrun.profile.precedence import Around, settle
from otelrun.profile.problems import Problems
from otelrun.profile.reader import read_profile
from otelrun.profile.source import find
from otelrun.profile.variables import apply_variables, honours_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otelrun.profile.model import Profile

DEFAULT = "default"


class LoadedProfile(NamedTuple):
    """A profile, and what a person should know about it: one printable line each."""

    profile: Profile
    warnings: tuple[str, ...]


def load_profile(
    wanted: str | None,
    environment: Mapping[str, str],
    *,
    service_name: str | None = None,
    endpoint: str | None = None,
    inferred_service: tuple[str, str] | None = None,
    inferred_version: tuple[str, str] | None = None,
) -> LoadedProfile:
    """Load the profile a run follows.

    Args:
        wanted: a shipped profile's name, or a path; ``default`` if there is none.
        environment: the variables that references and honoured variables are read from.
        service_name: ``--service-name``; stands above everything.
        endpoint: ``--to URL``: where all three signals go, by OTLP.
        inferred_service: a name for where nothing else says one, and one phrase on its source.
        inferred_version: likewise for ``service.version``.

    Raises:
        ProfileError: the profile cannot be used; holds every mistake in it.
    """
    problems = Problems()
    source = find(wanted or DEFAULT)
    try:
        root, newer = load_tree(source, environment, problems)
    except ProfileError as error:
        problems.include(error)
        raise problems.as_error() from None
    honours = honours_variables(root)
    if honours:
        root = apply_variables(root, _with_endpoint(environment, endpoint), problems)
    values = Checker(problems, honours_variables=honours, newer=newer).check(root, ROOT, "")
    problems.raise_errors()
    profile = read_profile(values, name=source.name, origin=source.path)
    around = Around(service_name, endpoint, inferred_service, inferred_version)
    try:
        profile = settle(profile, around, environment, honours=honours, problems=problems)
    except ValueError as error:
        raise ProfileError((str(error),)) from None
    return LoadedProfile(profile, problems.warnings)


def _with_endpoint(environment: Mapping[str, str], endpoint: str | None) -> Mapping[str, str]:
    """Have ``--to`` ask for exporters as the variable does, so that the others, for headers and certificates, say how."""
    if not endpoint:
        return environment
    try:
        return {ENDPOINT: parse_destination(endpoint).base, **environment}
    except ValueError:
        return environment  # told by ``settle``
