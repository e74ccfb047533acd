/**
 * A report's data: the tables that otelrun/viewer/page/packing.py has written, read back into the documents that the server
 * would give. Pure; a trace is unpacked when somebody asks for it.
 */

/** Make a function that gives the value of a column in a row. */
function reader(column) {
  if (Array.isArray(column)) return (row) => column[row];
  if ("same" in column) return () => column.same;
  if ("of" in column) return (row) => column.of[column.at[row]];
  const sums = summed(column);
  return (row) => sums[row];
}

/** Give the values of a column of steps. */
function summed(column) {
  let value = 0;
  return column.steps.map((step) => (value += step));
}

/** Make a function that gives the object of a column of objects in a row. */
function objectReader(column, rows) {
  const at = reader(column.at);
  const shapes = column.shapes.map(({ names, columns }) => ({ names, columns: columns.map((one) => reader("like" in one ? columns[one.like] : one)) }));
  const met = shapes.map(() => 0);
  const places = new Int32Array(rows);
  for (let row = 0; row < rows; row++) places[row] = met[at(row)]++;
  return (row) => {
    const { names, columns } = shapes[at(row)];
    const object = {};
    names.forEach((name, i) => {
      Object.defineProperty(object, name, { value: columns[i](places[row]), enumerable: true, configurable: true, writable: true });
    });
    return object;
  };
}

/** Make readers of all columns of a table. */
function readers(table, names) {
  return Object.fromEntries(names.map((name) => [name, reader(table[name])]));
}

/** Collect texts that are sent once and named by their number. */
function interned() {
  const numbers = new Map();
  const number = (text) => {
    if (!numbers.has(text)) numbers.set(text, numbers.size);
    return numbers.get(text);
  };
  return { number, texts: () => [...numbers.keys()] };
}

/** Group the rows of a table by the span they belong to. */
function rowsBySpan(spans) {
  const rows = new Map();
  spans.forEach((span, row) => {
    if (!rows.has(span)) rows.set(span, []);
    rows.get(span).push(row);
  });
  return rows;
}

/** Read where each trace begins and which spans it has. */
function readTraces(data) {
  const ids = data.traces.ids.match(/.{32}/g) || [];
  const size = reader(data.traces.sizes);
  const first = [0];
  ids.forEach((_, i) => first.push(first[i] + size(i)));
  return { ids, first, numbers: new Map(ids.map((id, i) => [id, i])) };
}

/** Read the ids of spans; one that was left out gets a name that is no id. */
function readSpanIds(table) {
  const ids = table.ids.match(/.{16}/g) || [];
  if (!table.with_ids) return (span) => ids[span];
  const kept = new Map(summed(table.with_ids).map((span, i) => [span, ids[i]]));
  return (span) => kept.get(span) || `~${span}`;
}

const SPAN_FIELDS = ["name", "kind", "status", "message", "service", "pid", "scope", "category", "start", "duration", "parent"];
const LOG_FIELDS = ["level", "severity", "logger", "service", "pid", "body", "event", "time", "trace", "span"];

class Spans {
  constructor(data, traces) {
    const table = data.spans;
    const rows = traces.first[traces.ids.length];
    this.unit = data.unit;
    this.traces = traces;
    this.read = readers(table, SPAN_FIELDS);
    this.missing = table.missing_parents;
    this.id = readSpanIds(table);
    this.attributes = objectReader(table.attributes, rows);
    this.events = this.below(table.events, ["time", "name"]);
    this.links = this.below(table.links, ["trace", "id", "is_here"]);
  }

  below(table, names) {
    const spans = summed(table.span);
    return { rows: rowsBySpan(spans), read: readers(table, names), attributes: objectReader(table.attributes, spans.length) };
  }

  /** Give a span as the document of its trace has it. */
  object(span, first) {
    const read = this.read;
    const parent = read.parent(span);
    const { unit, events, links } = this;
    return {
      id: this.id(span),
      parent: parent >= 0 ? this.id(first + parent) : this.missing[span] || "",
      name: read.name(span),
      kind: read.kind(span),
      start: read.start(span) * unit,
      duration: read.duration(span) * unit,
      status: read.status(span),
      message: read.message(span),
      service: read.service(span),
      pid: read.pid(span),
      scope: read.scope(span),
      category: read.category(span),
      attributes: this.attributes(span),
      events: (events.rows.get(span) || []).map((row) => ({
        time: events.read.time(row) * unit,
        name: events.read.name(row),
        attributes: events.attributes(row),
      })),
      links: (links.rows.get(span) || []).map((row) => ({
        trace: links.read.trace(row),
        span: links.read.id(row),
        attributes: links.attributes(row),
        is_here: links.read.is_here(row),
      })),
    };
  }
}

class Logs {
  constructor(data, spans) {
    const table = data.logs;
    const traceOf = summed(table.trace);
    this.rows = traceOf.length;
    this.unit = data.unit;
    this.spans = spans;
    this.read = readers(table, LOG_FIELDS);
    this.elsewhere = table.elsewhere;
    this.attributes = objectReader(table.attributes, this.rows);
    this.ofTrace = rowsBySpan(traceOf);
  }

  /** Give the ids of the trace and the span of a log record. */
  place(row) {
    if (row in this.elsewhere) return this.elsewhere[row];
    const trace = this.read.trace(row);
    if (trace < 0) return ["", ""];
    const { ids, first } = this.spans.traces;
    return [ids[trace], this.spans.id(first[trace] + this.read.span(row))];
  }

  /** Give a log record as its document has it. */
  object(row) {
    const read = this.read;
    const [trace, span] = this.place(row);
    return {
      id: String(row),
      time: read.time(row) * this.unit,
      trace,
      span,
      severity: read.severity(row),
      level: read.level(row),
      logger: read.logger(row),
      body: read.body(row),
      attributes: this.attributes(row),
      service: read.service(row),
      pid: read.pid(row),
      event: read.event(row),
    };
  }

  /** Give all log records in columns. */
  document() {
    const strings = interned();
    const names = ["id", "time", "level", "severity", "logger", "service", "pid", "body", "trace", "span", "has_more"];
    const columns = Object.fromEntries(names.map((name) => [name, []]));
    for (let row = 0; row < this.rows; row++) {
      const log = this.object(row);
      const body = typeof log.body === "string" ? log.body : log.body.cut;
      const hasMore = body.length > 2000 || Object.keys(log.attributes).length > 0 || log.event;
      for (const name of ["severity", "logger", "service"]) columns[name].push(strings.number(log[name]));
      for (const name of ["id", "time", "level", "pid", "trace", "span"]) columns[name].push(log[name]);
      columns.body.push(body.slice(0, 2000));
      columns.has_more.push(hasMore ? 1 : 0);
    }
    return { cursor: String(this.rows), is_complete: true, strings: strings.texts(), columns };
  }
}

/** Give all requests in columns. */
function requestsDocument(table, spans) {
  const strings = interned();
  const of = summed(table.span);
  const read = readers(table, ["endpoint", "status", "flags", "spans", "logs", "failure"]);
  const timeIn = objectReader(table.time_in, of.length);
  const { ids, first } = spans.traces;
  const columns = {};
  const fill = (name, value) => (columns[name] = of.map(value));
  const text = (give) => (span, row) => strings.number(give(span, row));
  let trace = 0;
  const traceOf = [];
  const order = of.map((_, row) => row).sort((a, b) => of[a] - of[b]);
  for (const row of order) {
    while (first[trace + 1] <= of[row]) trace++;
    traceOf[row] = trace;
  }
  fill("trace", (_, row) => ids[traceOf[row]]);
  fill("span", (span) => spans.id(span));
  fill("endpoint", text((_, row) => read.endpoint(row)));
  fill("service", text((span) => spans.read.service(span)));
  fill("kind", text((span) => spans.read.kind(span)));
  fill("pid", (span) => spans.read.pid(span));
  fill("start", (span) => spans.read.start(span) * spans.unit);
  fill("duration", (span) => spans.read.duration(span) * spans.unit);
  fill("status", text((_, row) => read.status(row)));
  for (const name of ["flags", "spans", "logs"]) fill(name, (_, row) => read[name](row));
  fill("failure", text((_, row) => read.failure(row)));
  fill("time_in", (span, row) => {
    const spent = Object.entries(timeIn(row));
    const own = spans.read.duration(span) - spent.reduce((sum, [, time]) => sum + time, 0);
    return [["app", Math.max(0, own)], ...spent].flatMap(([name, time]) => [strings.number(name), time * spans.unit]);
  });
  return { sequence: of.length, is_complete: true, strings: strings.texts(), columns };
}

/** Give a document of columns with no row, for who has all rows already. */
function withoutRows(document) {
  const columns = Object.fromEntries(Object.keys(document.columns).map((name) => [name, []]));
  return { ...document, strings: [], columns };
}

/** Describe one trace. */
function traceDocument(number, spans, logs) {
  const { ids, first } = spans.traces;
  const found = [];
  for (let span = first[number]; span < first[number + 1]; span++) found.push(spans.object(span, first[number]));
  const start = found[0].start;
  const end = found.reduce((latest, span) => Math.max(latest, span.start + span.duration), start);
  const rows = logs.ofTrace.get(number) || [];
  return { trace: ids[number], start, duration: end - start, spans: found, logs: rows.map((row) => logs.object(row)) };
}

/**
 * Open a report's data.
 * @param {Object} data as packing.py has written it.
 * @returns {{run: string, get: function(string): Object|null, traceIds: function(): string[]}} `get` gives the document of a
 *   path, as the server would, or null where there is none.
 */
export function openReport(data) {
  const traces = readTraces(data);
  const spans = new Spans(data, traces);
  const logs = new Logs(data, spans);
  const base = `/api/run/${data.run}`;
  const made = new Map();
  const once = (name, make) => {
    if (!made.has(name)) made.set(name, make());
    return made.get(name);
  };

  function get(address) {
    const [path, query] = address.split("?");
    if (Object.hasOwn(data.documents, path)) return data.documents[path];
    const isFirst = /^$|(^|&)after=(0|$|&)/.test(query || "");
    for (const [name, make] of [["requests", () => requestsDocument(data.requests, spans)], ["logs", () => logs.document()]]) {
      if (path === `${base}/${name}`) {
        const document = once(name, make);
        return isFirst ? document : withoutRows(document);
      }
    }
    const [kind, id] = path.startsWith(`${base}/`) ? path.slice(base.length + 1).split("/") : [];
    if (kind === "trace" && traces.numbers.has(id)) return traceDocument(traces.numbers.get(id), spans, logs);
    if (kind === "log" && /^\d+$/.test(id) && Number(id) < logs.rows) return logs.object(Number(id));
    return null;
  }

  return { run: data.run, get, traceIds: () => traces.ids };
}
