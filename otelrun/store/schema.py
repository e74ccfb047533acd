"""The schema of a run's store, as documented code: its tables, indexes and views, its version and how it came to be.

The comments below are part of the file: the sqlite3 shell's ``.schema`` shows them, and docs/reference/store-schema.md is
made from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

VERSION = 2
"""``PRAGMA user_version`` of the files this code writes. Readers refuse a higher one and understand every lower one."""

HISTORY = {
    1: "the first schema",
    2: "the tables pruned and process_library, process.ended_ns, the views processes and libraries, indexes by time",
}
"""What each version changed."""

APPLICATION_ID = 0x4F54524E
"""``PRAGMA application_id``: "OTRN"."""

TABLES = (
    """\
CREATE TABLE run (
  -- The run this file belongs to: one row.
  id INTEGER PRIMARY KEY CHECK (id = 1),
  run_id TEXT,              -- e.g. 20261124-093015-3f9a
  service_name TEXT,        -- service.name of the command that was started
  service_name_source TEXT, -- how that name was found, one phrase
  command TEXT,             -- the command and its arguments, a JSON list
  cwd TEXT,                 -- where it was started
  started_ns INTEGER,       -- when
  ended_ns INTEGER,         -- when the last process of the run had ended; NULL until then
  root_pid INTEGER,         -- process id of the command
  profile TEXT,             -- name of the profile
  description TEXT          -- everything known about the start, a JSON object
)""",
    """\
CREATE TABLE process (
  -- A process that recorded something. A forked child is a process of its own.
  id INTEGER PRIMARY KEY,
  ring TEXT UNIQUE,         -- name of the ring file it wrote
  pid INTEGER,
  start_ticks INTEGER,      -- with pid, names the process for ever (clock ticks since boot); 0 if unknown
  created_ns INTEGER,       -- when it recorded first
  service_name TEXT,        -- service.name of its resource
  resource TEXT,            -- resource attributes, a JSON object
  torn INTEGER DEFAULT 0,   -- records that were damaged and could not be read
  interrupted INTEGER DEFAULT 0, -- spans that were open when it ended and were exported as ended then
  unstored INTEGER DEFAULT 0, -- records that were read and have no form in this schema
  ended_ns INTEGER          -- when it had ended, as nearly as is known; NULL until then
)""",
    """\
CREATE TABLE process_library (
  -- What a process instruments, and what it has imported and does not.
  process INTEGER REFERENCES process (id),
  library TEXT,             -- the module of which the import matters, e.g. flask or http.server
  name TEXT,                -- of the instrumentation, as a profile names it
  state TEXT,               -- hooked; left (the program does it itself), off, unsupported, failed; imported: there is none
  distribution TEXT,        -- what the instrumentation is from, or would be
  text TEXT,                -- why it is not hooked, or not all of it; empty where there is nothing to say
  PRIMARY KEY (process, library, name)
) WITHOUT ROWID""",
    """\
CREATE TABLE scope (
  -- An instrumentation scope: who made a span, a metric or a log record (for logs: the name of the logger).
  id INTEGER PRIMARY KEY,
  name TEXT,
  version TEXT,
  schema_url TEXT,
  attributes TEXT,          -- a JSON object
  UNIQUE (name, version, schema_url, attributes)
)""",
    """\
CREATE TABLE span (
  -- A span that has ended.
  id INTEGER PRIMARY KEY,   -- process * 2^43 + place in the ring: a record that is read twice is stored once
  process INTEGER REFERENCES process (id),
  scope INTEGER REFERENCES scope (id),
  trace_id TEXT,            -- 32 lower-case hexadecimal digits
  span_id TEXT,             -- 16 lower-case hexadecimal digits
  parent_span_id TEXT,      -- NULL for the first span of a trace
  name TEXT,
  kind TEXT,                -- internal, server, client, producer or consumer
  start_ns INTEGER,
  end_ns INTEGER,
  status TEXT,              -- unset, ok or error
  status_message TEXT,
  attributes TEXT,          -- a JSON object
  trace_state TEXT,         -- W3C tracestate
  flags INTEGER,            -- W3C trace flags; 0x100: it is known whether the parent is remote; 0x200: it is
  dropped_attributes INTEGER,
  dropped_events INTEGER,
  dropped_links INTEGER
)""",
    """\
CREATE TABLE span_event (
  -- Something that happened during a span; exceptions are events named "exception".
  span INTEGER REFERENCES span (id),
  position INTEGER,         -- 0, 1, 2 in the order they were added
  time_ns INTEGER,
  name TEXT,
  attributes TEXT,          -- a JSON object
  dropped_attributes INTEGER,
  PRIMARY KEY (span, position)
) WITHOUT ROWID""",
    """\
CREATE TABLE span_link (
  -- A link from a span to a span of the same or another trace.
  span INTEGER REFERENCES span (id),
  position INTEGER,         -- 0, 1, 2 in the order they were added
  trace_id TEXT,            -- of the span it points to
  span_id TEXT,             -- of the span it points to
  trace_state TEXT,
  flags INTEGER,
  attributes TEXT,          -- a JSON object
  dropped_attributes INTEGER,
  PRIMARY KEY (span, position)
) WITHOUT ROWID""",
    """\
CREATE TABLE log (
  -- A log record.
  id INTEGER PRIMARY KEY,   -- as in span
  process INTEGER REFERENCES process (id),
  scope INTEGER REFERENCES scope (id),
  time_ns INTEGER,          -- when it happened, else when it was observed
  observed_ns INTEGER,
  trace_id TEXT,            -- NULL outside a span
  span_id TEXT,             -- NULL outside a span
  severity_number INTEGER,  -- 1 to 24; 9 is INFO, 13 WARN, 17 ERROR; 0 unknown
  severity_text TEXT,       -- as the program says it, e.g. WARNING
  body TEXT,                -- the text, or JSON where the body is not a text
  body_is_json INTEGER,     -- 1 where body is JSON
  event_name TEXT,          -- NULL where the record is no event
  attributes TEXT,          -- a JSON object
  flags INTEGER,
  dropped_attributes INTEGER
)""",
    """\
CREATE TABLE note (
  -- Something otelrun itself did or could not do in a process.
  id INTEGER PRIMARY KEY,   -- as in span
  process INTEGER REFERENCES process (id),
  time_ns INTEGER,
  slug TEXT,                -- stable short name
  text TEXT
)""",
    """\
CREATE TABLE metric (
  -- A metric stream with one set of attributes in one process.
  id INTEGER PRIMARY KEY,
  process INTEGER REFERENCES process (id),
  series INTEGER,           -- its number in the process's ring
  scope INTEGER REFERENCES scope (id),
  instrument TEXT,          -- counter, up_down_counter, gauge, histogram, observable_counter, ...
  name TEXT,
  unit TEXT,
  description TEXT,
  attributes TEXT,          -- a JSON object
  boundaries TEXT,          -- histograms: upper bounds of the buckets but the last, a JSON list
  start_ns INTEGER,         -- values are cumulative since then
  UNIQUE (process, series)
)""",
    """\
CREATE TABLE metric_point (
  -- How a metric stood at a time. There is no point where nothing was measured since the one before.
  metric INTEGER REFERENCES metric (id),
  time_ns INTEGER,          -- when the value was taken
  measured_ns INTEGER,      -- when the program measured last
  value,                    -- sum of a counter or histogram, value of a gauge; INTEGER where all measurements were
  count INTEGER,            -- histograms: number of measurements
  min,                      -- histograms
  max,                      -- histograms
  counts TEXT,              -- histograms: measurements per bucket, a JSON list, one longer than metric.boundaries
  PRIMARY KEY (metric, time_ns)
) WITHOUT ROWID""",
    """\
CREATE TABLE process_count (
  -- What a process recorded, counted by the process itself, and what its ring did not take.
  process INTEGER REFERENCES process (id),
  kind TEXT,                -- spans, logs, notes or series (of metrics)
  recorded INTEGER,         -- how many were to be recorded; NULL for series
  dropped INTEGER,          -- how many of these its ring did not take
  reasons TEXT,             -- of these, how many for which reason: a JSON object
  PRIMARY KEY (process, kind)
) WITHOUT ROWID""",
    """\
CREATE TABLE process_delivery (
  -- What happened to the telemetry of one process that one exporter was given.
  process INTEGER REFERENCES process (id),
  exporter TEXT REFERENCES delivery (exporter),
  exported INTEGER,         -- accepted by the destination
  held INTEGER,             -- still waiting to be sent
  dropped INTEGER,          -- given up
  reasons TEXT,             -- of these, how many for which reason: a JSON object
  PRIMARY KEY (process, exporter)
) WITHOUT ROWID""",
    """\
CREATE TABLE delivery (
  -- What happened to the telemetry that goes elsewhere, all processes together.
  exporter TEXT PRIMARY KEY, -- signal and number in the profile, e.g. spans-0
  destination TEXT,
  signal TEXT,              -- spans, logs or metrics (counted in points)
  exported INTEGER,         -- accepted by the destination
  held INTEGER,             -- still waiting to be sent
  dropped INTEGER,          -- given up
  reasons TEXT,             -- of these, how many for which reason: a JSON object
  last_error TEXT           -- why the last attempt that failed did; empty where none has
) WITHOUT ROWID""",
    """\
CREATE TABLE pruned (
  -- What has been removed again to keep the file below store.max_run_mb: one row; none where nothing was.
  id INTEGER PRIMARY KEY CHECK (id = 1),
  traces INTEGER,           -- whole traces
  spans INTEGER,            -- spans: those of the traces, and the oldest of a trace that fills the file alone
  logs INTEGER,             -- log records
  points INTEGER,           -- metric points
  until_ns INTEGER,         -- how new the newest of it was; of what is older, not all is there
  pruned_ns INTEGER         -- when something was removed last
)""",
)

INDEXES = (
    "CREATE INDEX span_in_trace ON span (trace_id, end_ns)",
    "CREATE INDEX span_end ON span (end_ns)",
    "CREATE INDEX span_failed ON span (trace_id) WHERE status = 'error'",
    "CREATE INDEX log_trace ON log (trace_id) WHERE trace_id IS NOT NULL",
    "CREATE INDEX log_time ON log (time_ns)",
)

VIEWS = (
    """\
CREATE VIEW spans AS
-- Every span with its service, its duration and its start as text.
SELECT p.service_name AS service, s.kind, s.name, (s.end_ns - s.start_ns) / 1e6 AS duration_ms,
       strftime('%Y-%m-%d %H:%M:%f', s.start_ns / 1e9, 'unixepoch') AS started_utc,
       s.status, s.status_message, s.trace_id, s.span_id, s.parent_span_id, p.pid, c.name AS scope, s.attributes,
       s.start_ns, s.end_ns, s.id
FROM span s LEFT JOIN process p ON p.id = s.process LEFT JOIN scope c ON c.id = s.scope""",
    """\
CREATE VIEW requests AS
-- The requests this run has served and the messages it has consumed.
SELECT service, name, duration_ms, status = 'error' AS is_error,
       coalesce(json_extract(attributes, '$."http.response.status_code"'),
                json_extract(attributes, '$."rpc.response.status_code"'),
                json_extract(attributes, '$."rpc.grpc.status_code"')) AS status_code,
       json_extract(attributes, '$."http.request.method"') AS method,
       json_extract(attributes, '$."http.route"') AS route,
       json_extract(attributes, '$."url.path"') AS path,
       started_utc, trace_id, span_id, pid
FROM spans WHERE kind IN ('server', 'consumer')""",
    """\
CREATE VIEW errors AS
-- The spans that ended in an error, with the last exception recorded in each.
SELECT s.service, s.name, s.kind,
       coalesce(json_extract(e.attributes, '$."exception.type"'), json_extract(s.attributes, '$."error.type"')) AS type,
       coalesce(json_extract(e.attributes, '$."exception.message"'), s.status_message) AS message,
       json_extract(e.attributes, '$."exception.stacktrace"') AS stacktrace,
       s.duration_ms, s.started_utc, s.trace_id, s.span_id, s.pid
FROM spans s LEFT JOIN span_event e ON e.span = s.id AND e.position =
     (SELECT max(position) FROM span_event WHERE span = s.id AND name = 'exception')
WHERE s.status = 'error'""",
    """\
CREATE VIEW logs AS
-- Every log record with its service, its logger and its time as text.
SELECT strftime('%Y-%m-%d %H:%M:%f', l.time_ns / 1e9, 'unixepoch') AS time_utc, p.service_name AS service,
       l.severity_text AS severity, c.name AS logger, l.body, l.trace_id, l.span_id, p.pid, l.attributes, l.time_ns, l.id
FROM log l LEFT JOIN process p ON p.id = l.process LEFT JOIN scope c ON c.id = l.scope""",
    """\
CREATE VIEW metrics AS
-- The newest point of every metric stream.
SELECT p.service_name AS service, m.name, m.unit, m.instrument, t.value, t.count, t.min, t.max, m.attributes, p.pid,
       t.time_ns, m.id
FROM metric m LEFT JOIN process p ON p.id = m.process JOIN metric_point t ON t.metric = m.id AND t.time_ns =
     (SELECT max(time_ns) FROM metric_point WHERE metric = m.id)""",
    """\
CREATE VIEW processes AS
-- Every process with the one that started it, its command and its times as text.
SELECT id, pid, json_extract(resource, '$."process.parent_pid"') AS parent_pid, service_name AS service,
       json_extract(resource, '$."process.command_args"') AS command,
       strftime('%Y-%m-%d %H:%M:%f', created_ns / 1e9, 'unixepoch') AS recorded_first_utc,
       strftime('%Y-%m-%d %H:%M:%f', ended_ns / 1e9, 'unixepoch') AS ended_utc,
       (SELECT count(*) FROM span WHERE process = p.id) AS spans, (SELECT count(*) FROM log WHERE process = p.id) AS logs,
       interrupted
FROM process p""",
    """\
CREATE VIEW libraries AS
-- What is instrumented, and what was imported and is not, with the number of processes.
SELECT library, state, name, distribution, text, count(*) AS processes
FROM process_library GROUP BY library, state, name, distribution, text""",
)


UPGRADES = {
    2: (
        "process.ended_ns INTEGER",
        "process_library",
        "pruned",
        "span_in_trace",
        "span_end",
        "span_failed",
        "log_time",
        "processes",
        "libraries",
    )
}
"""Version → what it added to the one before: names of tables, indexes and views, and columns of tables."""

DROPPED = {2: ("span_trace", "span_error")}
"""Version → indexes that it put others in the place of."""


class Column(NamedTuple):
    """A column as the documentation shows it."""

    name: str
    type: str
    comment: str


def create(connection: sqlite3.Connection) -> None:
    """Make the schema in an empty database, all of it or nothing.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    connection.execute("BEGIN IMMEDIATE")
    for statement in (*TABLES, *INDEXES, *VIEWS):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Give a file that an earlier otelrun has made what it lacks, all of it or nothing.

    Args:
        connection: an open store, for writing.
        version: of its schema.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    statements = {name_of(statement): statement for statement in (*TABLES, *INDEXES, *VIEWS)}
    connection.execute("BEGIN IMMEDIATE")
    for names in (added for number, added in UPGRADES.items() if number > version):
        for name in names:
            table, _, column = name.partition(".")
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}" if column else statements[name])
    for name in (dropped for number, names in DROPPED.items() if number > version for dropped in names):
        connection.execute(f"DROP INDEX IF EXISTS {name}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def version_of(connection: sqlite3.Connection) -> int:
    """Give the schema version of an open database, 0 for one that holds nothing yet."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def name_of(statement: str) -> str:
    """Give the name that a CREATE statement makes."""
    return statement.split(None, 3)[2]


def comment_of(statement: str) -> str:
    """Give the sentence at the top of a CREATE statement."""
    return statement.splitlines()[1].partition("-- ")[2]


def columns_of(table: str) -> list[Column]:
    """Read the columns of a CREATE TABLE statement, with what their comments say."""
    columns = []
    for line in table.splitlines()[2:-1]:
        declaration, _, comment = line.partition("--")
        name, _, rest = declaration.strip().rstrip(",").partition(" ")
        if name.islower():
            kind = rest.split()[0] if rest.strip() else ""
            columns.append(Column(name.rstrip(","), kind, comment.strip()))
    return columns
