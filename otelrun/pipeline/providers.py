"""The door of the pipeline: puts our providers behind the API's globals, when somebody imports the API.

``prepare`` is called once at start-up and costs microseconds; ``install`` is called by the import hook for each module of the
API. The API's set-once is left unused, so that a program that brings its own provider can still set it.
"""

from __future__ import annotations

from time import time_ns

from otelrun import diagnostics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from otelrun.profile import model
    from otelrun.profile.handoff import Handoff

HOOKED = ("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs", "opentelemetry.propagate")


class Pipeline:
    """What the providers of this process share; each part is made when the first of them needs it."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.handoff: Handoff | None = None
        self._profile: model.Profile | None = None
        self._made: dict[str, Any] = {}

    def prepare(self, handoff: Handoff) -> None:
        """Follow ``handoff`` from now on."""
        self.handoff = handoff
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
        """Give our provider of ``traces``, ``metrics`` or ``logs``; None where the profile wants none."""
        profile = self.profile()
        if not _is_wanted(profile, signal):
            return None
        if self.is_for_agent():
            return self.once(signal, lambda: _BUILDERS[signal](self, profile))
        from otelrun.pipeline import in_process  # noqa: PLC0415 - the other pipeline

        deferred = self.once("in_process", lambda: in_process.InProcess(profile))
        return self.once(signal, lambda: in_process.provider(deferred, signal))

    def recorder(self) -> Any:
        """Give the recorder of this process line."""
        return self.once("recorder", self._make_recorder)

    def resource(self) -> Any:
        """Give the one resource of the current process."""
        from otelrun.pipeline.resource import ProcessResource  # noqa: PLC0415 - not for start-up

        return self.once("resource", lambda: ProcessResource(self.profile().resource))

    def _make_recorder(self) -> Any:
        from otelrun.ring.layout import OPEN_SLOT_SIZE  # noqa: PLC0415 - not for start-up
        from otelrun.ring.recorder import Recorder, Sizes  # noqa: PLC0415

        assert self.handoff is not None
        ring = self.profile().otelrun.ring
        return Recorder(
            f"{self.handoff.run_directory}/rings",
            self.resource().attributes,
            sizes=Sizes(ring.size, ring.tables_size, ring.open_spans * OPEN_SLOT_SIZE),
            hold_ns=ring.hold_ms * 1_000_000,
            last_wait_ns=self.profile().otelrun.exit_budget_ms * 1_000_000,
        )


_OWN_PROVIDER = "the program has set a provider of its own for %s: those it makes itself go where it sends them"
_pipeline = Pipeline()


def prepare(handoff: Handoff) -> None:
    """Say what this process is to follow; does nothing else yet.

    Args:
        handoff: from the launcher.
    """
    _pipeline.prepare(handoff)


def install(api_module: str) -> None:
    """Make our provider the global one of an API module that has just been imported.

    Does nothing where the program has set its own already, or the profile wants none.

    Args:
        api_module: one of ``HOOKED``.
    """
    if _pipeline.handoff is None or api_module not in _INSTALLERS:
        return
    with diagnostics.guarded(f"pipeline for {api_module}"):
        if not _pipeline.profile().disabled:
            _INSTALLERS[api_module]()


def _is_wanted(profile: model.Profile, signal: str) -> bool:
    section = getattr(profile, _SECTIONS[signal])
    return section is not None or (profile.otelrun.store.enabled and _pipeline.is_for_agent())


_SECTIONS = {"traces": "tracer_provider", "metrics": "meter_provider", "logs": "logger_provider"}


def _build_tracer_provider(pipeline: Pipeline, profile: model.Profile) -> Any:
    from otelrun.pipeline.limits import Limits  # noqa: PLC0415 - not for start-up
    from otelrun.pipeline.tracer import TracerProvider  # noqa: PLC0415
    from otelrun.profile import model  # noqa: PLC0415

    section = profile.tracer_provider or model.TracerProvider()
    return TracerProvider(pipeline.recorder(), section.sampler, Limits(section.limits), pipeline.resource())


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


def _install_traces() -> None:
    from opentelemetry import trace  # noqa: PLC0415 - loaded by now

    _set_global(trace, "_TRACER_PROVIDER", "traces", trace.set_tracer_provider)
    _follow_program((trace,), "set_tracer_provider", lambda: getattr(trace, "_TRACER_PROVIDER", None), "traces")


def _install_metrics() -> None:
    from opentelemetry import metrics  # noqa: PLC0415 - loaded by now
    from opentelemetry.metrics import _internal as api  # noqa: PLC0415

    if _set_global(api, "_METER_PROVIDER", "metrics", api.set_meter_provider):
        proxy = getattr(api, "_PROXY_METER_PROVIDER", None)
        if proxy is not None:  # meters handed out before now
            proxy.on_set_meter_provider(api._METER_PROVIDER)  # noqa: SLF001
    _follow_program((metrics, api), "set_meter_provider", lambda: getattr(api, "_METER_PROVIDER", None), "metrics")


def _install_logs() -> None:
    from opentelemetry import _logs  # noqa: PLC0415 - loaded by now
    from opentelemetry._logs import _internal as api  # noqa: PLC0415

    _set_global(api, "_LOGGER_PROVIDER", "logs", api.set_logger_provider)
    _follow_program((_logs, api), "set_logger_provider", lambda: getattr(api, "_LOGGER_PROVIDER", None), "logs")


def _install_propagator() -> None:
    from opentelemetry import propagate  # noqa: PLC0415 - loaded by now

    from otelrun.pipeline.propagator import build_propagator  # noqa: PLC0415

    propagate.set_global_textmap(build_propagator(_pipeline.profile().propagators))


def _set_global(api: Any, name: str, signal: str, set_publicly: Callable[[Any], None]) -> bool:
    """Set the API's global where it is unset; through its set-once only where the name has gone."""
    provider = _pipeline.provider(signal)
    if provider is None:
        return False
    _give_to_instrumentations(signal, provider)
    is_known = hasattr(api, name)
    if is_known and getattr(api, name) is not None:
        return False
    if is_known:
        setattr(api, name, provider)
    else:
        set_publicly(provider)
    return is_known


def _give_to_instrumentations(signal: str, provider: Any) -> None:
    """Have the instrumentations keep to our provider, whatever the program makes the global one."""
    from otelrun.instrumentation import sources  # noqa: PLC0415 - not for start-up

    if signal == "logs" and _pipeline.is_for_agent():
        # a provider of their own: it has loggers with the names of the program's, and these follow the program
        provider = _pipeline.once("logs of instrumentations", lambda: _BUILDERS[signal](_pipeline, _pipeline.profile()))
    sources.give(_SECTIONS[signal], provider)


def _follow_program(modules: tuple[Any, ...], name: str, get_global: Callable[[], Any], signal: str) -> None:
    """Once the program sets a provider of its own, hand over to it what ours has given to the program until then."""
    ours = _pipeline.provider(signal)
    if ours is None or not _pipeline.is_for_agent():
        return
    from otelrun.instrumentation.patching import Ledger  # noqa: PLC0415 - not for start-up

    def make_wrapper(original: Callable[[Any], None]) -> Callable[[Any], None]:
        def set_provider(provider: Any) -> None:
            original(provider)
            from otelrun.ring.record import NOTE  # noqa: PLC0415 - not for start-up

            with diagnostics.guarded(f"following {name}"):
                if get_global() is provider and provider is not ours:
                    ours.give_way(provider)
                    _pipeline.recorder().record(NOTE, (time_ns(), f"own-{signal}", _OWN_PROVIDER % signal))

        return set_provider

    for module in modules:
        Ledger().wrap(module, name, make_wrapper)


_INSTALLERS: dict[str, Callable[[], None]] = dict(
    zip(HOOKED, (_install_traces, _install_metrics, _install_logs, _install_propagator), strict=True)
)
