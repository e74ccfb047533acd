/**
 * A trace as a tree: which span lies under which, and where its log lines belong. Pure: a document in, items in order out.
 *
 * Whatever was recorded gives a tree that holds each span and each log line once: parents that were not recorded get an item of their
 * own, cycles are cut, and a trace may be as deep as it likes.
 */

/**
 * Lay out a trace, top to bottom; siblings by their start.
 * @param {{spans: Array, logs: Array}} trace
 * @returns {Array<Item>} an item is `{kind, span, log, id, start, depth, parent, size, place}`: kind "span", "log" or "missing" (a parent
 *   with `id` that was not recorded); `parent` the index of the item above or -1; `size` how many items lie below; `place` its index.
 */
export function itemsOf(trace) {
  const nodes = trace.spans.map((span) => ({ kind: "span", span, log: null, id: span.id, start: span.start, children: [] }));
  const byId = new Map();
  for (const node of nodes) if (!byId.has(node.id)) byId.set(node.id, node);
  const roots = [];
  for (const node of nodes) {
    const parent = node.span.parent;
    if (!parent) roots.push(node);
    else (byId.get(parent) || missing(parent, node.start, byId, roots)).children.push(node);
  }
  for (const log of trace.logs) {
    const node = { kind: "log", span: null, log, id: log.id, start: log.time, children: [] };
    if (!log.span) roots.push(node);
    else (byId.get(log.span) || missing(log.span, log.time, byId, roots)).children.push(node);
  }
  cutCycles(nodes, byId, roots);
  return walked(roots);
}

function missing(id, start, byId, roots) {
  const node = { kind: "missing", span: null, log: null, id, start, children: [] };
  byId.set(id, node);
  roots.push(node);
  return node;
}

/** Make every span reachable: of spans that are each other's ancestors, the earliest goes to the top. */
function cutCycles(nodes, byId, roots) {
  const reached = new Set();
  reach(roots, reached);
  for (const node of nodes) {
    if (reached.has(node)) continue;
    const siblings = byId.get(node.span.parent).children;
    siblings.splice(siblings.indexOf(node), 1);
    roots.push(node);
    reach([node], reached);
  }
}

function reach(starts, reached) {
  const waiting = [...starts];
  while (waiting.length) {
    const node = waiting.pop();
    if (reached.has(node)) continue;
    reached.add(node);
    for (const child of node.children) waiting.push(child);
  }
}

function walked(roots) {
  const items = [];
  const byStart = (a, b) => a.start - b.start;
  const waiting = roots.sort(byStart).reverse().map((node) => [node, 0, -1]);
  while (waiting.length) {
    const [node, depth, parent] = waiting.pop();
    const place = items.length;
    items.push({ kind: node.kind, span: node.span, log: node.log, id: node.id, start: node.start, depth, parent, size: 0, place });
    const children = node.children.sort(byStart);
    for (let index = children.length - 1; index >= 0; index -= 1) waiting.push([children[index], depth + 1, place]);
  }
  for (let place = items.length - 1; place > 0; place -= 1) {
    const { parent, size } = items[place];
    if (parent >= 0) items[parent].size += size + 1;
  }
  return items;
}

/**
 * Give the places of the items that are in sight.
 * @param {Array<Item>} items
 * @param {Set<number>} closed places of items whose descendants are not shown.
 * @param {boolean} hasLogs whether log lines are shown.
 */
export function inSight(items, closed, hasLogs) {
  const result = [];
  for (let place = 0; place < items.length; place += 1) {
    if (hasLogs || items[place].kind !== "log") result.push(place);
    if (closed.has(place)) place += items[place].size;
  }
  return result;
}

/** Take from `closed` all that hides an item. */
export function reveal(items, closed, place) {
  for (let parent = items[place].parent; parent >= 0; parent = items[parent].parent) closed.delete(parent);
}

/** Give the places of all items that have something below. */
export function withChildren(items) {
  return items.filter((item) => item.size > 0).map((item) => item.place);
}

/** Give the extent of a trace in ns: `[from, to]`, never empty. */
export function extentOf(items) {
  let from = Infinity;
  let to = -Infinity;
  for (const item of items) {
    const end = item.span ? item.start + item.span.duration : item.start;
    if (item.start < from) from = item.start;
    if (end > to) to = end;
  }
  return from <= to ? [from, Math.max(to, from + 1)] : [0, 1];
}

/** Give the times within a span when a span right below it ran, as `[from, to]` in order, without overlaps. */
export function coveredOf(items, place) {
  const { span, size } = items[place];
  const result = [];
  const end = span.start + span.duration;
  for (let at = place + 1; at <= place + size; at += items[at].size + 1) {
    const child = items[at].span;
    if (!child) continue;
    const from = Math.max(child.start, span.start);
    const to = Math.min(child.start + child.duration, end);
    if (to <= from) continue;
    const last = result[result.length - 1];
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

/** Give how long a span ran without any span right below it, in ns. */
export function ownTimeOf(items, place) {
  return items[place].span.duration - coveredOf(items, place).reduce((sum, [from, to]) => sum + to - from, 0);
}

/** Give how many calls a span's own code made, by library: of the client and producer spans below it the nearest, not those of servers. */
export function callsOf(items, place) {
  const calls = new Map();
  for (let at = place + 1; at <= place + items[place].size; at += 1) {
    const { span, size } = items[at];
    if (!span || span.kind === "internal") continue;
    if (span.kind === "client" || span.kind === "producer") calls.set(span.category, (calls.get(span.category) || 0) + 1);
    at += size;
  }
  return calls;
}

/** Give the exception events of a span. */
export function exceptionsOf(span) {
  return span.events.filter((event) => event.name === "exception");
}

/** Give the log lines right below a span that tell of an exception. */
export function loggedExceptionsOf(items, place) {
  const result = [];
  for (let at = place + 1; at <= place + items[place].size; at += items[at].size + 1) {
    const { log } = items[at];
    if (log && (log.attributes["exception.type"] || log.attributes["exception.stacktrace"])) result.push(items[at]);
  }
  return result;
}

/**
 * Give the place of the span to look at first, within the span of that id or else all: where the first exception came from, else the
 * deepest that failed, else that span itself.
 */
export function firstToSee(items, spanId) {
  const top = Math.max(0, items.findIndex((item) => item.span && item.id === spanId));
  const isWhole = !items[top] || items[top].id !== spanId;
  const end = isWhole ? items.length - 1 : top + items[top].size;
  let best = -1;
  let bestTime = Infinity;
  for (let place = top; place <= end; place += 1) {
    const { span, depth } = items[place];
    if (!span || span.status !== "error") continue;
    const times = [...exceptionsOf(span).map((event) => event.time), ...loggedExceptionsOf(items, place).map((item) => item.start)];
    const time = times.length ? Math.min(...times) : Infinity;
    if (best < 0 || time < bestTime || (time === bestTime && depth > items[best].depth)) {
      best = place;
      bestTime = time;
    }
  }
  return best >= 0 ? best : items.findIndex((item, place) => place >= top && item.span);
}

/** Give the places of the items that hold a text, in names, attributes, messages or log lines. */
export function holding(items, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  return items.filter((item) => textOf(item).includes(wanted)).map((item) => item.place);
}

function textOf(item) {
  if (item.text === undefined) {
    const { span, log } = item;
    const parts = span ? [span.name, span.service, span.message, span.scope, span.id, span.attributes, span.events] : log ? [log.body, log.logger, log.severity, log.attributes] : [item.id];
    item.text = parts.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(" ").toLowerCase();
  }
  return item.text;
}
