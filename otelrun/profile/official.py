"""The table of OpenTelemetry's declarative configuration, schema 1.1: what each node may hold, in the words of ``rules``.

Only data. Keys, ranges and words follow opentelemetry-configuration's schema v1.1.0; what otelrun does not follow yet is
``NotFollowed`` and not described further. Our own branch of the file is in ``distribution``.
"""

from __future__ import annotations

from otelrun.profile.attributes import finish_attribute, finish_resource
from otelrun.profile.distribution import DISTRIBUTION
from otelrun.profile.endpoints import default_endpoint, grpc_test, http_test
from otelrun.profile.finishing import (
    PROPAGATORS,
    finish_batch,
    finish_meter_provider,
    finish_otlp,
    finish_probability,
    judge_header,
    judge_header_name,
    judge_header_value,
    judge_output_stream,
    judge_pattern,
    judge_patterns,
    judge_propagators,
    judge_route,
)
from otelrun.profile.rules import (
    MILLISECONDS,
    Anything,
    Boolean,
    Choice,
    Fraction,
    Integer,
    ListOf,
    Map,
    NotFollowed,
    OneOf,
    Pairs,
    Rule,
    Text,
)

SEVERITIES = tuple(f"{name}{n}" for name in ("trace", "debug", "info", "warn", "error", "fatal") for n in ("", 2, 3, 4))
ATTRIBUTE_TYPES = ("string", "bool", "int", "double", "string_array", "bool_array", "int_array", "double_array")

_NEXT_MINOR = NotFollowed()  # a key of schema 1.2, which is being written; files that have it say 1.1 meanwhile
_NOTHING = Map({}, is_nullable=True, instead="nothing after the ':'")
_COUNT = Integer()
_POSITIVE = Integer(minimum=1)
_EXPORTER_NAMES = {
    "otlp": "otlp_http",
    "otlp/http": "otlp_http",
    "otlp/grpc": "otlp_grpc",
    "otlp_proto_http": "otlp_http",
    "otlp_proto_grpc": "otlp_grpc",
    "grpc": "otlp_grpc",
    "http": "otlp_http",
    "file": "otlp_file/development",
    "logging": "console",
    "debug": "console",
    "stdout": "console",
}
_SAMPLER_NAMES = {
    "traceidratio": "trace_id_ratio_based",
    "trace_id_ratio": "trace_id_ratio_based",
    "ratio": "trace_id_ratio_based",
    "parentbased_always_on": "parent_based",
    "parentbased_always_off": "parent_based",
    "parentbased_traceidratio": "parent_based",
    "probability": "probability/development",
}
_ROOT_NAMES = {
    "traces": "tracer_provider",
    "tracing": "tracer_provider",
    "metrics": "meter_provider",
    "logs": "logger_provider",
    "propagators": "propagator",
    "service_name": "resource.attributes, with name: service.name",
    "OTEL_SERVICE_NAME": "resource.attributes, with name: service.name",
    "otelrun": "distribution.otelrun",
    "extends": "distribution.otelrun.extends",
}


def _milliseconds(example: int) -> Integer:
    return Integer(unit=MILLISECONDS, example=example)


def _metric_keys() -> dict[str, Rule]:
    return {
        "temporality_preference": Choice(("cumulative", "delta", "low_memory")),
        "default_histogram_aggregation": Choice(("explicit_bucket_histogram", "base2_exponential_bucket_histogram")),
    }


def _otlp(kind: str, signal: str) -> Map:
    """Make the rule of ``otlp_http`` or ``otlp_grpc`` for one signal."""
    is_http = kind == "otlp_http"
    unset = f"{default_endpoint(kind, signal)} is used"
    keys: dict[str, Rule] = {
        "endpoint": Text(is_nullable=True, unset=unset, test=http_test(signal) if is_http else grpc_test),
        "tls": Map(
            {
                **{key: Text(is_nullable=True) for key in ("ca_file", "key_file", "cert_file")},
                **({} if is_http else {"insecure": Boolean()}),
            },
            is_nullable=True,
        ),
        "headers": ListOf(
            Map(
                {
                    "name": Text(test=judge_header_name),
                    "value": Text(
                        is_nullable=True, is_secret=True, unset="the header is left out", test=judge_header_value
                    ),
                },
                required=("name", "value"),
            ),
            keyed_by="name",
            instead="a list of '- name: NAME' with 'value: VALUE' below it",
        ),
        "headers_list": Pairs(is_secret=True, test=judge_header),
        "compression": Choice(("gzip", "none")),
        "timeout": _milliseconds(10_000),
        "max_request_size": _NEXT_MINOR,
        "max_response_size": _NEXT_MINOR,
    }
    if is_http:
        keys["encoding"] = Choice(("protobuf", "json"))
    if signal == "metrics":
        keys.update(_metric_keys())
    return Map(keys, is_nullable=True, finish=finish_otlp)


def _exporter(signal: str) -> OneOf:
    """Make the rule of an exporter for one signal."""
    metric = _metric_keys() if signal == "metrics" else {}
    stream = Text(is_nullable=True, test=judge_output_stream)
    return OneOf(
        {
            "otlp_http": _otlp("otlp_http", signal),
            "otlp_grpc": _otlp("otlp_grpc", signal),
            "otlp_file/development": Map({"output_stream": stream, **metric}, is_nullable=True),
            "console": Map(dict(metric), is_nullable=True),
        },
        also=_EXPORTER_NAMES,
    )


def _processors(signal: str, more: dict[str, Rule]) -> ListOf:
    """Make the rule of the processors for spans or log records."""
    exporter = _exporter(signal)
    batch: dict[str, Rule] = {
        "schedule_delay": _milliseconds(5_000 if signal == "traces" else 1_000),
        "export_timeout": _milliseconds(30_000),
        "max_queue_size": Integer(minimum=1, example=2_048),
        "max_export_batch_size": Integer(minimum=1, example=512),
        "exporter": exporter,
    }
    return ListOf(
        OneOf(
            {
                "batch": Map(batch, required=("exporter",), finish=finish_batch),
                "simple": Map({"exporter": exporter}, required=("exporter",)),
                **more,
            }
        ),
        instead="a list: '- ' before each processor",
    )


_DELEGATES: dict[str, Rule] = {}
SAMPLER = OneOf(
    {
        "always_on": _NOTHING,
        "always_off": _NOTHING,
        "trace_id_ratio_based": Map({"ratio": Fraction()}, is_nullable=True),
        "parent_based": Map(_DELEGATES, is_nullable=True),
        "composite/development": NotFollowed("parent_based with always_on is used"),
        "jaeger_remote/development": NotFollowed("parent_based with always_on is used"),
        "always_record": NotFollowed("parent_based with always_on is used"),
        "probability/development": Map({"ratio": Fraction()}, is_nullable=True, finish=finish_probability),
    },
    also=_SAMPLER_NAMES,
)
_DELEGATES.update(
    dict.fromkeys(
        (
            "root",
            "remote_parent_sampled",
            "remote_parent_not_sampled",
            "local_parent_sampled",
            "local_parent_not_sampled",
        ),
        SAMPLER,
    )
)

_LENGTH_AND_COUNT: dict[str, Rule] = {
    "attribute_value_length_limit": _COUNT,
    "attribute_count_limit": _COUNT,
    "attribute_value_depth_limit": _NEXT_MINOR,
}
_SPAN_LIMITS = Map(
    {
        **_LENGTH_AND_COUNT,
        "event_count_limit": _COUNT,
        "link_count_limit": _COUNT,
        "event_attribute_count_limit": _COUNT,
        "link_attribute_count_limit": _COUNT,
    }
)

TRACER_PROVIDER = Map(
    {
        "processors": _processors("traces", {}),
        "limits": _SPAN_LIMITS,
        "sampler": SAMPLER,
        "id_generator": OneOf({"random": _NOTHING}, plugin=NotFollowed("random ids are made")),
        "tracer_configurator/development": NotFollowed("every tracer is enabled"),
    },
    required=("processors",),
)

LOGGER_PROVIDER = Map(
    {
        "processors": _processors(
            "logs", {"event_to_span_event_bridge/development": NotFollowed("the processor is left out")}
        ),
        "limits": Map(_LENGTH_AND_COUNT),
        "logger_configurator/development": NotFollowed("every logger is enabled"),
    },
    required=("processors",),
)

_OTHER_LIMITS = (
    "counter",
    "gauge",
    "histogram",
    "observable_counter",
    "observable_gauge",
    "observable_up_down_counter",
    "up_down_counter",
)
_PERIODIC = Map(
    {
        "interval": _milliseconds(60_000),
        "timeout": _milliseconds(30_000),
        "max_export_batch_size/development": NotFollowed("all points of an interval go in one request"),
        "exporter": _exporter("metrics"),
        "producers": NotFollowed("they are left out"),
        "cardinality_limits": Map(
            {"default": _POSITIVE, **dict.fromkeys(_OTHER_LIMITS, NotFollowed("'default' holds for it"))}
        ),
    },
    required=("exporter",),
)

METER_PROVIDER = Map(
    {
        "readers": ListOf(
            OneOf({"periodic": _PERIODIC, "pull": NotFollowed("the reader is left out")}, plugin=None),
            instead="a list: '- ' before each reader",
        ),
        "views": NotFollowed("every instrument has its default view"),
        "exemplar_filter": Choice(("always_on", "always_off", "trace_based")),
        "meter_configurator/development": NotFollowed("every meter is enabled"),
    },
    required=("readers",),
    finish=finish_meter_provider,
)

PROPAGATOR = Map(
    {
        "composite": ListOf(
            OneOf(dict.fromkeys(PROPAGATORS, _NOTHING)),
            keyed_by="key",
            instead="a list, '- tracecontext:' and so on, or composite_list: tracecontext,baggage",
        ),
        "composite_list": Text(is_nullable=True, test=judge_propagators),
    },
    instead="composite_list: tracecontext,baggage below it",
)

RESOURCE = Map(
    {
        "attributes": ListOf(
            Map(
                {"name": Text(), "value": Anything(), "type": Choice(ATTRIBUTE_TYPES)},
                required=("name", "value"),
                finish=finish_attribute,
            ),
            keyed_by="name",
            instead="a list of '- name: NAME' with 'value: VALUE' below it",
        ),
        "attributes_list": Pairs(),
        "schema_url": Text(is_nullable=True),
        "detection/development": Map(
            {
                "attributes": NotFollowed("all attributes that are detected are kept"),
                "detectors": ListOf(OneOf(dict.fromkeys(("container", "host", "process", "service"), _NOTHING))),
            }
        ),
    },
    finish=finish_resource,
)

_OTHER_LANGUAGES = ("cpp", "dotnet", "erlang", "go", "java", "js", "php", "ruby", "rust", "swift")
_ENABLED: dict[str, Rule] = {"enabled": Boolean(is_nullable=False)}
_PATTERNS = ListOf(
    Text(is_nullable=True, test=judge_pattern),
    is_nonempty=False,
    instead="a list of header names or regular expressions",
)
_CAPTURED: dict[str, Rule] = {"request_captured_headers": _PATTERNS, "response_captured_headers": _PATTERNS}
_HTTP_CLIENT = Map(
    {
        **_ENABLED,
        **_CAPTURED,
        "redacted_headers": _PATTERNS,
        "excluded_urls": Text(is_nullable=True, test=judge_patterns),
    },
    is_open=True,
)
_HTTP_SERVER = Map(
    {
        **_HTTP_CLIENT.keys,
        "trust_forwarded": Boolean(),
        "routes": ListOf(Text(test=judge_route), is_nonempty=False, instead="a list such as ['/users/{id}']"),
        "exclude": ListOf(Text(), is_nonempty=False, instead="a list of globs such as ['/healthz', '/static/*']"),
        "body_sizes": Boolean(),
        "active_requests": Boolean(),
    },
    is_open=True,
)
_GENERAL_HTTP = Map(
    {
        "client": Map(dict(_CAPTURED), rest=NotFollowed(is_quiet_when_empty=True)),
        "server": Map(dict(_CAPTURED), rest=NotFollowed(is_quiet_when_empty=True)),
    },
    rest=NotFollowed(is_quiet_when_empty=True),
)
_LOGGING = Map(
    {
        **_ENABLED,
        "correlation": Boolean(words=("named",)),
        "fields": Map({"trace_id": Text(), "span_id": Text()}),
        "export": Boolean(),
    },
    rest=Anything(),
)
_QUEUE = Map({**_ENABLED, "context": Choice(("parent", "link", "none"))}, is_open=True)
_THREADING = Map({**_ENABLED, "outlived_after_ms": Integer(unit=MILLISECONDS, example=30_000)}, is_open=True)

INSTRUMENTATION = Map(
    {
        "general": Map({"http": _GENERAL_HTTP}, rest=NotFollowed(is_quiet_when_empty=True), is_nullable=True),
        "python": Map(
            {
                "asyncio_queue": _QUEUE,
                "http_client": _HTTP_CLIENT,
                "http_server": _HTTP_SERVER,
                "logging": _LOGGING,
                "queue": _QUEUE,
                "threading": _THREADING,
            },
            rest=Map(_ENABLED, rest=Anything()),
        ),
        **dict.fromkeys(_OTHER_LANGUAGES, Anything(is_mapping=True)),
    }
)

ROOT = Map(
    {
        "file_format": Anything(),  # judged file by file, see ``file_format``
        "disabled": Boolean(),
        "log_level": Choice(SEVERITIES, also={"warning": "warn", "critical": "fatal"}),
        "attribute_limits": Map(_LENGTH_AND_COUNT),
        "resource": RESOURCE,
        "propagator": PROPAGATOR,
        "tracer_provider": TRACER_PROVIDER,
        "meter_provider": METER_PROVIDER,
        "logger_provider": LOGGER_PROVIDER,
        "instrumentation/development": INSTRUMENTATION,
        "distribution": DISTRIBUTION,
    },
    is_open=True,
    also=_ROOT_NAMES,
)
