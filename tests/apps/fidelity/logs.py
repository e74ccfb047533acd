"""Logs in one of the ways there are: ``logs.py WAY``."""

import io
import json
import logging
import logging.config
import logging.handlers
import os
import pickle
import queue
import sys
import threading
import warnings

log = logging.getLogger("shop.orders")


def unconfigured():
    log.debug("never")
    log.warning("to stderr by the last resort: %s", "ä")
    logging.error("this one configures")
    log.warning("again")
    print(logging.getLogger().handlers, log.hasHandlers())


def without_last_resort():
    logging.lastResort = None
    log.warning("nobody")
    log.warning("nobody, said once")


def basic():
    logging.basicConfig(level=logging.DEBUG, format="%(levelname)s|%(name)s|%(module)s|%(funcName)s|%(lineno)d|%(message)s")
    log.debug("debug")
    log.info("info %s %d %(here)s" if False else "info %s %d", "a", 1)
    logging.basicConfig(level=logging.ERROR, force=True, stream=sys.stdout)
    log.error("forced")


def all_fields():
    logging.basicConfig(
        stream=sys.stdout,
        format="%(name)s %(levelno)s %(levelname)s %(filename)s %(module)s %(lineno)d %(funcName)s %(threadName)s"
        " %(processName)s %(message)s",
    )
    log.warning("all")
    thread = threading.Thread(target=log.error, args=("in a thread",), name="worker")
    thread.start()
    thread.join()


def record_as_json():
    """The formatter that every shop has: whatever is on the record goes out."""

    class Formatter(logging.Formatter):
        def format(self, record):
            data = vars(record).copy()
            data["exc_info"] = bool(data["exc_info"])
            for name in ("created", "msecs", "relativeCreated", "thread", "process", "pathname"):
                del data[name]
            return json.dumps(data, default=str, sort_keys=True)

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Formatter())
    log.addHandler(handler)
    log.warning("hello %s", "world", extra={"order": 7})
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("failed")


def record_fields():
    class Lister(logging.Handler):
        def emit(self, record):
            print(sorted(vars(record)), record.args, record.msg)

    logging.getLogger().addHandler(Lister())
    log.warning("hello %s", "world", extra={"order": 7})
    print(sorted(vars(logging.makeLogRecord({"msg": "made"}))))


def factory():
    original = logging.getLogRecordFactory()

    def make(*args, **kwargs):
        record = original(*args, **kwargs)
        record.shop = "open"
        return record

    logging.setLogRecordFactory(make)
    logging.basicConfig(format="%(shop)s %(message)s", stream=sys.stdout)
    log.warning("made by a factory")
    print(logging.getLogRecordFactory() is make)


def record_with_slots():
    class Record(logging.LogRecord):
        def __setattr__(self, name, value):
            if name in ("trace_id", "span_id"):
                print("somebody sets", name)
            super().__setattr__(name, value)

    logging.setLogRecordFactory(Record)
    log.warning("strict")


def stack():
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    log.warning("here", stack_info=True)

    def inner():
        log.warning("there", stack_info=True, stacklevel=2)

    inner()


def trace_ids_in_format():
    logging.basicConfig(stream=sys.stdout, format="%(message)s %(trace_id)s", level=logging.INFO)
    logging.raiseExceptions = True
    log.info("there is no such field", extra={"trace_id": "the program's own"})


def by_dict():
    logging.config.dictConfig(
        {
            "version": 1,
            "formatters": {"short": {"format": "{levelname}:{message}", "style": "{"}},
            "filters": {"even": {"()": lambda: (lambda record: record.args[0] % 2 == 0)}},
            "handlers": {"out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "short", "filters": ["even"]}},
            "loggers": {"shop": {"handlers": ["out"], "level": "INFO", "propagate": False}},
            "disable_existing_loggers": True,
        }
    )
    print(log.disabled)
    for number in range(4):
        logging.getLogger("shop").info("number %d", number)


def by_file():
    with open("logging.ini", "w") as file:
        file.write(
            "[loggers]\nkeys=root\n[handlers]\nkeys=out\n[formatters]\nkeys=f\n[logger_root]\nlevel=INFO\nhandlers=out\n"
            "[handler_out]\nclass=StreamHandler\nargs=(sys.stdout,)\nformatter=f\n[formatter_f]\nformat=%(name)s %(message)s\n"
        )
    logging.config.fileConfig("logging.ini", disable_existing_loggers=False)
    log.info("by a file")


def by_queue():
    jobs = queue.Queue()
    listener = logging.handlers.QueueListener(jobs, logging.StreamHandler(sys.stdout))
    logging.getLogger().addHandler(logging.handlers.QueueHandler(jobs))
    listener.start()
    log.warning("through a %s", "queue")
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("with its exception")
    listener.stop()


def pickled():
    class Pickler(logging.Handler):
        def emit(self, record):
            copy = pickle.loads(pickle.dumps(record))
            print(copy.getMessage(), sorted(vars(copy)) == sorted(vars(record)))

    log.addHandler(Pickler())
    log.warning("pickled %s", "record")


def in_memory():
    target = logging.StreamHandler(sys.stdout)
    memory = logging.handlers.MemoryHandler(10, logging.ERROR, target)
    log.addHandler(memory)
    log.warning("held")
    print("before")
    log.error("flushes")
    log.warning("flushed at exit")


def rotating():
    handler = logging.handlers.RotatingFileHandler("shop.log", maxBytes=60, backupCount=2)
    log.addHandler(handler)
    for number in range(6):
        log.warning("line number %d of the log", number)
    for name in sorted(os.listdir()):
        if name.startswith("shop.log"):
            print(name, open(name).read())


def filters():
    class Changing(logging.Filter):
        def filter(self, record):
            record.msg = record.msg.upper()
            return True

    log.addFilter(Changing())
    log.addFilter(logging.Filter("shop"))
    log.warning("shouted")
    log.addFilter(lambda record: False)
    log.warning("swallowed")


def own_filter_method():
    class Own(logging.Logger):
        def filter(self, record):
            print("filtered", record.getMessage())
            return super().filter(record)

        def handle(self, record):
            print("handled", record.getMessage())
            super().handle(record)

    logging.setLoggerClass(Own)
    logging.getLogger("own").warning("mine")


def adapter():
    class Adapter(logging.LoggerAdapter):
        def process(self, text, kwargs):
            return f"[{self.extra['order']}] {text}", kwargs

    logging.basicConfig(stream=sys.stdout, format="%(funcName)s %(message)s")
    Adapter(log, {"order": 7}).warning("adapted")


def captured_warnings():
    logging.captureWarnings(True)
    logging.basicConfig(stream=sys.stdout, format="%(name)s %(levelname)s")
    warnings.warn("captured")


def levels():
    logging.addLevelName(25, "NOTICE")
    log.setLevel("NOTICE")
    log.log(25, "between")
    log.log(24, "below")
    log.log(60, "above")
    print(log.isEnabledFor(25), log.getEffectiveLevel(), logging.getLevelName(60))
    logging.disable(logging.ERROR)
    log.error("disabled")


def broken_format():
    log.warning("%d", "x")
    log.warning("too", "many")
    logging.raiseExceptions = False
    log.warning("%d", "silent")


def objects():
    class Loud:
        def __init__(self, name):
            self.name = name

        def __str__(self):
            print("asked for", self.name)
            return "loud"

    log.warning(Loud("one"))
    log.warning("%s", Loud("two"))
    log.info(Loud("three"))


def nested():
    class Logging:
        def __str__(self):
            log.warning("asked for another")
            return "outside"

    log.warning(Logging())


def at_exit():
    import atexit

    atexit.register(log.warning, "at exit")


def to_a_closed_stream():
    stream = io.StringIO()
    log.addHandler(logging.StreamHandler(stream))
    stream.close()
    log.warning("closed")


def in_finalizer():
    class Order:
        def __del__(self):
            log.warning("at the very end")

    sys.modules["kept"] = Order()


def tree():
    for name in ("a", "a.b.c", "a.b"):
        logging.getLogger(name).warning(name)
    print(sorted(logging.Logger.manager.loggerDict))
    print(logging.getLogger("a.b.c").parent.name)


globals()[sys.argv[1]]()
