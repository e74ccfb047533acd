"""Logging with nothing configured: lastResort, levels, a record's own fields, and an error in a handler."""

import logging
import sys

log = logging.getLogger("shop")
print(logging.getLogger().handlers, log.handlers, log.getEffectiveLevel(), logging.getLogRecordFactory().__name__)
log.info("not seen")
log.warning("low on %s", "tea", extra={"left": 3})
try:
    1 / 0
except ZeroDivisionError:
    log.exception("division")
print(logging.getLogger().handlers, log.hasHandlers(), log.isEnabledFor(logging.DEBUG), file=sys.stderr)
record = logging.makeLogRecord({"msg": "m"})
print(sorted(vars(record)))
