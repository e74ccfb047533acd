"""Logging as programs configure it: basicConfig, dictConfig, filters, a subclass, stack levels, wrong arguments."""

import logging
import logging.config
import sys

logging.basicConfig(stream=sys.stdout, level=logging.DEBUG, format="%(levelname)s %(name)s %(funcName)s:%(lineno)d %(message)s")
logging.debug("root %d", 1)


class Loud(logging.Logger):
    def warning(self, message, *args, **kwargs):
        super().warning(message.upper(), *args, stacklevel=2, **kwargs)


def somewhere():
    log.warning("from a subclass")
    log.info("stack", stack_info=False, stacklevel=2)


logging.setLoggerClass(Loud)
log = logging.getLogger("shop.loud")
somewhere()
log.error("wrong %d %d", 1)
logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"f": {"format": "[%(message)s %(extra)s]"}},
        "handlers": {"h": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "f"}},
        "root": {"handlers": ["h"], "level": "INFO"},
    }
)
logging.info("configured", extra={"extra": {"a": 1}})
print([type(h).__name__ for h in logging.getLogger().handlers])
logging.disable(logging.CRITICAL)
log.critical("silent")
