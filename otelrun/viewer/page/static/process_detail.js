/** What the processes view says of one process: its facts, what it recorded and lost, what was hooked and what was not. */
import { button, copyText, h, icon } from "./dom.js";
import { clock, count, duration, number, shortDuration, visible } from "./format.js";
import { commandsFor, dividedLibraries } from "./libraries.js";
import { hrefTo } from "./links.js";
import { formatPair } from "./query.js";

const STATES = {
  running: { text: "running", look: "" },
  ended: { text: "ended", look: "" },
  "killed?": { text: "probably killed", look: "is-bad" },
  unknown: { text: "end unknown", look: "is-warn" },
};

const OTHERS = { covered: "seen by another instrumentation", left: "the program does it itself", off: "switched off" };

/** How a process's state reads, and the class that goes with it. */
export function stateOf(process) {
  return STATES[process.state] || { text: visible(process.state, 40), look: "" };
}

/**
 * Make the content of the panel.
 * @param {Object} process
 * @param {Object[]} processes all of the run.
 * @param {Object} context the view's.
 * @returns {HTMLElement}
 */
export function processDetail(process, processes, context) {
  const { text, look } = stateOf(process);
  const ofPid = formatPair("pid", process.pid);
  return h("div", { class: "sheet" },
    h("h2", { class: "sheet-title" }, visible(process.service, 120), h("span", { class: "mono dim", text: `pid ${process.pid}` }), h("span", { class: `badge ${look}`, text: look === "is-bad" ? `✗ ${text}` : text })),
    h("pre", { class: "code", text: visible(process.command) }),
    h("p", { class: "sheet-links" },
      h("a", { href: hrefTo(context, { tab: "requests", q: ofPid }) }, "Its requests"), h("a", { href: hrefTo(context, { tab: "logs", q: ofPid }) }, "Its logs")),
    factsOf(process, processes, context),
    hookedOf(process));
}

function factsOf(process, processes, context) {
  const facts = [];
  const add = (name, ...content) => facts.push(h("dt", { text: name }), h("dd", null, content));
  const parent = processes.find((one) => one.id === process.parent);
  const children = processes.filter((one) => one.parent === process.id);
  const link = (one) => h("a", { href: hrefTo(context, { process: String(one.id) }) }, `${visible(one.service, 60)} ${one.pid}`);
  if (parent) add("Started by", link(parent));
  else if (process.parent_pid) add("Started by", `pid ${process.parent_pid}, which recorded nothing`);
  if (children.length) add("Started", children.slice(0, 12).flatMap((one, at) => [at ? ", " : "", link(one)]), children.length > 12 && ` and ${number(children.length - 12)} more`);
  const moment = (time) => [`${clock(context.run().started_ms + time / 1e6, 3)} `, h("span", { class: "dim", text: `+${shortDuration(Math.round(time / 1e6) * 1e6)}` })];
  if (process.start !== null) add("Recorded from", moment(process.start));
  if (process.end !== null) add("Until", moment(process.end), process.start !== null && h("span", { class: "dim", text: `, for ${duration(Math.max(0, process.end - process.start))}` }));
  add("Recorded", `${count(process.spans, "span")}, ${count(process.logs, "log record")}`);
  const dropped = Object.entries(process.dropped || {}).filter(([, value]) => value);
  add("Lost", dropped.length ? h("span", { class: "is-bad", text: `✗ ${dropped.map(([kind, value]) => `${number(Number(value) || 0)} ${visible(kind, 40)}`).join(", ")}: its ring was full` }) : "nothing");
  if (process.interrupted) add("Interrupted", h("span", { class: "is-warn", text: `▲ ${count(process.interrupted, "span was", "spans were")} open when it ended; kept as ended then` }));
  if (process.torn) add("Damaged", h("span", { class: "is-bad", text: `✗ ${count(process.torn, "record")} could not be read` }));
  return h("dl", { class: "facts" }, facts);
}

function hookedOf(process) {
  const { hooked, wanting, others } = dividedLibraries(process.hooked);
  if (!process.hooked.length) return h("section", null, h("h3", { text: "Instrumented" }), h("p", { class: "dim", text: "Nothing was instrumented in this process, or it ended before it could tell." }));
  const part = (title, rows) => rows.length > 0 && h("section", null, h("h3", { text: `${title} (${rows.length})` }), h("ul", { class: "plain-list hook-lines" }, rows));
  return [
    wanting.length > 0 && h("section", { class: "wanting" }, h("h3", { text: `Imported, but not instrumented (${wanting.length})` }),
      h("ul", { class: "plain-list" }, wanting.map((one) => h("li", null, h("span", { class: "is-warn", text: "▲ " }), h("b", { text: visible(one.library, 80) }), one.text && h("span", { class: "soft", text: ` ${visible(one.text, 300)}` })))),
      commandsFor(wanting).map(advice)),
    part("Instrumented", hooked.map((one) => libraryLine("ok", "✓", one, one.by))),
    part("Left alone", others.map((one) => libraryLine("dim", "–", one, one.text || OTHERS[one.state] || one.state))),
  ];
}

/** A command that mends something, to be copied. */
function advice(command) {
  return h("div", { class: "advice" }, h("code", { text: visible(command, 2000) }), button(icon("copy"), () => copyText(command, "the command"), { class: "quiet", "aria-label": "Copy the command" }));
}

function libraryLine(look, sign, one, says) {
  return h("li", { class: "hook-line" }, h("span", { class: look, "aria-hidden": "true", text: sign }), h("span", { text: visible(one.library, 80) }), h("span", { class: "dim clip", title: visible(says, 300), text: visible(says, 120) }));
}
