/**
 * What is known of one span or log line of a trace: what failed first, with the user's own lines prominent, then attributes, events,
 * links and ids. Each value can be copied, and searched for.
 */
import { button, copyText, h, icon, replace } from "./dom.js";
import { duration, oneLine, prettyJson, stripAnsi, visible } from "./format.js";
import { formatFragment } from "./state.js";
import { partsOf, runsOf, shortFile } from "./stack.js";
import { exceptionsOf, loggedExceptionsOf, ownTimeOf } from "./tree.js";
import { levelClass } from "./waterfall.js";

const LONG = 500;
const MANY = 10;

/** Make the panel; `show(item, items, trace)` fills it. */
export function makeDetails(context) {
  const element = h("div", { class: "details scroll", tabIndex: 0, role: "region", "aria-label": "Details" });
  return {
    element,
    show(item, items, trace) {
      element.scrollTop = 0;
      if (!item) replace(element);
      else if (item.kind === "log") replace(element, logDetails(item.log, context));
      else if (item.kind === "missing") replace(element, missingDetails(item));
      else replace(element, spanDetails(item, items, trace, context));
    },
  };
}

function spanDetails(item, items, trace, context) {
  const { span } = item;
  const thrown = exceptionsOf(span).map((event) => event.attributes);
  const exceptions = thrown.length ? thrown : loggedExceptionsOf(items, item.place).map(({ log }) => log.attributes);
  const events = span.events.filter((event) => event.name !== "exception");
  const own = ownTimeOf(items, item.place);
  return [
    h("header", { class: "details-head" },
      h("h3", { class: "details-name" }, span.status === "error" ? h("span", { class: "is-bad" }, "✗ ") : null, oneLine(span.name, 400) || "(no name)"),
      h("p", { class: "soft" }, `${span.kind} · ${oneLine(span.service, 80)} · `, processLink(span.pid, context), span.scope ? ` · ${oneLine(span.scope, 80)}` : ""),
      h("p", { class: "soft" }, `${duration(span.duration)} · begins at +${duration(Math.max(0, span.start - trace.start))}`, item.size ? ` · own time ${duration(own)}` : "")),
    cutNote(span),
    exceptions.map(exceptionPart),
    !exceptions.length && span.status === "error" ? h("section", { class: "failure-box" }, h("p", { class: "is-bad" }, `✗ ${visible(span.message || String(span.attributes["error.type"] || "failed"), LONG)}`)) : null,
    attributesPart("Attributes", span.attributes, context),
    events.length ? eventsPart(events, trace, context) : null,
    span.links.length ? linksPart(span.links, context) : null,
    idsPart([["trace", trace.trace], ["span", span.id], ["parent", span.parent]]),
  ];
}

function processLink(pid, context) {
  return h("a", { href: formatFragment({ run: context.runId, tab: "processes", params: { q: `pid:${pid}` } }) }, `pid ${pid}`);
}

function cutNote(span) {
  if (span.attributes["otelrun.interrupted"] !== true) return null;
  return h("p", { class: "note is-warn" }, "⏸ It had not ended when its process did: its end is that of the process.");
}

function missingDetails(item) {
  return [h("header", { class: "details-head" }, h("h3", { class: "details-name" }, "A parent that was not recorded"), h("p", { class: "soft" }, "It has not ended yet, was lost, or belongs to a service that is recorded elsewhere.")), idsPart([["span", item.id]])];
}

function logDetails(log, context) {
  const body = log.body && log.body.cut ? log.body.cut : log.body;
  return [
    h("header", { class: "details-head" }, h("h3", { class: "details-name" }, h("span", { class: levelClass(log.level) }, oneLine(log.severity || "LOG", 20)), ` ${oneLine(log.logger, 120)}`), h("p", { class: "soft" }, `${oneLine(log.service, 80)} · `, processLink(log.pid, context))),
    h("section", {}, longValue(stripAnsi(String(body)))),
    log.attributes["exception.stacktrace"] || log.attributes["exception.type"] ? exceptionPart(log.attributes) : null,
    attributesPart("Attributes", log.attributes, context),
    idsPart([["span", log.span]]),
  ];
}

/** An exception: its type and message, its frames with the user's own prominent, the whole text on demand. */
function exceptionPart(attributes) {
  const stack = attributes["exception.stacktrace"];
  const text = typeof stack === "string" ? stack : stack && stack.cut ? stack.cut : "";
  const parts = partsOf(text);
  return h("section", { class: "failure-box" },
    h("p", { class: "failure-says" }, h("strong", { class: "is-bad" }, `✗ ${visible(attributes["exception.type"] || "Exception", 200)}`), " ", visible(attributes["exception.message"] || "", 2000)),
    parts.map((part, place) => [place > 0 ? h("p", { class: "dim" }, "and while that was handled, or because of it:") : null, framesPart(part), place < parts.length - 1 ? h("p", { class: "soft mono" }, visible(part.says, 400)) : null]),
    text ? h("details", {}, h("summary", { class: "dim" }, "Whole traceback"), h("pre", { class: "code" }, visible(text, 100000)), button("Copy", () => copyText(text, "the traceback"), { class: "link" })) : null);
}

function framesPart(part) {
  const innermost = part.frames.filter((frame) => frame.isOwn).pop();
  return h("ol", { class: "frames" }, runsOf(part.frames).map((run) => {
    if (run.isOwn || !innermost) return run.frames.map((frame) => frameLine(frame, frame === innermost));
    const files = [...new Set(run.frames.map((frame) => shortFile(frame.file)))];
    return h("li", { class: "folded" }, h("details", {}, h("summary", {}, `${run.frames.length} in ${files.slice(0, 2).join(", ")}${files.length > 2 ? " …" : ""}`), h("ol", {}, run.frames.map((frame) => frameLine(frame, false)))));
  }));
}

function frameLine(frame, isInnermost) {
  return h("li", { class: `frame${frame.isOwn ? " is-own" : ""}${isInnermost ? " is-innermost" : ""}`, title: oneLine(frame.file, 400) },
    h("span", { class: "frame-place" }, h("span", { class: "mono" }, `${oneLine(shortFile(frame.file), 120)}:${frame.line}`), frame.function ? h("span", { class: "dim" }, ` in ${oneLine(frame.function, 120)}`) : null),
    frame.code ? h("code", { class: "frame-code" }, visible(frame.code, 300)) : null);
}

/** Names and values, sorted, with a filter where they are many. */
function attributesPart(title, attributes, context) {
  const names = Object.keys(attributes).filter((name) => name !== "exception.stacktrace").sort();
  if (!names.length) return null;
  const list = h("dl", { class: "facts attributes" });
  const draw = (text) => replace(list, names.filter((name) => !text || `${name} ${valueText(attributes[name])}`.toLowerCase().includes(text)).map((name) => attributeRow(name, attributes[name], context)));
  const filter = names.length > MANY ? h("input", { class: "field small", type: "text", placeholder: "filter", "aria-label": `Filter ${title.toLowerCase()}`, on: { input: () => draw(filter.value.toLowerCase()) } }) : null;
  draw("");
  return h("section", {}, h("h3", { class: "with-field" }, `${title} `, h("span", { class: "dim" }, names.length), filter), list);
}

function attributeRow(name, value, context) {
  const text = valueText(value);
  const isPlain = typeof value !== "object" || value === null;
  return [
    h("dt", {}, oneLine(name, 200)),
    h("dd", {}, longValue(text, value && value.length), h("span", { class: "value-actions" },
      isPlain ? button(icon("filter"), () => context.addToSearch(name, text, false), { class: "quiet", "aria-label": `Search for ${oneLine(name, 80)}:${oneLine(text, 80)}`, title: "search for this" }) : null,
      button(icon("copy"), () => copyText(text, oneLine(name, 60)), { class: "quiet", "aria-label": `Copy ${oneLine(name, 80)}`, title: "copy" }))),
  ];
}

function valueText(value) {
  if (typeof value === "string") return value;
  if (value && typeof value === "object" && typeof value.cut === "string") return value.cut;
  return JSON.stringify(value);
}

/** A value: JSON with indents, a long one cut until it is asked for. A click on a short one selects nothing and copies nothing by itself. */
function longValue(text, wholeLength) {
  const pretty = prettyJson(text);
  const shown = pretty || text;
  const more = wholeLength > text.length ? ` (${wholeLength.toLocaleString("en-US")} characters; the rest is not kept here)` : "";
  const isBlock = pretty || shown.includes("\n");
  const place = h(isBlock ? "pre" : "span", { class: isBlock ? "value code" : "value mono" }, visible(shown, LONG));
  if (shown.length <= LONG) return [place, more];
  const toggle = button(`show all ${shown.length.toLocaleString("en-US")} characters`, () => {
    place.textContent = visible(shown, shown.length);
    toggle.remove();
  }, { class: "link" });
  return [place, " ", toggle, more];
}

function eventsPart(events, trace, context) {
  return h("section", {}, h("h3", {}, "Events ", h("span", { class: "dim" }, events.length)), events.map((event) => h("div", { class: "event" },
    h("p", {}, h("span", { class: "dim number" }, `+${duration(Math.max(0, event.time - trace.start))} `), oneLine(event.name, 200)),
    h("dl", { class: "facts attributes" }, Object.keys(event.attributes).sort().map((name) => attributeRow(name, event.attributes[name], context))))));
}

function linksPart(links, context) {
  return h("section", {}, h("h3", {}, "Links ", h("span", { class: "dim" }, links.length)), links.map((link) => h("div", { class: "event" },
    h("p", { class: "mono" }, link.is_here ? h("a", { href: formatFragment({ run: context.runId, tab: "requests", trace: link.trace, span: link.span, params: {} }) }, `${link.trace.slice(0, 8)} / ${link.span}`) : h("span", {}, `${link.trace} / ${link.span} `, h("span", { class: "dim" }, "not in this run"))),
    h("dl", { class: "facts attributes" }, Object.keys(link.attributes).sort().map((name) => attributeRow(name, link.attributes[name], context))))));
}

function idsPart(ids) {
  return h("section", { class: "ids" }, ids.filter(([, id]) => id).map(([name, id]) => h("span", {}, h("span", { class: "dim" }, `${name} `), button(id, () => copyText(id, `the ${name} id`), { class: "link mono", title: "copy" }))));
}
