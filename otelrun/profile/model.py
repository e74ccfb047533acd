"""One frozen ``Profile``: every setting otelrun follows, with its default, in one place.

Names follow OpenTelemetry's declarative configuration (opentelemetry-configuration, schema 1.1) where it has one; durations
there are in ms and here too, with the unit in the name. What is ours is ``Otelrun``, from
``distribution.otelrun``. Named tuples, since a dataclass takes eight times as long to make when this is imported.
"""

from __future__ import annotations

from typing import Any, NamedTuple

AttributeValue = Any  # str, bool, int, float, or a tuple of one of these


class Tls(NamedTuple):
    """TLS files of an OTLP exporter: PEM paths. ``insecure`` is for gRPC endpoints without a scheme."""

    ca_file: str | None = None
    key_file: str | None = None
    cert_file: str | None = None
    insecure: bool | None = None


class Exporter(NamedTuple):
    """Where one signal goes.

    Attributes:
        kind: ``otlp_http``, ``otlp_grpc``, ``otlp_file`` (the official ``otlp_file/development``), ``console``, or the name
            of a plugin, which runs in the program.
        endpoint: URL; for otlp_http the whole URL of the signal. Unused by file and console.
        headers: pairs of name and value; values are secrets.
        compression: ``gzip`` or ``none``.
        timeout_ms: per request.
        encoding: ``protobuf`` or ``json`` (otlp_http only).
        output_stream: otlp_file only: ``stdout`` or ``file:///absolute/path``.
        temporality: metrics only: ``cumulative``, ``delta`` or ``low_memory``.
        histogram_aggregation: metrics only: ``explicit_bucket_histogram`` or ``base2_exponential_bucket_histogram``.
        plugin_config: plugin only: its configuration as plain data.
    """

    kind: str
    endpoint: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    compression: str = "none"
    timeout_ms: int = 10_000
    tls: Tls = Tls()
    encoding: str = "protobuf"
    output_stream: str = "stdout"
    temporality: str = "cumulative"
    histogram_aggregation: str = "explicit_bucket_histogram"
    plugin_config: Any = None


class Processor(NamedTuple):
    """A span or log record processor.

    Attributes:
        kind: ``batch``, ``simple``, or the name of a plugin, which runs in the program.
        schedule_delay_ms: batch: the longest a record waits. The official default is 5000 for spans, 1000 for logs.
        export_timeout_ms: batch.
        max_queue_size: batch.
        max_export_batch_size: batch.
    """

    kind: str
    exporter: Exporter | None = None
    schedule_delay_ms: int = 5_000
    export_timeout_ms: int = 30_000
    max_queue_size: int = 2_048
    max_export_batch_size: int = 512
    plugin_config: Any = None


class Sampler(NamedTuple):
    """A sampler.

    Attributes:
        kind: ``always_on``, ``always_off``, ``trace_id_ratio_based``, ``parent_based``, or the name of a plugin.
        ratio: trace_id_ratio_based: 0 to 1.
        root: parent_based: for spans without a parent; likewise the four others. None means the official default (always_on
            for root and sampled parents, always_off for unsampled ones).
    """

    kind: str
    ratio: float = 1.0
    root: Sampler | None = None
    remote_parent_sampled: Sampler | None = None
    remote_parent_not_sampled: Sampler | None = None
    local_parent_sampled: Sampler | None = None
    local_parent_not_sampled: Sampler | None = None
    plugin_config: Any = None


class SpanLimits(NamedTuple):
    """Limits of a span; None means unlimited (lengths only)."""

    attribute_value_length_limit: int | None = None
    attribute_count_limit: int = 128
    event_count_limit: int = 128
    link_count_limit: int = 128
    event_attribute_count_limit: int = 128
    link_attribute_count_limit: int = 128


class LogLimits(NamedTuple):
    """Limits of a log record; None means unlimited."""

    attribute_value_length_limit: int | None = None
    attribute_count_limit: int = 128


class TracerProvider(NamedTuple):
    """The ``tracer_provider`` section."""

    processors: tuple[Processor, ...] = ()
    sampler: Sampler = Sampler("parent_based", root=Sampler("always_on"))
    limits: SpanLimits = SpanLimits()


class LoggerProvider(NamedTuple):
    """The ``logger_provider`` section."""

    processors: tuple[Processor, ...] = ()
    limits: LogLimits = LogLimits()


class MetricReader(NamedTuple):
    """A reader: ``kind`` is ``periodic`` or ``pull`` (a plugin, which runs in the program)."""

    exporter: Exporter
    kind: str = "periodic"
    interval_ms: int = 60_000
    timeout_ms: int = 30_000


class MeterProvider(NamedTuple):
    """The ``meter_provider`` section. ``exemplar_filter`` is the official name, e.g. ``trace_based``."""

    readers: tuple[MetricReader, ...] = ()
    exemplar_filter: str = "trace_based"
    cardinality_limit: int = 2_000


class Resource(NamedTuple):
    """The ``resource`` section after ``attributes_list``: pairs of name and value, first one wins; detectors by name."""

    attributes: tuple[tuple[str, AttributeValue], ...] = ()
    detectors: tuple[str, ...] = ()
    schema_url: str | None = None


class Instrumentation(NamedTuple):
    """One entry of ``instrumentation/development.python``: the instrumentor's entry-point name and its options."""

    name: str
    enabled: bool = True
    options: tuple[tuple[str, Any], ...] = ()


class Store(NamedTuple):
    """``distribution.otelrun.store``: the local store beside whatever the file's own pipeline says.

    Attributes:
        enabled: there is one.
        keep_runs: how many finished runs of each service stay.
        max_total_mb: how many MiB the stores of all runs may have together; the oldest finished runs go.
        max_run_mb: how many MiB one run's store may have; its oldest traces go while it runs. Not more than ``max_total_mb``.
    """

    enabled: bool = True
    keep_runs: int = 10
    max_total_mb: int = 512
    max_run_mb: int = 256

    @property
    def run_limit(self) -> int:
        """How many bytes one run's store may have: one that is larger than all together may be would be the next to go."""
        return min(self.max_run_mb, self.max_total_mb) * 1024 * 1024


class Ring(NamedTuple):
    """``distribution.otelrun.ring``: the memory that one process records into.

    Attributes:
        size: bytes, a power of two and a multiple of 4096.
        tables_size: bytes, a multiple of 4096.
        hold_ms: how long a producer may be held where there is no room.
        open_spans: how many spans that have not ended yet are kept there too, so that a killed process shows them.
    """

    size: int = 4 * 1024 * 1024
    tables_size: int = 512 * 1024
    hold_ms: int = 200
    open_spans: int = 1_024


class Method(NamedTuple):
    """An entry of ``distribution.otelrun.methods``: functions of which each call is to be a span.

    Attributes:
        target: ``module:function`` or ``module:Class.method``; one ``*`` may stand for a part of the last name.
        arguments: the parameters whose values are written on the span; ``("*",)`` means all.
    """

    target: str
    arguments: tuple[str, ...] = ()


class Otelrun(NamedTuple):
    """``distribution.otelrun``: what has no official place.

    Attributes:
        pipeline: ``auto`` (the agent where it can run), ``agent``, ``in_process`` (stock SDK in the program).
        environment_variables: ``ignore`` (as the specification says of a file) or ``honour`` (the standard ``OTEL_*``
            variables choose exporters, protocol, sampler and endpoints; see ``profile.precedence``).
        default_enabled: instrumentations that the profile does not name are on.
        enabled: names that are on though ``default_enabled`` is false.
        disabled: names that are off, whatever else says.
        exit_budget_ms: how long the agent goes on trying to deliver after the run is over.
        children: the processes that the program starts: ``all`` are recorded; ``inherit``: those that inherit its environment or
            a copy; ``none``.
        start_context: what the trace context in a process's environment at its start is to it: ``auto``: the parent, until it
            serves, and a link then; ``parent``, ``link``: always; ``ignore``.
        outbox_limit_mb: how many MiB of undelivered telemetry each exporter may hold on disk for each signal.
        self_metrics: the agent sends ``otel.sdk.*`` metrics about the run's own telemetry.
        runtime_metrics: the agent sends ``process.*`` metrics about the processes of the run.
        methods: functions of the program of which each call is to be a span.
    """

    pipeline: str = "auto"
    environment_variables: str = "ignore"
    default_enabled: bool = True
    enabled: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    exit_budget_ms: int = 2_000
    children: str = "all"
    start_context: str = "auto"
    outbox_limit_mb: int = 64
    self_metrics: bool = False
    runtime_metrics: bool = False
    methods: tuple[Method, ...] = ()
    store: Store = Store()
    ring: Ring = Ring()


class Profile(NamedTuple):
    """Everything otelrun follows in one run.

    Attributes:
        name: what the user asked for, e.g. ``default`` or ``./prod.yaml``.
        origin: the absolute path of the file it came from.
        service_name_source: how ``service.name`` was found, one phrase, e.g. ``--service-name`` or ``name of the script``.
        propagators: official names in order, e.g. ``("tracecontext", "baggage")``; empty means none.
    """

    name: str = "default"
    origin: str = ""
    disabled: bool = False
    log_level: str = "info"
    service_name_source: str = ""
    resource: Resource = Resource()
    propagators: tuple[str, ...] = ()
    tracer_provider: TracerProvider | None = None
    meter_provider: MeterProvider | None = None
    logger_provider: LoggerProvider | None = None
    instrumentations: tuple[Instrumentation, ...] = ()
    otelrun: Otelrun = Otelrun()

    def is_enabled(self, instrumentation: str) -> bool:
        """Say whether an instrumentation (by entry-point name) is to be used: ``disabled`` wins, then its own entry."""
        if instrumentation in self.otelrun.disabled:
            return False
        for entry in self.instrumentations:
            if entry.name == instrumentation:
                return entry.enabled
        return instrumentation in self.otelrun.enabled or self.otelrun.default_enabled

    def options(self, instrumentation: str) -> dict[str, Any]:
        """Give the options of an instrumentation, by entry-point name."""
        for entry in self.instrumentations:
            if entry.name == instrumentation:
                return dict(entry.options)
        return {}
