/** A trace as text to paste: Markdown for a colleague or an issue, JSON for a program. Pure. */
import { duration, oneLine } from "./format.js";
import { exceptionsOf } from "./tree.js";

const MOST_ITEMS = 400;
const MOST_STACK = 4000;

/**
 * Write a trace as Markdown: a tree of spans and log lines, then the exceptions.
 * @param {Object} trace the document.
 * @param {Array} items of tree.js.
 */
export function traceMarkdown(trace, items) {
  const failed = trace.spans.filter((span) => span.status === "error").length;
  const lines = [`**Trace \`${trace.trace}\`** · ${duration(trace.duration)} · ${trace.spans.length} spans, ${failed} failed · ${trace.logs.length} logs`, "", "```text"];
  for (const item of items.slice(0, MOST_ITEMS)) lines.push(fenced("  ".repeat(Math.min(item.depth, 20)) + lineOf(item)));
  if (items.length > MOST_ITEMS) lines.push(`… and ${items.length - MOST_ITEMS} more`);
  lines.push("```");
  for (const span of trace.spans) {
    for (const { attributes } of exceptionsOf(span)) {
      const stack = attributes["exception.stacktrace"];
      lines.push("", `Exception in \`${oneLine(span.name, 120).replace(/`/g, "'")}\`:`, "", "```text");
      lines.push(fenced(typeof stack === "string" && stack ? stack.slice(-MOST_STACK).trimEnd() : `${attributes["exception.type"]}: ${attributes["exception.message"]}`), "```");
    }
  }
  return `${lines.join("\n")}\n`;
}

/** A fence within the text would end the block. */
function fenced(text) {
  return text.replace(/```/g, "'''");
}

function lineOf({ kind, span, log, id }) {
  if (kind === "log") return `· ${log.severity || "LOG"} ${log.logger}: ${oneLine(typeof log.body === "string" ? log.body : log.body && log.body.cut, 300)}`;
  if (kind === "missing") return `? parent ${id} was not recorded`;
  const status = span.attributes["http.response.status_code"] || span.attributes["rpc.response.status_code"] || "";
  const message = span.message ? ` – ${oneLine(span.message, 200)}` : "";
  return `${span.status === "error" ? "✗ " : ""}${oneLine(span.name, 200)}${status && !span.name.includes(status) ? ` ${status}` : ""}  (${span.kind}, ${span.service})  ${duration(span.duration)}${message}`;
}
