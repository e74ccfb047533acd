"""The mistakes people make, and the one line each of them gets."""

from __future__ import annotations

import pytest

GOOD = """file_format: "1.1"
resource:
  attributes:
    - name: service.name
      value: shop
tracer_provider:
  sampler:
    parent_based:
      root:
        always_on:
  processors:
    - batch:
        schedule_delay: 5000
        exporter:
          otlp_http:
            endpoint: http://localhost:4318/v1/traces
propagator:
  composite_list: tracecontext,baggage
"""
EXPORTER = "otlp_http:\n            endpoint: http://localhost:4318/v1/traces"
ROOT = "        always_on:"
RATIO = "tracer_provider.sampler.parent_based.root.trace_id_ratio_based.ratio"
BATCH = "tracer_provider.processors[0].batch"
ENDPOINT = f"{BATCH}.exporter.otlp_http.endpoint"
METRICS = """file_format: "1.1"
meter_provider:
  readers:
    - periodic:
        exporter:
          otlp_http:
            temporality_preference: Delta
"""
COLLECTION = "write one of always_on, always_off, trace_id_ratio_based"

MISTAKES = {
    "nested key": (("exporter:", "exporters:"), f"14:9 {BATCH}.exporters: unknown key; did you mean 'exporter'?"),
    "camel case": (
        ("schedule_delay", "scheduleDelay"),
        f"13:9 {BATCH}.scheduleDelay: unknown key; did you mean 'schedule_delay'?",
    ),
    "duration": (("5000", "5s"), f"13:25 {BATCH}.schedule_delay: '5s' is not an integer (milliseconds); write 5000"),
    "quoted number": (
        ("5000", '"5000"'),
        f"13:25 {BATCH}.schedule_delay: '5000' is not an integer (milliseconds); write 5000 without quotes",
    ),
    "float": (("5000", "5.0"), f"13:25 {BATCH}.schedule_delay: '5.0' is not an integer (milliseconds); write 5"),
    "boolean for a number": (
        ("5000", "true"),
        f"13:25 {BATCH}.schedule_delay: 'true' is not an integer (milliseconds); write e.g. 5000",
    ),
    "negative": (("5000", "-1"), f"13:25 {BATCH}.schedule_delay: '-1' is too small; write 0 or more"),
    "huge": (
        ("5000", "9" * 30),
        f"13:25 {BATCH}.schedule_delay: '{'9' * 30}' is too large; write 9223372036854775807 or less",
    ),
    "list for a number": (("5000", "[1]"), f"13:25 {BATCH}.schedule_delay: a list cannot stand here; write one value"),
    "ratio as a word": (
        (ROOT, "        trace_id_ratio_based: {ratio: high}"),
        f"10:39 {RATIO}: 'high' is not a number from 0 to 1; write e.g. 0.1",
    ),
    "ratio in percent": (
        (ROOT, "        trace_id_ratio_based: {ratio: 50}"),
        f"10:39 {RATIO}: '50' is not from 0 to 1; write 0.5",
    ),
    "ratio with a sign": (
        (ROOT, "        trace_id_ratio_based: {ratio: 25%}"),
        f"10:39 {RATIO}: '25%' is not a number from 0 to 1; write 0.25",
    ),
    "sampler as a word": (
        ("      root:\n        always_on:", "      root: always_on"),
        (
            "9:13 tracer_provider.sampler.parent_based.root: 'always_on' is not a mapping; "
            "write 'always_on:' on a line of its own, indented"
        ),
    ),
    "two samplers": (
        (ROOT, ROOT + "\n        always_off:"),
        (
            "10:9 tracer_provider.sampler.parent_based.root: 2 keys ('always_on', 'always_off') where exactly one chooses; "
            "write one of always_on, always_off, trace_id_ratio_based, parent_based, composite/development, "
            "jaeger_remote/development, always_record or probability/development"
        ),
    ),
    "sampler's everyday name": (
        (ROOT, "        traceidratio:"),
        (
            "10:9 tracer_provider.sampler.parent_based.root.traceidratio: unknown component; "
            "did you mean 'trace_id_ratio_based'?"
        ),
    ),
    "processors as a mapping": (
        ("    - batch:", "      batch:"),
        "12:7 tracer_provider.processors: a mapping is not a list; write a list: '- ' before each processor",
    ),
    "propagator as a list": (
        ("  composite_list: tracecontext,baggage", "  - tracecontext"),
        "18:3 propagator: a list is not a mapping; write composite_list: tracecontext,baggage below it",
    ),
    "attributes as a mapping": (
        ("    - name: service.name\n      value: shop", "    service.name: shop"),
        "4:5 resource.attributes: a mapping is not a list; write a list of '- name: NAME' with 'value: VALUE' below it",
    ),
    "file_format without quotes": (
        ('"1.1"', "1.1"),
        '1:14 file_format: 1.1 is a number, not text; write "1.1" in quotes',
    ),
    "file_format missing": (
        ('file_format: "1.1"\n', ""),
        "1:1: 'file_format' is missing; write file_format: \"1.1\"",
    ),
    "file_format empty": (('"1.1"', ""), '1:13 file_format: the version is missing; write file_format: "1.1"'),
    "file_format old": (
        ("1.1", "0.3"),
        (
            "1:14 file_format: '0.3' is not a version that otelrun reads; write file_format: \"1.1\", "
            "and the keys of that version"
        ),
    ),
    "file_format of the future": (
        ("1.1", "2.0"),
        (
            "1:14 file_format: '2.0' is not a version that otelrun reads; write file_format: \"1.1\", "
            "and the keys of that version"
        ),
    ),
    "file_format as a word": (
        ("1.1", "latest"),
        "1:14 file_format: 'latest' is not MAJOR.MINOR; write file_format: \"1.1\"",
    ),
    "misspelt exporter": (
        ("otlp_http", "otlphttp"),
        f"15:11 {BATCH}.exporter.otlphttp: unknown component; did you mean 'otlp_http'?",
    ),
    "exporter without its suffix": (
        (EXPORTER, "otlp_file:"),
        f"15:11 {BATCH}.exporter.otlp_file: unknown component; did you mean 'otlp_file/development'?",
    ),
    "exporter's python spelling": (
        (EXPORTER, "otlp_file_development:"),
        f"15:11 {BATCH}.exporter.otlp_file_development: unknown component; did you mean 'otlp_file/development'?",
    ),
    "exporter's everyday name": (
        (EXPORTER, "otlp:"),
        f"15:11 {BATCH}.exporter.otlp: unknown component; did you mean 'otlp_http'?",
    ),
    "misspelt propagator": (
        ("composite_list: tracecontext,baggage", "composite: [tracecontex: ]"),
        "18:15 propagator.composite[0].tracecontex: unknown component; did you mean 'tracecontext'?",
    ),
    "misspelt listed propagator": (
        ("tracecontext,baggage", "tracecontext,bagage"),
        "18:19 propagator.composite_list: 'tracecontext,bagage' has an unknown name in it; did you mean 'baggage'?",
    ),
    "unset variable in an endpoint": (
        ("http://localhost:4318/v1", "${X}/v1"),
        f"16:23 {ENDPOINT}: '${{X}}/v1/traces' is not a URL; write e.g. http://localhost:4318/v1/traces (${{X}} is not set)",
    ),
    "shell's required variable": (
        ("shop", "${X:?message}"),
        "5:14: '${X…}' is not a reference; write ${NAME} or ${NAME:-default}, and $$ for a $ itself",
    ),
    "endpoint without a scheme": (
        ("http://localhost:4318/v1/traces", "localhost:4318"),
        f"16:23 {ENDPOINT}: 'localhost:4318' is not a URL; write http://localhost:4318",
    ),
    "endpoint of nonsense": (
        ("http://localhost:4318/v1/traces", "no url"),
        f"16:23 {ENDPOINT}: 'no url' is not a URL; write e.g. http://localhost:4318/v1/traces",
    ),
    "output stream as a path": (
        (EXPORTER, "otlp_file/development:\n            output_stream: t.jsonl"),
        (
            f"16:28 {BATCH}.exporter.otlp_file/development.output_stream: 't.jsonl' is no stream; "
            "write stdout or file:///absolute/path.jsonl"
        ),
    ),
    "output stream as an absolute path": (
        (EXPORTER, "otlp_file/development:\n            output_stream: /tmp/t.jsonl"),
        (
            f"16:28 {BATCH}.exporter.otlp_file/development.output_stream: '/tmp/t.jsonl' is no stream; "
            "write file:///tmp/t.jsonl"
        ),
    ),
    "custom tag": (
        ("shop", "!env SERVICE"),
        "5:14: the tag '!env' is not for profiles; write the plain value, and ${NAME} for a variable",
    ),
    "mixed list": (
        ("shop", "[1, a]"),
        "5:14 resource.attributes[0].value: the value is a list of different types; write values of one type",
    ),
    "empty list": (
        ("shop", "[]"),
        (
            "5:14 resource.attributes[0].value: the value is a list with nothing, or with lists in it; "
            "write text, a number, a boolean or a list of one of these"
        ),
    ),
    "mapping as a value": (
        ("shop", "{a: b}"),
        (
            "5:14 resource.attributes[0].value: the value is a mapping; "
            "write text, a number, a boolean or a list of one of these"
        ),
    ),
    "value of another type": (
        ("shop", "shop\n      type: int"),
        "5:14 resource.attributes[0].value: 'shop' is not of its type int; write a value of that type, or type: string",
    ),
    "number for text": (
        ("name: service.name", "name: 1.5"),
        "4:13 resource.attributes[0].name: '1.5' is a number, not text; write \"1.5\" in quotes",
    ),
    "nothing for text": (
        ("name: service.name", "name:"),
        "4:12 resource.attributes[0].name: the value is missing its value; write some text",
    ),
    "name without a value": (
        ("      value: shop\n", ""),
        "4:7 resource.attributes[0]: 'value' is missing; write 'value:'",
    ),
    "batch without an exporter": (
        (f"        exporter:\n          {EXPORTER}\n", ""),
        (
            f"13:9 {BATCH}: 'exporter' is missing; write 'exporter:' and below it otlp_http, otlp_grpc, "
            "otlp_file/development or console"
        ),
    ),
    "content below a sampler": (
        (ROOT, "        always_on: {ratio: 1}"),
        "10:21 tracer_provider.sampler.parent_based.root.always_on.ratio: unknown key; nothing stands below this one",
    ),
    "instrumentation of null": (
        ("propagator:", "instrumentation/development:\n  python:\n    requests:\npropagator:"),
        "19:14 instrumentation/development.python.requests: nothing is not a mapping; write keys below it, indented",
    ),
    "an unknown way to correlate": (
        ("propagator:", "instrumentation/development: {python: {logging: {correlation: always}}}\npropagator:"),
        (
            "17:63 instrumentation/development.python.logging.correlation: 'always' is not known here; "
            "write named, true or false"
        ),
    ),
    "distribution of null": (
        ("propagator:", "distribution:\npropagator:"),
        "17:14 distribution: nothing is not a mapping; write keys below it, indented",
    ),
    "our own misspelt key": (
        ("propagator:", "distribution: {otelrun: {pipline: auto}}\npropagator:"),
        "17:26 distribution.otelrun.pipline: unknown key; did you mean 'pipeline'?",
    ),
    "our own misspelt word": (
        ("propagator:", "distribution: {otelrun: {environment_variables: honor}}\npropagator:"),
        "17:49 distribution.otelrun.environment_variables: 'honor' is not known here; write honour (or ignore)",
    ),
    "our own yes": (
        ("propagator:", "distribution: {otelrun: {store: {enabled: yes}}}\npropagator:"),
        "17:43 distribution.otelrun.store.enabled: 'yes' is not a boolean; write true",
    ),
    "an outbox without room": (
        ("propagator:", "distribution: {otelrun: {outbox_limit_mb: 0}}\npropagator:"),
        "17:43 distribution.otelrun.outbox_limit_mb: '0' is too small; write 1 or more",
    ),
    "too many open spans": (
        ("propagator:", "distribution: {otelrun: {ring: {open_spans: 65537}}}\npropagator:"),
        "17:45 distribution.otelrun.ring.open_spans: '65537' is too large; write 65536 or less",
    ),
    "our own ring": (
        ("propagator:", "distribution: {otelrun: {ring: {size: 5000}}}\npropagator:"),
        "17:39 distribution.otelrun.ring.size: '5000' is not a power of two, in bytes; write 8192",
    ),
}

WARNINGS = {
    "misspelt top-level key": (
        ("propagator", "propagatr"),
        "17:1 propagatr: unknown key; did you mean 'propagator'? It has no effect",
    ),
    "a collector's key": (
        ("propagator:\n", "traces: {}\npropagator:\n"),
        "17:1 traces: unknown key; did you mean 'tracer_provider'? It has no effect",
    ),
    "a variable's name": (
        ("propagator:\n", "OTEL_SERVICE_NAME: shop\npropagator:\n"),
        "17:1 OTEL_SERVICE_NAME: unknown key; did you mean 'resource.attributes, with name: service.name'? It has no effect",
    ),
    "instrumentation without its suffix": (
        ("propagator:\n", "instrumentation: {}\npropagator:\n"),
        "17:1 instrumentation: unknown key; did you mean 'instrumentation/development'? It has no effect",
    ),
    "endpoint left empty by a variable": (
        ("http://localhost:4318/v1/traces", "${X}"),
        f"16:23 {ENDPOINT}: ${{X}} is not set; http://localhost:4318/v1/traces is used",
    ),
    "endpoint without a path": (
        ("4318/v1/traces", "4318"),
        (
            f"16:23 {ENDPOINT}: 'http://localhost:4318' has no path, and OTLP/HTTP sends to exactly this URL; "
            "write http://localhost:4318/v1/traces"
        ),
    ),
    "endpoint with the port of gRPC": (
        ("4318/v1/traces", "4317"),
        (
            f"16:23 {ENDPOINT}: 'http://localhost:4317' has the port of OTLP/gRPC; "
            "write otlp_grpc instead of otlp_http, or port 4318"
        ),
    ),
    "gRPC with the port of HTTP": (
        (EXPORTER, "otlp_grpc:\n            endpoint: http://localhost:4318"),
        (
            f"16:23 {BATCH}.exporter.otlp_grpc.endpoint: 'http://localhost:4318' has the port of OTLP/HTTP; "
            "write otlp_http instead of otlp_grpc, or port 4317"
        ),
    ),
    "batch larger than the queue": (
        ("schedule_delay: 5000", "max_queue_size: 100"),
        f"13:9 {BATCH}.max_queue_size: batches of 512 from a queue of 100; write max_export_batch_size: 100, which is used",
    ),
    "shell's reference": (
        ("shop", "$SERVICE"),
        "5:14: a '$' before a name is plain text; write ${NAME} for a variable, and $$ for a '$' itself",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_gets_one_line_that_says_what_to_write(problems_of, case):
    (old, new), expected = MISTAKES[case]
    assert problems_of(GOOD.replace(old, new, 1)) == (f"profile.yaml:{expected}",)


@pytest.mark.parametrize("case", WARNINGS)
def test_what_is_accepted_and_likely_not_meant_gets_a_warning(load, case):
    (old, new), expected = WARNINGS[case]
    assert load(GOOD.replace(old, new, 1)).warnings == (f"profile.yaml:{expected}",)


def test_a_good_profile_gets_no_word(load):
    assert load(GOOD).warnings == ()


def test_a_word_in_another_case_is_told_the_right_one(problems_of):
    path = "meter_provider.readers[0].periodic.exporter.otlp_http.temporality_preference"
    text = f"profile.yaml:7:37 {path}: 'Delta' is not known here; write delta (or cumulative or low_memory)"
    assert problems_of(METRICS) == (text,)


def test_a_word_from_a_variable_may_have_any_case(load):
    profile = load(METRICS.replace("Delta", "${T}"), {"T": "LowMemory"}).profile
    assert profile.meter_provider.readers[0].exporter.temporality == "low_memory"


def test_an_unknown_key_of_a_newer_minor_is_a_warning(load):
    text = GOOD.replace("1.1", "1.9").replace("schedule_delay:", "tempo:")
    assert load(text).warnings == (
        (
            "profile.yaml:1:14 file_format: '1.9' is newer than 1.1, the newest that otelrun knows; "
            "keys that it does not know have no effect"
        ),
        (
            f"profile.yaml:13:9 {BATCH}.tempo: unknown key; write schedule_delay, export_timeout, max_queue_size, "
            "max_export_batch_size or exporter; it has no effect"
        ),
    )


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.0-rc.3", "1.1.1"])
def test_a_known_minor_gets_no_word(load, version):
    assert load(GOOD.replace("1.1", version)).warnings == ()


def test_a_cycle_of_aliases_is_one_line(problems_of):
    text = GOOD.replace("  sampler:\n", "  sampler: &s\n").replace(ROOT, "").replace("root:", "root: *s")
    expected = "profile.yaml:9:13: the alias '*s' stands inside what it names; write it out once"
    assert problems_of(text) == (expected,)


def test_a_valid_alias_bomb_is_refused_quickly(problems_of):
    five = (
        "root",
        "remote_parent_sampled",
        "remote_parent_not_sampled",
        "local_parent_sampled",
        "local_parent_not_sampled",
    )
    lines = ['file_format: "1.1"', "x0: &s0 {always_on: }"]
    lines += [
        f"x{n}: &s{n} {{parent_based: {{{', '.join(f'{key}: *s{n - 1}' for key in five)}}}}}" for n in range(1, 9)
    ]
    [problem] = problems_of("\n".join(lines) + "\n")
    assert problem.endswith("more than 100,000 values, aliases written out; write fewer or smaller aliases")


def test_official_keys_that_are_not_followed_get_one_warning_each(load):
    text = GOOD.replace("  sampler:\n", "  id_generator: {xray: }\n  tracer_configurator/development: {}\n  sampler:\n")
    text += """instrumentation/development:
  general:
    stability_opt_in_list: http
meter_provider:
  exemplar_filter: always_on
  views: [{selector: {}, stream: {}}]
  readers:
    - pull: {exporter: {prometheus/development: }}
    - periodic:
        max_export_batch_size/development: 10
        cardinality_limits: {default: 100, counter: 10}
        exporter: {console: }
"""
    no = "official, but otelrun does not follow it yet;"
    periodic = "meter_provider.readers[1].periodic"
    assert load(text).warnings == (
        f"profile.yaml:7:24 tracer_provider.id_generator.xray: {no} random ids are made",
        f"profile.yaml:8:36 tracer_provider.tracer_configurator/development: {no} every tracer is enabled",
        f"profile.yaml:23:28 instrumentation/development.general.stability_opt_in_list: {no} it has no effect",
        f"profile.yaml:25:3 meter_provider.exemplar_filter: {no} no exemplars are recorded",
        f"profile.yaml:26:10 meter_provider.views: {no} every instrument has its default view",
        f"profile.yaml:28:13 meter_provider.readers[0].pull: {no} the reader is left out",
        f"profile.yaml:30:44 {periodic}.max_export_batch_size/development: {no} all points of an interval go in one request",
        f"profile.yaml:31:53 {periodic}.cardinality_limits.counter: {no} 'default' holds for it",
    )


def test_other_languages_and_distributions_get_no_word(load):
    text = GOOD + "instrumentation/development:\n  java: {http: {a: 1}}\ndistribution:\n  splunk: {x: 1}\n"
    assert load(text).warnings == ()


SECRETS = (
    GOOD
    + """logger_provider:
  processors:
    - batch:
        timeot: 1
        exporter:
          otlp_http:
            endpoint: "ftp://user:hunter2@host/"
            headers:
              - name: Authorization
                value: 314159
              - {name: x-key, valu: hunter2}
              - {name: "two words", value: "Bearer ${API_KEY}"}
              - {name: line, value: "hunter2\\nX: y"}
            headers_list: hunter2
            compression: ${API_KEY}
            timeout: ${API_KEY}
            tls: {ca_file: [hunter2]}
    - simple: {exporter: {otlp_grpc: {headers: hunter2, endpoint: "http://${API_KEY}@host:99999"}}}
    - simple: {exporter: {otlp_http: {headers: {Authorization: hunter2}}}}
    - simple: {exporter: {otlp_http: {headers: sesame}}}
    - hunter: hunter2
"""
)


def test_no_secret_is_ever_told(problems_of):
    told = "\n".join(problems_of(SECRETS, {"API_KEY": "k3y-of-a-house"}))
    assert len(told.splitlines()) >= 12
    for secret in ("hunter2", "k3y", "314159", "sesame", "user"):
        assert secret not in told
    assert "'${API_KEY}' is not an integer (milliseconds); write e.g. 10000" in told
