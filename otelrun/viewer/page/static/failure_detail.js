/** What the errors view says of one group of failures: message, place in the program's own code, frames, the log line before. */
import { button, copyText, h, icon } from "./dom.js";
import { clock, count, number, shortDuration, visible } from "./format.js";
import { foldedFrames } from "./frames.js";
import { hrefTo, hrefToTrace } from "./links.js";
import { formatPair } from "./query.js";

/**
 * Make the content of the panel.
 * @param {Object} failure as in the document of errors.
 * @param {Object} context the view's.
 * @returns {HTMLElement}
 */
export function failureDetail(failure, context) {
  return h("div", { class: "sheet" },
    h("h2", { class: "sheet-title is-bad" }, `✗ ${visible(failure.type, 200)}`),
    failure.message && h("pre", { class: "failure-message", text: visible(failure.message) }),
    h("p", { class: "sheet-links" }, linksOf(failure, context)),
    factsOf(failure, context),
    failure.log_before && h("section", null, h("h3", { text: "The log line before it" }), h("pre", { class: "code", text: visible(failure.log_before) })),
    framesOf(failure));
}

/** The search that finds the requests which failed like this. */
export function searchFor(failure) {
  const status = /^HTTP (\d{3})$/.exec(failure.type);
  if (status) return formatPair("status", status[1]);
  return /[\s:"\\]|^-/.test(failure.type) ? `"${failure.type.replace(/(["\\])/g, "\\$1")}"` : failure.type;
}

function linksOf(failure, context) {
  const links = [];
  if (failure.trace) links.push(h("a", { class: "action", href: hrefToTrace(context, failure.trace, failure.span) }, "Open the newest trace"));
  if (failure.trace) links.push(h("a", { href: hrefTo(context, { tab: "requests", q: searchFor(failure) }) }, "All requests with it"));
  if (failure.is_log) links.push(h("a", { href: hrefTo(context, { tab: "logs", q: formatPair("exception.type", failure.type) }) }, "Its log records"));
  return links;
}

function factsOf(failure, context) {
  const { started_ms: startedMs } = context.run();
  const moment = (time) => [`${clock(startedMs + time / 1e6, 3)} `, h("span", { class: "dim", text: `+${shortDuration(time)}` })];
  const facts = [];
  const add = (name, ...content) => facts.push(h("dt", { text: name }), h("dd", null, content));
  if (failure.location) add("Where", h("span", { class: "mono", title: failure.file, text: visible(failure.location, 200) }), button(icon("copy"), () => copyText(`${failure.file}:${failure.line}`, "file and line"), { class: "quiet is-small", "aria-label": "Copy file and line" }));
  add("Times", failure.is_log ? `${number(failure.count)}, in log records only` : number(failure.count));
  if (failure.count > 1) add("First", moment(failure.first));
  add(failure.count > 1 ? "Last" : "When", moment(failure.last));
  const endpoints = failure.endpoints.map((endpoint, at) => [at ? ", " : "", h("a", { href: hrefTo(context, { tab: "requests", q: formatPair("route", endpoint) }) }, visible(endpoint, 120))]);
  if (endpoints.length) add("On", endpoints.slice(0, 10), endpoints.length > 10 && ` and ${number(endpoints.length - 10)} more`);
  return h("dl", { class: "facts" }, facts);
}

function framesOf(failure) {
  if (!failure.frames.length) {
    if (failure.stack) return h("section", null, h("h3", { text: "Stack trace" }), h("pre", { class: "code", text: visible(failure.stack, 20000) }));
    return h("p", { class: "dim", text: "No exception was recorded with it: the program answered like this without raising one." });
  }
  const innermost = failure.frames.reduce((found, frame, at) => (frame.is_own ? at : found), -1);
  const parts = foldedFrames(failure.frames).map((part) => (part.isOwn ? ownFrame(part.frames[0], part.frames[0] === failure.frames[innermost]) : libraryFrames(part)));
  return h("section", null,
    h("h3", { class: "stack-title" }, "Stack trace, innermost last", button([icon("copy"), "Copy"], () => copyText(failure.stack, "the stack trace"), { class: "quiet" })),
    h("ol", { class: "stack-frames" }, parts));
}

function ownFrame(frame, isInnermost) {
  return h("li", { class: isInnermost ? "stack-frame is-own is-innermost" : "stack-frame is-own" }, h("p", { class: "stack-place" }, placeOf(frame)), frame.code && h("pre", { class: "stack-code", text: visible(frame.code, 400) }));
}

function placeOf(frame) {
  const cut = Math.max(frame.file.lastIndexOf("/"), frame.file.lastIndexOf("\\")) + 1;
  return [
    h("span", { class: "dim", text: visible(frame.file.slice(0, cut), 300) }), h("b", { text: `${visible(frame.file.slice(cut), 120)}:${frame.line}` }),
    h("span", { class: "dim", text: " in " }), visible(frame.function, 120),
  ];
}

function libraryFrames(part) {
  const where = part.packages.length ? ` in ${visible(part.packages.slice(0, 4).join(", "), 120)}` : "";
  return h("li", { class: "stack-frame" }, h("details", null,
    h("summary", { text: `${count(part.frames.length, "frame")}${where}` }),
    part.frames.map((frame) => h("div", { class: "stack-inner" }, h("p", { class: "stack-place" }, placeOf(frame)), frame.code && h("pre", { class: "stack-code", text: visible(frame.code, 400) })))));
}
