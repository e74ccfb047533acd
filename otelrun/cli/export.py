"""``otelrun export``: a recorded run for other tools. ``otlp`` sends it to an endpoint."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import click

from otelrun.environment_variables import OTELRUN_PROFILE
from otelrun.errors import NotDeliveredError, ProfileError
from otelrun.profile.endpoints import ENDPOINT, without_user
from otelrun.ring.directory import find_run, state_root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otelrun.cli.replaying import Sent
    from otelrun.profile.model import Exporter
    from otelrun.ring.directory import RunDirectory

_RECORDS = {"spans": "span", "logs": "log record", "metrics": "metric point"}


@click.group(options_metavar="")
def export() -> None:
    """Give a recorded run to other tools."""


@export.command(short_help="Send a recorded run to an OTLP endpoint.")
@click.argument("wanted", metavar="[RUN]", required=False)
@click.option("--to", "endpoint", metavar="URL", help=f"The OTLP endpoint. Also: {ENDPOINT}.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="NAME=VALUE",
    help="A header of each request; tokens rather by OTEL_EXPORTER_OTLP_HEADERS.",
)
@click.option("--profile", metavar="NAME|FILE", help=f"Send as this profile does. Also: {OTELRUN_PROFILE}.")
@click.option(
    "--timeout",
    "patience_s",
    type=click.FloatRange(min=0),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="Give up when nothing was accepted for so long.",
)
def otlp(
    *, wanted: str | None, endpoint: str | None, headers: Sequence[str], profile: str | None, patience_s: float
) -> None:
    """Send a recorded run to an OTLP endpoint: spans, log records and metric points, as they were recorded.

    RUN is the end or the beginning of a run's id, or "last" (the default).
    """
    environment = os.environ
    exporters = _exporters(profile or environment.get(OTELRUN_PROFILE) or None, endpoint, headers, environment)
    run = find_run(state_root(environment), wanted)
    sent = _send(run, exporters, patience_s)
    failed = _report(run, sent)
    if failed:
        raise NotDeliveredError("\n".join(failed))


def _exporters(
    profile: str | None, endpoint: str | None, headers: Sequence[str], environment: Mapping[str, str]
) -> dict[str, Exporter]:
    """Find out where to and how, as a launch with ``--to`` would.

    Raises:
        ProfileError: nothing says where to, or the profile or an option has a mistake.
    """
    from otelrun.cli.replaying import otlp_exporters  # noqa: PLC0415 - not for --help
    from otelrun.profile.loading import load_profile  # noqa: PLC0415 - reads YAML

    loaded = load_profile(profile, environment, endpoint=endpoint)
    for warning in loaded.warnings:
        click.echo(f"otelrun: {warning}", err=True)
    found = otlp_exporters(loaded.profile)
    if not found:
        raise ProfileError((f"nothing says where to send: add --to URL, or set {ENDPOINT}",))
    more = _headers(headers)
    return {
        signal: exporter._replace(headers=(*_without(exporter.headers, more), *more))
        for signal, exporter in found.items()
    }


def _headers(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Read the headers; what is wrong with one is told without its value.

    Raises:
        ProfileError: one is none.
    """
    from otelrun.profile.pairs import header_name_fault, header_value_fault  # noqa: PLC0415 - not for --help

    pairs = []
    for number, text in enumerate(given, 1):
        name, separator, value = text.partition("=")
        fault = "has no '='; write NAME=VALUE" if not separator else header_name_fault(name.strip())
        fault = fault or header_value_fault(value)
        if fault:
            raise ProfileError((f"--header number {number} {fault}",))
        pairs.append((name.strip().lower(), value))
    return tuple(pairs)


def _without(headers: tuple[tuple[str, str], ...], others: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    names = {name for name, _ in others}
    return [(name, value) for name, value in headers if name.lower() not in names]


def _send(run: RunDirectory, exporters: Mapping[str, Exporter], patience_s: float) -> list[Sent]:
    from otelrun.cli.replaying import send  # noqa: PLC0415 - not for --help
    from otelrun.store.activity import is_agent_alive  # noqa: PLC0415
    from otelrun.store.queries import open_store  # noqa: PLC0415 - sqlite3 only where it is needed
    from otelrun.store.replay import Replay  # noqa: PLC0415

    if is_agent_alive(run, may_start=False):
        click.echo("otelrun: this run goes on; what it records from now on is not sent", err=True)

    def is_away(destination: str) -> None:
        text = f"{destination} does not take it; asking again, until nothing was accepted for {patience_s:g} s"
        click.echo(f"otelrun: {text}", err=True)

    with open_store(run.store) as store:
        return send(Replay(store), exporters, _schema_url(run), patience_s, is_away)


def _schema_url(run: RunDirectory) -> str:
    """Give the schema of the run's resources, which its description names where its profile did."""
    try:
        with open(run.description, encoding="utf-8") as file:
            found = json.load(file).get("resource_schema_url")
    except (OSError, ValueError, AttributeError):
        return ""
    return found if isinstance(found, str) else ""


def _report(run: RunDirectory, sent: Sequence[Sent]) -> list[str]:
    """Print what arrived; gives a line for each reason for which something did not."""
    from otelrun.viewer.phrases import count, visible  # noqa: PLC0415 - not for --help

    if not sent:
        click.echo(f"run {run.run_id} holds nothing to send")
    arrived: dict[str, list[str]] = {}
    failed = []
    for one in sent:
        if one.arrived:
            arrived.setdefault(one.destination, []).append(count(one.arrived, _RECORDS[one.signal]))
        for reason, number in one.reasons.items():
            what = f"{number:,} of {count(one.found, _RECORDS[one.signal])} did not arrive"
            failed.append(f"{what} at {one.destination}: {visible(reason)}" if one.destination else f"{what}: {reason}")
    for destination, parts in arrived.items():
        click.echo(f"run {run.run_id}: {', '.join(parts)} arrived at {without_user(destination)}")
    sys.stdout.flush()
    return failed
