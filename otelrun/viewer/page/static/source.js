/**
 * Where the documents come from: the server that `otelrun ui` runs, or the data block of a report file. The only module that
 * fetches; nothing but the page's own server is ever asked.
 */

import { openReport } from "./report_data.js";
import { SourceError } from "./source_error.js";

/**
 * Open the page's source.
 * @returns {Promise<ServerSource|ReportSource>} both have `isReport`, `isGone`, `get(path)`, `post(path, body)` and
 *   `search(runId, text)`; `onGone` may be set to a function that is told when the server goes and comes.
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
  }

  /** Get a document by its path, e.g. `/api/runs`. Throws a SourceError. */
  async get(path) {
    return this.ask(path, { cache: "no-store" });
  }

  /** Send a JSON body to a path and get the answer. Throws a SourceError. */
  async post(path, body) {
    return this.ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }

  async ask(path, options) {
    let answer;
    try {
      answer = await fetch(path, { credentials: "same-origin", ...options });
    } catch {
      this.tell(true);
      throw new SourceError("otelrun ui has ended", "gone", 0);
    }
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

  async post() {
    throw new SourceError("A report answers no queries.", "report", 400);
  }
}

/** Inflate the base64 text of a data block. */
async function unpacked(text) {
  const binary = atob(text.trim());
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).json();
}
