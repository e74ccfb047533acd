/**
 * Where the documents come from: the server that `otelrun ui` runs, or the data block of a report file. The only module that
 * fetches; nothing but the page's own server is ever asked.
 */

import { parseQuery } from "./query.js";
import { openReport } from "./report_data.js";
import { SourceError } from "./source_error.js";

/**
 * Open the page's source.
 * @returns {Promise<ServerSource|ReportSource>} both have `isReport`, `isGone`, `get(path)`, `post(path, body)` and
 *   `search(runId, text, withLogs)`; `onGone` may be set to a function that is told when the server goes and comes.
 */
export async function openSource() {
  const block = document.getElementById("otelrun-data");
  if (block) return new ReportSource(openReport(await unpacked(block.textContent)));
  const server = new ServerSource();
  if (!document.documentElement.hasAttribute("data-report")) return server;
  return new ReportSource(openReport(await server.get("/api/report")));
}

class ServerSource {
  constructor() {
    this.isReport = false;
    this.isGone = false;
    this.onGone = null;
    this.answeredMs = 0;
  }

  /** Get a document by its path, e.g. `/api/runs`. Throws a SourceError. */
  async get(path) {
    return this.ask(path, { cache: "no-store" });
  }

  /** Send a JSON body to a path and get the answer. Throws a SourceError. */
  async post(path, body) {
    return this.ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }

  /** Find the traces with a span or log that hold all words and pairs of a text: `{traces: [id…], is_cut}`. */
  async search(runId, text, withLogs) {
    return this.get(`/api/run/${encodeURIComponent(runId)}/search?q=${encodeURIComponent(text)}${withLogs ? "&logs=1" : ""}`);
  }

  async ask(path, options) {
    let answer;
    try {
      answer = await fetch(path, { credentials: "same-origin", ...options });
    } catch {
      this.tell(true);
      throw new SourceError("otelrun ui has ended", "gone", 0);
    }
    this.answeredMs = Date.now();
    this.tell(false);
    const document = await answer.json().catch(() => null);
    if (answer.ok && document) return document;
    const sentence = (document && document.error) || `The server answered ${answer.status}.`;
    throw new SourceError(sentence, (document && document.slug) || "server", answer.status);
  }

  tell(isGone) {
    if (this.isGone === isGone) return;
    this.isGone = isGone;
    if (this.onGone) this.onGone(isGone);
  }
}

/** The documents of a report, all of them in the page. */
class ReportSource {
  constructor(report) {
    this.report = report;
    this.isReport = true;
    this.isGone = false;
    this.onGone = null;
  }

  async get(path) {
    const found = this.report.get(path);
    if (!found) throw new SourceError("This is not in the report.", "not-found", 404);
    return found;
  }

  async search(runId, text, withLogs) {
    const terms = parseQuery(text);
    const path = `/api/run/${encodeURIComponent(runId)}`;
    const found = this.report.traceIds().map((id) => [id, this.report.get(`${path}/trace/${id}`)]);
    const traces = found.filter(([, trace]) => holdsAll(trace, terms)).map(([id]) => id);
    return { traces, is_cut: false, ...(withLogs && { logs: this.logsWith(path, found, terms.filter((term) => term.kind === "pair")) }) };
  }

  /** The ids of the log records that have all pairs themselves; those outside of traces have documents of their own. */
  logsWith(path, found, pairs) {
    const answer = this.report.get(`${path}/logs?after=`);
    const { id, trace } = answer ? answer.columns : { id: [], trace: [] };
    const alone = id.filter((_, row) => !trace[row]).map((each) => this.report.get(`${path}/log/${each}`));
    const logs = [...found.flatMap(([, each]) => (each ? each.logs : [])), ...alone];
    return logs.filter((log) => log && pairs.every((term) => holdsPair(log.attributes, term))).map((log) => log.id);
  }

  async post() {
    throw new SourceError("A report answers no queries.", "report", 400);
  }
}

/** Whether a trace has, for each term, a span or log that holds it. */
function holdsAll(trace, terms) {
  if (!trace) return false;
  const texts = [...trace.spans, ...trace.logs].map((one) => ({ whole: JSON.stringify(one).toLowerCase(), attributes: one.attributes }));
  return terms.every((term) => texts.some(({ whole, attributes }) => (term.kind === "pair" ? holdsPair(attributes, term) : whole.includes(term.value))));
}

function holdsPair(attributes, { name, value }) {
  return Object.entries(attributes).some(([key, found]) => key.toLowerCase() === name && (typeof found === "string" ? found : JSON.stringify(found)).toLowerCase().includes(value));
}

/** Inflate the base64 text of a data block. */
async function unpacked(text) {
  const binary = atob(text.trim());
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).json();
}
