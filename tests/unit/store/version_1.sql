-- A store as the first version of the schema made it, with one process that recorded one span, and was killed in another.
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
);

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
  unstored INTEGER DEFAULT 0 -- records that were read and have no form in this schema
);

CREATE TABLE scope (
  -- An instrumentation scope: who made a span, a metric or a log record (for logs: the name of the logger).
  id INTEGER PRIMARY KEY,
  name TEXT,
  version TEXT,
  schema_url TEXT,
  attributes TEXT,          -- a JSON object
  UNIQUE (name, version, schema_url, attributes)
);

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
);

CREATE TABLE span_event (
  -- Something that happened during a span; exceptions are events named "exception".
  span INTEGER REFERENCES span (id),
  position INTEGER,         -- 0, 1, 2 in the order they were added
  time_ns INTEGER,
  name TEXT,
  attributes TEXT,          -- a JSON object
  dropped_attributes INTEGER,
  PRIMARY KEY (span, position)
) WITHOUT ROWID;

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
) WITHOUT ROWID;

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
);

CREATE TABLE note (
  -- Something otelrun itself did or could not do in a process.
  id INTEGER PRIMARY KEY,   -- as in span
  process INTEGER REFERENCES process (id),
  time_ns INTEGER,
  slug TEXT,                -- stable short name
  text TEXT
);

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
);

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
) WITHOUT ROWID;

CREATE TABLE process_count (
  -- What a process recorded, counted by the process itself, and what its ring did not take.
  process INTEGER REFERENCES process (id),
  kind TEXT,                -- spans, logs, notes or series (of metrics)
  recorded INTEGER,         -- how many were to be recorded; NULL for series
  dropped INTEGER,          -- how many of these its ring did not take
  reasons TEXT,             -- of these, how many for which reason: a JSON object
  PRIMARY KEY (process, kind)
) WITHOUT ROWID;

CREATE TABLE process_delivery (
  -- What happened to the telemetry of one process that one exporter was given.
  process INTEGER REFERENCES process (id),
  exporter TEXT REFERENCES delivery (exporter),
  exported INTEGER,         -- accepted by the destination
  held INTEGER,             -- still waiting to be sent
  dropped INTEGER,          -- given up
  reasons TEXT,             -- of these, how many for which reason: a JSON object
  PRIMARY KEY (process, exporter)
) WITHOUT ROWID;

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
) WITHOUT ROWID;

CREATE INDEX span_trace ON span (trace_id);

CREATE INDEX span_error ON span (status) WHERE status = 'error';

CREATE INDEX log_trace ON log (trace_id) WHERE trace_id IS NOT NULL;

CREATE VIEW spans AS
-- Every span with its service, its duration and its start as text.
SELECT p.service_name AS service, s.kind, s.name, (s.end_ns - s.start_ns) / 1e6 AS duration_ms,
       strftime('%Y-%m-%d %H:%M:%f', s.start_ns / 1e9, 'unixepoch') AS started_utc,
       s.status, s.status_message, s.trace_id, s.span_id, s.parent_span_id, p.pid, c.name AS scope, s.attributes,
       s.start_ns, s.end_ns, s.id
FROM span s LEFT JOIN process p ON p.id = s.process LEFT JOIN scope c ON c.id = s.scope;

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
FROM spans WHERE kind IN ('server', 'consumer');

CREATE VIEW errors AS
-- The spans that ended in an error, with the last exception recorded in each.
SELECT s.service, s.name, s.kind,
       coalesce(json_extract(e.attributes, '$."exception.type"'), json_extract(s.attributes, '$."error.type"')) AS type,
       coalesce(json_extract(e.attributes, '$."exception.message"'), s.status_message) AS message,
       json_extract(e.attributes, '$."exception.stacktrace"') AS stacktrace,
       s.duration_ms, s.started_utc, s.trace_id, s.span_id, s.pid
FROM spans s LEFT JOIN span_event e ON e.span = s.id AND e.position =
     (SELECT max(position) FROM span_event WHERE span = s.id AND name = 'exception')
WHERE s.status = 'error';

CREATE VIEW logs AS
-- Every log record with its service, its logger and its time as text.
SELECT strftime('%Y-%m-%d %H:%M:%f', l.time_ns / 1e9, 'unixepoch') AS time_utc, p.service_name AS service,
       l.severity_text AS severity, c.name AS logger, l.body, l.trace_id, l.span_id, p.pid, l.attributes, l.time_ns, l.id
FROM log l LEFT JOIN process p ON p.id = l.process LEFT JOIN scope c ON c.id = l.scope;

CREATE VIEW metrics AS
-- The newest point of every metric stream.
SELECT p.service_name AS service, m.name, m.unit, m.instrument, t.value, t.count, t.min, t.max, m.attributes, p.pid,
       t.time_ns, m.id
FROM metric m LEFT JOIN process p ON p.id = m.process JOIN metric_point t ON t.metric = m.id AND t.time_ns =
     (SELECT max(time_ns) FROM metric_point WHERE metric = m.id);

PRAGMA application_id = 1330926158;
PRAGMA user_version = 1;

INSERT INTO run VALUES (1, '20261124-093015-3f9a', 'shop', 'script', '["python","app.py"]', '/srv', 1000, 9000, 41, 'default', '{}');
INSERT INTO process VALUES (1, '41-1.ring', 41, 7, 1100, 'shop',
  '{"service.name":"shop","process.parent_pid":40,"process.command_args":["python","app.py"]}', 0, 1, 0);
INSERT INTO scope VALUES (1, 'otelrun.instrumentation.http_server', '0.1.0', '', '{}');
INSERT INTO span VALUES (8796093022208, 1, 1, '00000000000000000000000000000001', '0000000000000002', NULL, 'GET /items', 'server',
  2000, 3000, 'unset', '', '{}', '', 1, 0, 0, 0);
INSERT INTO note VALUES (8796093022216, 1, 4000, 'no-tls', 'sending without TLS');
