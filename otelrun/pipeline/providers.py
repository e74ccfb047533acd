"""The door of the pipeline: puts our providers behind the API's globals, when somebody imports the API.

``prepare`` is called once at start-up and costs microseconds; ``install`` is called by the import hook for each module of the
API. Ours take the place of the API's proxies, which is what a program is given that has set no provider: the global itself
stays unset, so that the program sets its own as if otelrun were not there.
"""

from __future__ import annotations

from time import time_ns

from otelrun import diagnostics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence
    from typing import Any

    from otelrun.profile import model
    from otelrun.profile.handoff import Handoff

HOOKED = ("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs", "opentelemetry.propagate")
"""The modules of the API that ``install`` is for."""

FOLLOWED = (
    "opentelemetry.sdk.trace",
    "opentelemetry.sdk.trace.sampling",
    "opentelemetry.instrumentation.utils",
    "opentelemetry.sdk._logs",
    "opentelemetry.instrumentation.logging.handler",
)
"""Modules of the program's own OpenTelemetry that it is for, too: what the program does with them is followed."""


class Pipeline:
    """What the providers of this process share; each part is made when the first of them needs it."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.handoff: Handoff | None = None
        self.used_before: frozenset[str] = frozenset()
        self._profile: model.Profile | None = None
        self._made: dict[str, Any] = {}

    def prepare(self, handoff: Handoff, loaded: Container[str]) -> None:
        """Follow ``handoff`` from now on; see ``providers.prepare``."""
        self.handoff = handoff
        self.used_before = frozenset(name for name in HOOKED if name in loaded)
        self._profile = None
        self._made = {}

    def profile(self) -> model.Profile:
        """Give the profile, unpacked once."""
        if self._profile is None:
            assert self.handoff is not None
            self._profile = self.handoff.profile()
        return self._profile

    def is_for_agent(self) -> bool:
        """Say whether this process records for an agent, rather than exporting by itself."""
        return self.handoff is not None and self.handoff.pipeline == "agent"

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Give what ``make`` gave the first time it was wanted under this name."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def provider(self, signal: str) -> Any:
        """Give the program our provider of ``traces``, ``metrics`` or ``logs``; None where the profile wants none."""
        if not _is_wanted(self.profile(), signal):
            return None
        return self.once(signal, lambda: self._make_provider(signal))

    def provider_of_instrumentations(self, signal: str) -> Any:
        """Give the one that instrumentations keep to; there is one where there is one for the program."""
        return self.once(f"{signal} of instrumentations", lambda: self._make_provider(signal))

    def _make_provider(self, signal: str) -> Any:
        profile = self.profile()
        if self.is_for_agent():
            return _BUILDERS[signal](self, profile)
        from otelrun.pipeline import in_process  # noqa: PLC0415 - the other pipeline

        return in_process.provider(self.once("in_process", lambda: in_process.InProcess(profile)), signal)

    def recorder(self) -> Any:
        """Give the recorder of this process line."""
        return self.once("recorder", self._make_recorder)

    def resource(self) -> Any:
        """Give the one resource of the current process."""
        from otelrun.pipeline.resource import ProcessResource  # noqa: PLC0415 - not for start-up

        return self.once("resource", lambda: ProcessResource(self.profile().resource))

    def note(self, slug: str, text: str) -> None:
        """Write a note of the run, once; makes a ring if need be."""
        from otelrun.ring.record import NOTE  # noqa: PLC0415 - not for start-up

        self.once(f"note {slug}", lambda: self.recorder().record(NOTE, (time_ns(), slug, text)))

    def _make_recorder(self) -> Any:
        from otelrun.instrumentation.in_place import in_place  # noqa: PLC0415 - not for start-up
        from otelrun.ring.layout import OPEN_SLOT_SIZE  # noqa: PLC0415
        from otelrun.ring.recorder import Recorder, Sizes  # noqa: PLC0415

        assert self.handoff is not None
        ring = self.profile().otelrun.ring
        recorder = Recorder(
            f"{self.handoff.run_directory}/rings",
            self.resource().attributes,
            sizes=Sizes(ring.size, ring.tables_size, ring.open_spans * OPEN_SLOT_SIZE),
            hold_ns=ring.hold_ms * 1_000_000,
            last_wait_ns=self.profile().otelrun.exit_budget_ms * 1_000_000,
            list_libraries=in_place.entries,
        )
        in_place.write = recorder.library
        return recorder


_OWN_PROVIDERS = {
    "traces": "the program has a tracer provider of its own: its spans go where it sends them, and are recorded here, too",
    "metrics": "the program has a meter provider of its own: what it measures itself goes only where it sends it",
    "logs": "the program has a logger provider of its own: what it emits goes where it sends it, and is recorded here, too",
}
_SHARED = "the program sends %s to %s itself: otelrun does not send them there once more"
_THINGS = {"traces": "its spans", "logs": "its log records"}
_pipeline = Pipeline()


def prepare(handoff: Handoff, loaded: Container[str] = ()) -> None:
    """Say what this process is to follow; does nothing else yet.

    Args:
        handoff: from the launcher.
        loaded: names of the modules that are loaded already: who has imported the API before may hold proxies of its own,
            which look for a provider in the global, and there ours is put then.
    """
    _pipeline.prepare(handoff, loaded)


def install(module: str) -> None:
    """Put our provider behind a module of the API that has just been imported, or follow what the program does with another.

    Does nothing where the program has set its own already, or the profile wants none.

    Args:
        module: one of ``HOOKED`` or ``FOLLOWED``.
    """
    if _pipeline.handoff is None or module not in _INSTALLERS:
        return
    with diagnostics.guarded(f"pipeline for {module}"):
        if not _pipeline.profile().disabled:
            _pipeline.once("baggage", _make_baggage_default)
            _INSTALLERS[module](module)


def _make_baggage_default() -> None:
    """Done before anything of the pipeline keeps the API's variable."""
    from otelrun.instrumentation import start_context  # noqa: PLC0415 - not for start-up

    if not start_context.BAGGAGE.isdisjoint(start_context.start_context.variables):
        start_context.make_baggage_default()


def note(slug: str, text: str) -> None:
    """Write a note of the run about this process, once for each slug, where an agent is there to read it."""
    if _pipeline.is_for_agent():
        _pipeline.note(slug, text)


def _is_wanted(profile: model.Profile, signal: str) -> bool:
    section = getattr(profile, _SECTIONS[signal])
    return section is not None or (profile.otelrun.store.enabled and _pipeline.is_for_agent())


_OUTLIVED_AFTER_MS = 30_000
_SECTIONS = {"traces": "tracer_provider", "metrics": "meter_provider", "logs": "logger_provider"}


def _build_tracer_provider(pipeline: Pipeline, profile: model.Profile) -> Any:
    from otelrun.pipeline.limits import Limits  # noqa: PLC0415 - not for start-up
    from otelrun.pipeline.tracer import TracerProvider  # noqa: PLC0415
    from otelrun.profile import model  # noqa: PLC0415

    section = profile.tracer_provider or model.TracerProvider()
    provider = TracerProvider(pipeline.recorder(), section.sampler, Limits(section.limits), pipeline.resource())
    assert pipeline.handoff is not None
    outlived_ms = pipeline.handoff.options("threading").get("outlived_after_ms", _OUTLIVED_AFTER_MS)
    provider.outlived_after_ns = None if outlived_ms is None else outlived_ms * 1_000_000
    return provider


def _build_meter_provider(pipeline: Pipeline, profile: model.Profile) -> Any:
    from otelrun.pipeline.meter import MeterProvider  # noqa: PLC0415 - not for start-up
    from otelrun.profile import model  # noqa: PLC0415

    section = profile.meter_provider or model.MeterProvider()
    interval_ms = min((reader.interval_ms for reader in section.readers), default=60_000)
    return MeterProvider(pipeline.recorder(), interval_ms=interval_ms, cardinality_limit=section.cardinality_limit)


def _build_logger_provider(pipeline: Pipeline, profile: model.Profile) -> Any:
    from otelrun.pipeline.limits import Limits  # noqa: PLC0415 - not for start-up
    from otelrun.pipeline.logger import LoggerProvider  # noqa: PLC0415
    from otelrun.profile import model  # noqa: PLC0415

    section = profile.logger_provider or model.LoggerProvider()
    return LoggerProvider(pipeline.recorder(), Limits(section.limits), pipeline.resource())


_BUILDERS: dict[str, Callable[[Pipeline, model.Profile], Any]] = {
    "traces": _build_tracer_provider,
    "metrics": _build_meter_provider,
    "logs": _build_logger_provider,
}


def _install_traces(_: str) -> None:
    from opentelemetry import trace  # noqa: PLC0415 - loaded by now

    _place("opentelemetry.trace", trace, "_TRACER_PROVIDER", "traces")
    _follow_program(trace, "tracer", "traces")


def _install_metrics(_: str) -> None:
    from opentelemetry.metrics import _internal as api  # noqa: PLC0415 - loaded by now

    if _place("opentelemetry.metrics", api, "_METER_PROVIDER", "metrics"):
        proxy = getattr(api, "_PROXY_METER_PROVIDER", None)
        if proxy is not None:  # meters handed out before now
            proxy.on_set_meter_provider(api._METER_PROVIDER)  # noqa: SLF001 - the API has no public name for it
    _follow_program(api, "meter", "metrics")


def _install_logs(_: str) -> None:
    from opentelemetry._logs import _internal as api  # noqa: PLC0415 - loaded by now

    _place("opentelemetry._logs", api, "_LOGGER_PROVIDER", "logs")
    _follow_program(api, "logger", "logs")


def _install_propagator(_: str) -> None:
    from opentelemetry import propagate  # noqa: PLC0415 - loaded by now

    from otelrun.pipeline.propagator import build_propagator  # noqa: PLC0415

    propagate.set_global_textmap(build_propagator(_pipeline.profile().propagators))


def _place(module: str, api: Any, name: str, signal: str) -> bool:
    """Put our provider where the API's proxy is; say whether it had to be the global, which is left unset else.

    Args:
        module: of ``HOOKED``.
        api: where the names are.
        name: of the global.
        signal: ``traces``, ``metrics`` or ``logs``.
    """
    provider = _pipeline.provider(signal)
    if provider is None:
        return False
    _give_to_instrumentations(signal, provider)
    if getattr(api, name, None) is not None:
        return False
    proxy = name.replace("_", "_PROXY_", 1)
    if module not in _pipeline.used_before and hasattr(api, proxy):
        setattr(api, proxy, provider)
        return False
    if hasattr(api, name):
        setattr(api, name, provider)
        return True
    getattr(api, f"set{name.lower()}")(provider)
    return False


def _give_to_instrumentations(signal: str, provider: Any) -> None:
    """Have the instrumentations keep to a provider of ours, whatever the program makes the global one.

    It is one of their own: what the program has got by itself, an instrumentor that it has called included, follows the
    program.
    """
    from otelrun.instrumentation import sources  # noqa: PLC0415 - not for start-up

    given = _pipeline.provider_of_instrumentations(signal)
    sources.give(_SECTIONS[signal], given)
    if signal == "traces" and _pipeline.is_for_agent():
        provider.processed_with = given


def _follow_program(api: Any, kind: str, signal: str) -> None:
    """Once the program sets a provider of its own, hand over to it what ours has given to the program until then."""
    ours = _pipeline.provider(signal)
    if ours is None:
        return
    from otelrun.instrumentation.patching import Ledger  # noqa: PLC0415 - not for start-up

    private = f"_set_{kind}_provider"  # what the public one calls, and what loads the one that the environment names
    name = private if hasattr(api, private) else private[1:]

    def make_wrapper(original: Callable[..., None]) -> Callable[..., None]:
        def set_provider(provider: Any, *args: Any, **kwargs: Any) -> None:
            original(provider, *args, **kwargs)
            with diagnostics.guarded(f"following {name}"):
                if getattr(api, f"_{kind.upper()}_PROVIDER", None) is provider and provider is not ours:
                    ours.give_way(provider)
                    note(f"own-{signal}", _OWN_PROVIDERS[signal])

        return set_provider

    Ledger().wrap(api, name, make_wrapper)


def _watch_sdk(module: str) -> None:
    """Have the spans of the program's own SDK recorded too, and no operation have two."""
    if not _pipeline.is_for_agent() or _pipeline.provider("traces") is None:
        return
    from otelrun.pipeline import program_spans  # noqa: PLC0415 - only where the program has an SDK

    if module == program_spans.SDK_SPANS:
        program_spans.record_spans(
            program_spans.Parts(_pipeline.recorder(), _exporting("traces"), _tell_shared("traces"))
        )
    elif module == program_spans.SDK_SAMPLERS:
        program_spans.free_samplers()
    else:
        program_spans.give_server_spans_up()


def _watch_logs(module: str) -> None:
    """Have the log records of the program's own SDK recorded too, and none sent twice to where the program sends it."""
    if _pipeline.provider("logs") is None:
        return
    from otelrun.instrumentation import sources  # noqa: PLC0415 - only where the program has an SDK
    from otelrun.pipeline import program_logs  # noqa: PLC0415

    left = _pipeline.once("left logs", lambda: program_logs.Left(_exporting("logs"), _tell_shared("logs")))
    if _exporting("logs"):
        sources.logs.left_of = left
    if not _pipeline.is_for_agent():
        section = _pipeline.profile().logger_provider
        sources.logs.exporters = (1 << len(section.processors)) - 1 if section else 0
    elif module == "opentelemetry.sdk._logs":
        program_logs.record_logs(_pipeline.provider_of_instrumentations("logs"), left)


def _exporting(signal: str) -> list[model.Processor]:
    from otelrun.profile import delivered  # noqa: PLC0415 - not for start-up

    list_processors = delivered.span_processors if signal == "traces" else delivered.log_processors
    return list_processors(_pipeline.profile())


def _tell_shared(signal: str) -> Callable[[Sequence[str]], None]:
    def tell(endpoints: Sequence[str]) -> None:
        for endpoint in endpoints:
            note(f"shared-{signal} {endpoint}", _SHARED % (_THINGS[signal], endpoint))

    return tell


_INSTALLERS: dict[str, Callable[[str], None]] = {
    "opentelemetry.trace": _install_traces,
    "opentelemetry.metrics": _install_metrics,
    "opentelemetry._logs": _install_logs,
    "opentelemetry.propagate": _install_propagator,
    "opentelemetry.sdk.trace": _watch_sdk,
    "opentelemetry.sdk.trace.sampling": _watch_sdk,
    "opentelemetry.instrumentation.utils": _watch_sdk,
    "opentelemetry.sdk._logs": _watch_logs,
    "opentelemetry.instrumentation.logging.handler": _watch_logs,
}
