"""A whole profile, key by key, and what absence means."""

from __future__ import annotations

from otelrun.profile.model import (
    Exporter,
    Instrumentation,
    LoggerProvider,
    LogLimits,
    MeterProvider,
    Method,
    MetricReader,
    Otelrun,
    Processor,
    Profile,
    Resource,
    Ring,
    Sampler,
    SpanLimits,
    Store,
    Tls,
    TracerProvider,
)

WHOLE = """file_format: "1.1"
disabled: false
log_level: debug
attribute_limits:
  attribute_value_length_limit: 1000
  attribute_count_limit: 64
resource:
  schema_url: https://example.org/schema
  attributes:
    - {name: service.name, value: shop}
    - {name: version, value: 1.10, type: string}
    - {name: ratio, value: 1, type: double}
    - {name: ports, value: [1, 2]}
    - {name: shares, value: [1, 2.5]}
    - {name: flags, value: [true, false], type: bool_array}
    - {name: nothing, value: ~}
  attributes_list: service.name=other,team=a%20b
  detection/development:
    detectors: [{host: }, {process: }, {mine: }]
propagator:
  composite: [{tracecontext: }, {xray: }]
  composite_list: baggage,tracecontext,b3
tracer_provider:
  limits: {attribute_count_limit: 32, event_count_limit: 16}
  sampler:
    parent_based:
      root: {trace_id_ratio_based: {ratio: 0.25}}
      remote_parent_sampled: {my_sampler: {rate: 5}}
  processors:
    - batch:
        schedule_delay: 100
        export_timeout: 200
        max_queue_size: 300
        max_export_batch_size: 40
        exporter:
          otlp_http:
            endpoint: https://host:4318/v1/traces
            tls: {ca_file: /ca, key_file: /key, cert_file: /cert}
            headers: [{name: A, value: "1"}, {name: N, value: }]
            headers_list: a=2,B=x%2Cy
            compression: gzip
            timeout: 50
            encoding: json
    - simple: {exporter: {console: }}
    - my_processor: {size: 3, names: [a, b]}
meter_provider:
  exemplar_filter: always_off
  readers:
    - periodic:
        interval: 10
        timeout: 20
        cardinality_limits: {default: 77}
        exporter:
          otlp_grpc:
            endpoint: host:4317
            tls: {insecure: true}
            headers: [{name: Authorization, value: x}]
            temporality_preference: delta
            default_histogram_aggregation: base2_exponential_bucket_histogram
    - periodic: {exporter: {otlp_file/development: {output_stream: file:///tmp/m.jsonl}}}
logger_provider:
  limits: {attribute_value_length_limit: 5}
  processors:
    - batch: {exporter: {otlp_grpc: }}
    - batch: {exporter: {my_exporter: {deep: {er: [1]}}}}
instrumentation/development:
  python:
    requests: {excluded_urls: health, nested: {a: [1]}}
    flask: {enabled: false}
    logging: {correlation: NAMED, export: false, another: 1}
distribution:
  otelrun:
    pipeline: in_process
    exit_budget_ms: 1
    children: none
    instrumentation: {default_enabled: false, enabled: [requests], disabled: [django]}
    store: {enabled: false, keep_runs: 3, max_total_mb: 9, max_run_mb: 7}
    ring: {size: 8192, tables_size: 12288, hold_ms: 7, open_spans: 0}
    outbox_limit_mb: 5
    self_metrics: true
    methods:
      - shop.util:*
      - target: shop.cart:Cart.total
        arguments: [price, tax]
      - {target: "shop.cart:Cart.add", arguments: true}
      - {target: "shop.cart:Cart.drop", arguments: false}
"""

EXPECTED = Profile(
    name="./profile.yaml",
    disabled=False,
    log_level="debug",
    service_name_source="profile.yaml:10",
    resource=Resource(
        attributes=(
            ("service.name", "shop"),
            ("version", "1.10"),
            ("ratio", 1.0),
            ("ports", (1, 2)),
            ("shares", (1.0, 2.5)),
            ("flags", (True, False)),
            ("team", "a b"),
        ),
        detectors=("host", "process", "mine"),
        schema_url="https://example.org/schema",
    ),
    propagators=("tracecontext", "xray", "baggage", "b3"),
    tracer_provider=TracerProvider(
        processors=(
            Processor(
                "batch",
                exporter=Exporter(
                    "otlp_http",
                    endpoint="https://host:4318/v1/traces",
                    headers=(("A", "1"), ("B", "x,y")),
                    compression="gzip",
                    timeout_ms=50,
                    tls=Tls("/ca", "/key", "/cert"),
                    encoding="json",
                ),
                schedule_delay_ms=100,
                export_timeout_ms=200,
                max_queue_size=300,
                max_export_batch_size=40,
            ),
            Processor("simple", exporter=Exporter("console")),
            Processor("my_processor", plugin_config={"size": 3, "names": ("a", "b")}),
        ),
        sampler=Sampler(
            "parent_based",
            root=Sampler("trace_id_ratio_based", ratio=0.25),
            remote_parent_sampled=Sampler("my_sampler", plugin_config={"rate": 5}),
        ),
        limits=SpanLimits(attribute_value_length_limit=1000, attribute_count_limit=32, event_count_limit=16),
    ),
    meter_provider=MeterProvider(
        readers=(
            MetricReader(
                Exporter(
                    "otlp_grpc",
                    endpoint="host:4317",
                    headers=(("authorization", "x"),),
                    tls=Tls(insecure=True),
                    temporality="delta",
                    histogram_aggregation="base2_exponential_bucket_histogram",
                ),
                interval_ms=10,
                timeout_ms=20,
            ),
            MetricReader(Exporter("otlp_file", output_stream="file:///tmp/m.jsonl")),
        ),
        exemplar_filter="always_off",
        cardinality_limit=77,
    ),
    logger_provider=LoggerProvider(
        processors=(
            Processor("batch", Exporter("otlp_grpc", endpoint="http://localhost:4317"), schedule_delay_ms=1000),
            Processor("batch", Exporter("my_exporter", plugin_config={"deep": {"er": (1,)}}), schedule_delay_ms=1000),
        ),
        limits=LogLimits(attribute_value_length_limit=5, attribute_count_limit=64),
    ),
    instrumentations=(
        Instrumentation("requests", options=(("excluded_urls", "health"), ("nested", {"a": (1,)}))),
        Instrumentation("flask", enabled=False),
        Instrumentation("logging", options=(("correlation", "named"), ("export", False), ("another", 1))),
    ),
    otelrun=Otelrun(
        pipeline="in_process",
        default_enabled=False,
        enabled=("requests",),
        disabled=("django",),
        exit_budget_ms=1,
        children="none",
        store=Store(enabled=False, keep_runs=3, max_total_mb=9, max_run_mb=7),
        ring=Ring(size=8192, tables_size=12288, hold_ms=7, open_spans=0),
        outbox_limit_mb=5,
        self_metrics=True,
        methods=(
            Method("shop.util:*"),
            Method("shop.cart:Cart.total", ("price", "tax")),
            Method("shop.cart:Cart.add", ("*",)),
            Method("shop.cart:Cart.drop"),
        ),
    ),
)


def test_every_key_arrives(load, tmp_path):
    loaded = load(WHOLE)
    assert loaded.warnings == ()
    assert loaded.profile == EXPECTED._replace(origin=str(tmp_path / "profile.yaml"))


def test_what_is_absent_is_absent(load, tmp_path):
    profile = load('file_format: "1.1"\n').profile
    assert profile == Profile(name="./profile.yaml", origin=str(tmp_path / "profile.yaml"))
    assert (profile.tracer_provider, profile.propagators, profile.otelrun.store.enabled) == (None, (), True)


def test_null_means_the_official_default(load):
    text = """file_format: "1.1"
disabled:
log_level:
tracer_provider:
  limits: {attribute_count_limit: , event_count_limit: ~}
  sampler: {parent_based: }
  processors:
    - batch: {schedule_delay: , exporter: {otlp_http: }}
"""
    profile = load(text).profile
    exporter = Exporter("otlp_http", endpoint="http://localhost:4318/v1/traces")
    expected = TracerProvider(processors=(Processor("batch", exporter),), sampler=Sampler("parent_based"))
    assert (profile.disabled, profile.log_level, profile.tracer_provider) == (False, "info", expected)


def test_the_experimental_probability_sampler_becomes_a_ratio(load):
    text = """file_format: "1.1"
tracer_provider:
  sampler: {probability/development: {ratio: 0.5}}
  processors: [{simple: {exporter: {console: }}}]
"""
    loaded = load(text)
    assert loaded.profile.tracer_provider.sampler == Sampler("trace_id_ratio_based", ratio=0.5)
    assert len(loaded.warnings) == 1


def test_propagator_none_is_none(load):
    assert load('file_format: "1.1"\npropagator: {composite_list: none}\n').profile.propagators == ()


def test_a_header_left_empty_by_a_variable_is_left_out_with_a_warning(load):
    text = """file_format: "1.1"
tracer_provider:
  processors:
    - simple:
        exporter:
          otlp_http:
            headers:
              - {name: Authorization, value: "${API_KEY}"}
"""
    loaded = load(text)
    assert loaded.profile.tracer_provider.processors[0].exporter.headers == ()
    path = "tracer_provider.processors[0].simple.exporter.otlp_http.headers[0].value"
    assert loaded.warnings == (f"profile.yaml:8:46 {path}: ${{API_KEY}} is not set; the header is left out",)
