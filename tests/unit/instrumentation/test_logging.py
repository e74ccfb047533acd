from __future__ import annotations

import io
import logging
import logging.config
import sys
import threading
import traceback

import pytest
from opentelemetry._logs import SeverityNumber

from otelrun.instrumentation import logging as logs
from otelrun.instrumentation import sources


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """No handler of another test is there, and none stays."""
    monkeypatch.setattr(logging, "_handlerList", [])


@pytest.fixture
def patched(telemetry, ledger):
    logs.apply(ledger, {})
    return telemetry


@pytest.fixture
def correlating(telemetry, ledger):
    logs.apply(ledger, {"correlation": True})
    return telemetry


@pytest.fixture
def logger(request):
    """A logger of its own, out of the reach of the test runner's handlers."""
    logger = logging.Logger(f"app.{request.node.name}", logging.INFO)  # noqa: LOG001
    logger.addHandler(logging.NullHandler())
    return logger


@pytest.fixture
def records(logger):
    """What the program's own handler receives."""
    received = []

    class Keeping(logging.Handler):
        def emit(self, record):
            received.append(record)

    logger.addHandler(Keeping())
    return received


def ids_of(span):
    return format(span.get_span_context().trace_id, "032x"), format(span.get_span_context().span_id, "016x")


def test_a_record_becomes_an_otel_log_record(patched, logger):
    def place():
        logger.warning("%d items for %s", 3, "ada", extra={"cart": {"id": 7, "lines": (1, "two")}, "user.id": "u1"})

    before = place.__code__.co_firstlineno
    place()
    (log,) = patched.logs()
    assert log.body == "3 items for ada"
    assert (log.severity_number, log.severity_text) == (SeverityNumber.WARN, "WARNING")
    assert dict(log.attributes) == {
        "code.file.path": __file__,
        "code.function.name": "place",
        "code.line.number": before + 1,
        "thread.id": threading.get_ident(),
        "thread.name": threading.current_thread().name,
        "cart": {"id": 7, "lines": (1, "two")},
        "user.id": "u1",
    }
    assert log.trace_id == log.span_id == 0
    assert patched.scopes_of_logs() == [logger.name]


def test_with_exporters_in_the_program_what_its_handler_sends_to_all_of_them_is_not_made(patched, logger, monkeypatch):
    monkeypatch.setattr(sources.logs, "left_of", lambda _, level: 0b11 if level > logging.WARNING else 0b01)
    monkeypatch.setattr(sources.logs, "exporters", 0b11)
    logger.error("sent by its handler")
    logger.warning("sent by its handler to one of two")
    assert [log.body for log in patched.logs()] == ["sent by its handler to one of two"]


def test_inside_a_span_both_carry_its_ids(correlating, tracer, logger, records):
    with tracer.start_as_current_span("work") as work:
        logger.info("inside")
    logger.info("outside")
    assert [(record.trace_id, record.span_id) for record in records] == [ids_of(work), ("0", "0")]
    context = work.get_span_context()
    assert [(log.trace_id, log.span_id) for log in correlating.logs()] == [(context.trace_id, context.span_id), (0, 0)]
    assert [set(log.attributes) & {"trace_id", "span_id"} for log in correlating.logs()] == [set(), set()]


def test_the_programs_own_fields_win_and_do_not_raise(correlating, tracer, logger, records):
    with tracer.start_as_current_span("work") as work:
        logger.info("mine", extra={"trace_id": "my own"})
    assert (records[0].trace_id, records[0].span_id) == ("my own", ids_of(work)[1])
    assert correlating.logs()[0].attributes["trace_id"] == "my own"


def test_records_have_no_field_as_long_as_no_format_names_it(patched, tracer, logger, records):
    for text in ("%(message)s", "%(my_trace_id)s %(trace_ids)s %(xtrace_id)s trace_id"):
        logging.Formatter(text)
    with tracer.start_as_current_span("work") as work:
        logger.info("hello", extra={"span_id": "0"})
    assert set(vars(records[0])) - set(vars(logging.makeLogRecord({}))) == {"span_id"}
    (log,) = patched.logs()
    assert log.span_id == work.get_span_context().span_id
    assert log.attributes["span_id"] == "0"


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("%(trace_id)s %(message)s", "%"),
        ("%(trace_id)-40s %(message)s", "%"),
        ("{trace_id} {message}", "{"),
        ("{trace_id!s:>40} {message}", "{"),
        ("$trace_id $message", "$"),
        ("${trace_id} $message", "$"),
    ],
)
def test_once_a_format_names_an_id_handlers_and_filters_see_it(text, style, patched, tracer, logger):
    stream, seen = io.StringIO(), []
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(text, style=style))
    logger.addHandler(handler)
    logger.addFilter(lambda record: seen.append((record.trace_id, hasattr(record, "span_id"))) or True)
    with tracer.start_as_current_span("work") as work:
        logger.info("hello")
    logger.info("outside")
    assert [line.split() for line in stream.getvalue().splitlines()] == [[ids_of(work)[0], "hello"], ["0", "outside"]]
    assert seen == [(ids_of(work)[0], False), ("0", False)]
    assert [dict(log.attributes).get("trace_id") for log in patched.logs()] == [None, None]


@pytest.mark.parametrize(
    ("text", "style"), [("%(otelTraceID)s %(span.id)s", "%"), ("{otelTraceID} 0", "{"), ("$otelTraceID 0", "$")]
)
def test_the_fields_have_the_names_that_are_asked_for(text, style, telemetry, ledger, tracer, logger):
    logs.apply(ledger, {"fields": {"trace_id": "otelTraceID", "span_id": "span.id"}})
    stream, seen = io.StringIO(), []
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(text, style=style))
    logger.addHandler(handler)
    logger.addFilter(lambda record: seen.append(hasattr(record, "trace_id")) or True)
    with tracer.start_as_current_span("work") as work:
        logger.info("hello")
    trace_id, span_id = ids_of(work)
    assert stream.getvalue() == f"{trace_id} {span_id if style == '%' else 0}\n"
    assert seen == [False]
    [log] = telemetry.logs()
    assert not {"otelTraceID", "span.id"} & log.attributes.keys()


def test_a_default_of_the_programs_own_stands_outside_a_span(patched, tracer, logger):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(trace_id)s %(span_id)s", defaults={"trace_id": "none"}))
    logger.addHandler(handler)
    with tracer.start_as_current_span("work") as work:
        logger.info("hello")
    logger.info("outside")
    assert stream.getvalue() == f"{' '.join(ids_of(work))}\nnone 0\n"
    logging.Formatter("%(trace_id)s")
    logger.info("outside")
    assert stream.getvalue().endswith("\nnone 0\n0 0\n")


def test_formats_from_before_the_patch_are_seen(telemetry, ledger, tracer, logger, records):
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(logging.Formatter("%(trace_id)s"))
    logger.addHandler(handler)
    logs.apply(ledger, {"export": False})
    with tracer.start_as_current_span("work") as work:
        logger.info("hello")
    assert records[0].trace_id == ids_of(work)[0]
    assert not hasattr(records[0], "span_id")


def test_a_format_configured_by_a_dictionary_is_seen(patched, tracer, logger):
    stream = io.StringIO()
    logging.config.dictConfig(
        {
            "version": 1,
            "incremental": False,
            "disable_existing_loggers": False,
            "formatters": {"ids": {"format": "{span_id} {message}", "style": "{"}},
            "handlers": {"own": {"class": "logging.StreamHandler", "formatter": "ids", "stream": stream}},
            "loggers": {"configured": {"handlers": ["own"], "propagate": False}},
        }
    )
    with tracer.start_as_current_span("work") as work:
        logging.getLogger("configured").warning("hello")
    assert stream.getvalue() == f"{ids_of(work)[1]} hello\n"


def test_a_logger_class_that_makes_its_own_records_has_ids_too(patched, tracer):
    class Own(logging.Logger):
        def makeRecord(self, *about, **named):
            return logging.LogRecord(*about[:7])

    with tracer.start_as_current_span("work"):
        Own("own").warning("hello")
    assert [log.body for log in patched.logs()] == ["hello"]
    assert patched.logs()[0].span_id


def test_below_the_level_filtered_or_disabled_nothing_is_exported(patched, logger):
    logger.debug("below")
    logger.addFilter(lambda record: record.msg != "filtered")
    logger.info("filtered")
    logging.disable(logging.INFO)
    try:
        logging.getLogger("app.disabled").info("disabled")
    finally:
        logging.disable(logging.NOTSET)
    logger.disabled = True
    logger.info("logger disabled")
    assert patched.logs() == []


def test_a_filter_that_replaces_the_record(patched, logger):
    if sys.version_info < (3, 12):
        pytest.skip("filters may return a record from 3.12 on")
    logger.addFilter(lambda record: logging.makeLogRecord({**record.__dict__, "msg": "replaced"}))
    logger.info("original")
    assert [log.body for log in patched.logs()] == ["replaced"]


def test_an_unconfigured_program_logs_as_bare(patched, monkeypatch):
    monkeypatch.setattr(logging.root, "handlers", [])
    stream = io.StringIO()
    monkeypatch.setattr(logging, "lastResort", logging.StreamHandler(stream))
    logging.getLogger("unconfigured").warning("last resort")
    assert stream.getvalue() == "last resort\n"
    assert logging.root.handlers == []
    assert not logging.getLogger("unconfigured").hasHandlers()
    assert [log.body for log in patched.logs()] == ["last resort"]


def test_levels_map_to_severity_numbers(patched, logger):
    logger.setLevel(1)
    for level in (1, 5, 10, 15, 20, 25, 30, 40, 45, 50, 55, 1000):
        logger.log(level, "x")
    assert [log.severity_number.value for log in patched.logs()] == [1, 1, 5, 8, 9, 12, 13, 17, 20, 21, 24, 24]
    assert logs._severity(0) == 0


def test_an_exception_is_in_the_attributes(patched, logger, records):
    try:
        raise KeyError("lost")
    except KeyError:
        logger.exception("failed")
    attributes = patched.logs()[0].attributes
    assert (attributes["exception.type"], attributes["exception.message"]) == ("KeyError", "'lost'")
    assert attributes["exception.stacktrace"].startswith("Traceback (most recent call last):\n")
    assert attributes["exception.stacktrace"].endswith("KeyError: 'lost'\n")
    assert records[0].exc_text is None


def test_exc_info_without_an_exception(patched, logger):
    logger.error("none", exc_info=True)
    assert "exception.type" not in patched.logs()[0].attributes


def test_a_stack_is_in_the_attributes(patched, logger):
    logger.info("here", stack_info=True)
    assert patched.logs()[0].attributes["code.stacktrace"].startswith("Stack (most recent call last):\n")


class Unprintable:
    def __str__(self):
        raise RuntimeError("cannot be printed")


def test_a_bad_format_string_is_exported_raw_and_told_as_bare(patched, logger, capsys):
    logger.addHandler(logging.StreamHandler(io.StringIO()))
    logger.info("%d items", "three")
    ours = capsys.readouterr().err
    assert [log.body for log in patched.logs()] == ["%d items"]
    assert "--- Logging error ---" in ours
    assert "otelrun/instrumentation" not in ours


def test_arguments_that_cannot_be_printed(patched, logger):
    logger.info("%s", Unprintable(), extra={"what": Unprintable()})
    (log,) = patched.logs()
    assert (log.body, log.attributes["what"]) == ("%s", "<Unprintable>")


def test_a_message_that_cannot_be_printed_is_named(patched, logger):
    logger.info(Unprintable())
    assert [log.body for log in patched.logs()] == ["<Unprintable>"]


def test_structured_values_are_copied_as_the_data_model_allows(patched, logger):
    loop = []
    loop.append(loop)
    lines = [1, 2]
    logger.info("x", extra={"big": 1 << 70, "lines": lines, "nothing": None, "when": complex(1), "loop": loop})
    lines.append(3)
    attributes = patched.logs()[0].attributes
    assert attributes["big"] == str(1 << 70)
    assert attributes["lines"] == (1, 2)
    assert attributes["when"] == "(1+0j)"
    assert "loop" in attributes


def test_our_own_and_opentelemetrys_loggers_are_not_exported(patched):
    for name in ("opentelemetry", "opentelemetry.sdk.trace", "otelrun", "otelrun.x"):
        logging.getLogger(name).warning("own")
    logging.getLogger("opentelemetryish").warning("the program's")
    assert [log.body for log in patched.logs()] == ["the program's"]


def test_logging_during_emission_does_not_recurse(patched, logger):
    class Chatty:
        def on_emit(self, log_data):
            logger.warning("from the processor")

        def shutdown(self):
            pass

        def force_flush(self, timeout_millis=0):
            return True

        def enabled(self, **_):
            return True

    patched.logger_provider.add_log_record_processor(Chatty())
    logger.info("one")
    assert [log.body for log in patched.logs()] == ["one"]


def test_a_str_that_logs_is_logged(patched, logger):
    class Telling:
        def __str__(self):
            logger.info("while printing")
            return "printed"

    logger.info("%s", Telling())
    assert [log.body for log in patched.logs()] == ["while printing", "printed"]


def test_no_frame_of_ours_is_on_the_stack_of_a_handler(patched, logger):
    stacks = []

    class Looking(logging.Handler):
        def emit(self, record):
            stacks.append([frame.filename for frame in traceback.extract_stack()])

    logger.addHandler(Looking())
    logger.info("x")
    here = [name for name in stacks[0] if name in (logs.__file__, logging.__file__)]
    assert here == [logging.__file__] * 5  # info, _log, handle, callHandlers, handle


def test_options_switch_correlation_and_export_off(telemetry, ledger, logger, records):
    logs.apply(ledger, {"correlation": False})
    logging.Formatter("%(trace_id)s")
    logger.info("exported only")
    assert not hasattr(records[0], "trace_id")
    ledger.undo()
    logs.apply(ledger, {"export": False, "correlation": True})
    logger.info("correlated only")
    assert records[1].trace_id == "0"
    assert [log.body for log in telemetry.logs()] == ["exported only"]
    ledger.undo()
    logs.apply(ledger, {"correlation": False, "export": False})
    assert "filter" not in vars(logging.Logger)


def test_without_export_no_record_meets_a_patch_before_a_format_names_an_id(telemetry, ledger, logger):
    logs.apply(ledger, {"export": False})
    logging.Formatter("%(message)s")
    assert "filter" not in vars(logging.Logger)
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(logging.Formatter("%(span_id)s"))
    logger.addHandler(handler)
    logger.info("named")
    assert handler.stream.getvalue() == "0\n"
    assert telemetry.logs() == []
    ledger.undo()
    assert "filter" not in vars(logging.Logger)
    logs.apply(ledger, {})
    assert "filter" in vars(logging.Logger)


def test_records_are_not_exported_where_instrumentation_is_suppressed(patched, logger):
    from opentelemetry import context

    token = context.attach(context.set_value(context._SUPPRESS_INSTRUMENTATION_KEY, True))
    try:
        logger.info("an exporter's")
    finally:
        context.detach(token)
    assert patched.logs() == []


def test_the_time_is_the_records(patched, logger, records):
    logger.info("x")
    assert abs(patched.logs()[0].timestamp - records[0].created * 1e9) < 1000


def test_a_provider_of_the_programs_that_takes_whole_records_only_gets_none(ledger, logger, records, monkeypatch):
    class OldLogger:
        def emit(self, record):
            pytest.fail("is given a record")

    monkeypatch.setenv("OTELRUN_STRICT", "true")
    monkeypatch.setattr("opentelemetry._logs.get_logger", lambda *_, **__: OldLogger())
    logs.apply(ledger, {})

    logger.warning("once")
    logger.warning("twice")

    assert [record.getMessage() for record in records] == ["once", "twice"]
