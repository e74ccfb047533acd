/**
 * One trace: what it was and why it failed in a line, its waterfall with log lines at their place, the details of the selected span.
 * It stands beside the list of requests, or fills the page.
 */
import { hueOf } from "./colours.js";
import { announce, button, copyText, h, icon, oncePerFrame, replace, setText } from "./dom.js";
import { clock, count, duration, oneLine, percent, shortTrace } from "./format.js";
import { makeMinimap } from "./minimap.js";
import { emptyView } from "./shell.js";
import { makeDetails } from "./span_details.js";
import { makeSplitter } from "./splitter.js";
import { partsOf, shortFile } from "./stack.js";
import { gradientOf } from "./time_bar.js";
import { traceMarkdown } from "./trace_text.js";
import { callsOf, exceptionsOf, extentOf, firstToSee, holding, itemsOf, loggedExceptionsOf } from "./tree.js";
import { makeWaterfall, targetOf } from "./waterfall.js";

const WALKING_MS = 150;
let menus = 0;

/**
 * Make the view of a trace.
 * @param {Object} context see page.js.
 * @param {Object} calls `onLoaded(ids)`: the ids of the selected span and those above it, innermost first; `timeOf(traceId, spanId)`: where
 *   the time of that request went, `[[library, ns]…]`, or null.
 */
export function makeTrace(context, calls) {
  return new TraceView(context, calls);
}

class TraceView {
  constructor(context, { onLoaded, timeOf }) {
    this.context = context;
    this.onLoaded = onLoaded;
    this.timeOf = timeOf;
    this.asked = "";
    this.askedAt = -Infinity;
    this.entry = "";
    this.trace = null;
    this.items = [];
    this.hits = [];
    this.waterfall = makeWaterfall({ onSelect: (place) => this.chose(place) });
    this.minimap = makeMinimap((range) => this.waterfall.setRange(range));
    this.details = makeDetails(context);
    this.head = h("header", { class: "trace-head" });
    this.nothing = h("div", { class: "nothing" });
    this.body = h("div", { class: "trace-body", hidden: true });
    this.element = h("div", { class: "trace" }, this.nothing, this.body);
    this.build();
  }

  build() {
    const panes = (this.panes = h("div", { class: "trace-panes" }));
    const above = makeSplitter({ container: panes, property: "--above", label: "Height of the waterfall", isHorizontal: true, share: 52, key: "trace-above" });
    const beside = makeSplitter({ container: panes, property: "--beside", label: "Width of the waterfall", share: 64, key: "trace-beside" });
    panes.append(h("div", { class: "trace-map panel" }, this.minimap.element, this.waterfall.element), above, beside, this.details.element);
    this.find = h("input", { class: "field small", type: "text", placeholder: "find in trace", "aria-label": "Find in trace", spellcheck: false, on: { input: oncePerFrame(() => this.search()), keydown: (event) => this.onFindKey(event) } });
    this.found = h("span", { class: "dim found", "aria-live": "polite" });
    this.logsToggle = button("Logs", () => this.toggleLogs(), { class: "quiet", "aria-pressed": "true", title: "log lines in the tree (l)" });
    const menu = this.makeMenu();
    const wide = button(icon("wide"), () => this.context.navigate({ trace: this.trace.trace, span: this.context.state().span, wide: this.context.state().params.wide ? "" : "1" }), { class: "quiet wide-toggle", "aria-label": "Full width", title: "full width (f)" });
    const back = button([icon("back"), "Requests"], () => this.context.navigate({ wide: "", trace: window.matchMedia("(max-width: 860px)").matches ? "" : this.trace.trace, span: this.context.state().span }), { class: "quiet back" });
    this.title = h("div", { class: "trace-title" });
    replace(this.head, h("div", { class: "trace-line" }, back, this.title, h("span", { class: "end" }, this.found, this.find, this.logsToggle, menu, wide)), (this.facts = h("p", { class: "trace-facts soft" })), (this.time = h("p", { class: "trace-time" })), (this.why = h("p", { class: "trace-why", hidden: true })));
    this.body.append(this.head, panes);
  }

  makeMenu() {
    menus += 1;
    const id = `copy-menu-${menus}`;
    const copy = (label, what, text) => button(label, () => {
      popover.hidePopover();
      copyText(text(), what);
    }, { class: "menu-item" });
    const popover = h("div", { class: "popover menu", id, popover: "auto" },
      copy("Copy as Markdown", "the trace as Markdown", () => traceMarkdown(this.trace, this.items)),
      copy("Copy as JSON", "the trace as JSON", () => JSON.stringify(this.trace, null, 2)),
      copy("Copy trace id", "the trace id", () => this.trace.trace),
      copy("Copy link", "the link", () => location.href));
    const opener = button(icon("copy"), () => {}, { class: "quiet", popovertarget: id, "aria-label": "Copy the trace", title: "copy the trace" });
    popover.addEventListener("toggle", () => {
      const box = opener.getBoundingClientRect();
      popover.style.setProperty("top", `${box.bottom + 4}px`);
      popover.style.setProperty("left", `${Math.max(8, box.right - popover.offsetWidth)}px`);
    });
    return h("span", {}, opener, popover);
  }

  /** Whether this trace is shown, or being fetched. */
  isShowing(traceId) {
    return this.asked === traceId;
  }

  /**
   * Show a trace.
   * @param {string} traceId
   * @param {string} spanId the span to select; "" chooses the one to look at first,
   * @param {string} entryId within this span, or "" within all.
   */
  show(traceId, spanId, entryId) {
    if (traceId !== this.asked) {
      this.asked = traceId;
      this.load(spanId, entryId);
    } else if (this.trace) this.point(spanId, entryId);
    else this.wanted = [spanId, entryId];
  }

  /** Fetch the shown trace again, since it has changed; what is selected stays. */
  reload() {
    const place = this.waterfall.selected();
    if (this.trace && place >= 0) this.load(this.items[place].id, this.entry);
  }

  clear() {
    this.asked = "";
    this.trace = null;
    this.body.hidden = true;
    replace(this.nothing);
  }

  async load(spanId, entryId) {
    const traceId = this.asked;
    const isSame = this.trace && this.trace.trace === traceId;
    this.wanted = [spanId, entryId];
    if (!isSame) this.trace = null;
    if (!(await this.isStillAsked(traceId))) return;
    try {
      const trace = await this.context.source.get(`/api/run/${encodeURIComponent(this.context.runId)}/trace/${encodeURIComponent(traceId)}`);
      if (traceId !== this.asked) return;
      this.trace = trace;
    } catch (error) {
      if (traceId === this.asked && !isSame) this.fail(traceId, error);
      return;
    }
    this.items = itemsOf(this.trace);
    this.body.hidden = false;
    replace(this.nothing);
    this.nothing.hidden = true;
    this.waterfall.show(this.items);
    this.panes.style.setProperty("--rows-height", `${this.items.length * this.waterfall.list.rowHeight + 40 + (this.minimap.isShown(this.items) ? 45 : 0)}px`);
    this.minimap.show(this.items, extentOf(this.items));
    this.entry = null;
    this.point(...this.wanted);
    if (this.find.value) this.search();
  }

  /** Wait while one trace after the other is asked for, as somebody walks down the list; says whether this one still is. */
  async isStillAsked(traceId) {
    const now = performance.now();
    const isWalking = now - this.askedAt < WALKING_MS;
    this.askedAt = now;
    if (isWalking) await new Promise((resolve) => setTimeout(resolve, WALKING_MS));
    return traceId === this.asked;
  }

  fail(traceId, error) {
    this.trace = null;
    this.body.hidden = true;
    this.nothing.hidden = false;
    const back = h("a", { href: `#/${encodeURIComponent(this.context.runId)}/requests` }, "All requests of this run");
    if (error.slug === "pruned") replace(this.nothing, emptyView("This trace was removed", "It made room for newer ones, to keep the run within its size.", back));
    else if (error.slug === "not-found") replace(this.nothing, emptyView("This trace is not in this run", `No span or log line of ${shortTrace(traceId)} is here. It may not have arrived yet.`, back));
    else replace(this.nothing, emptyView("The trace cannot be shown", error.message, back));
  }

  /** Select a span, or the one to look at first. */
  point(spanId, entryId) {
    const selected = this.waterfall.selected();
    const isThere = spanId && selected >= 0 && this.items[selected].id === spanId;
    const isSameEntry = !spanId && entryId === this.entry && selected >= 0;
    if (entryId || !this.entry) this.entry = entryId;
    if (!isThere && !isSameEntry) {
      const asked = spanId ? this.items.findIndex((item) => item.id === spanId) : -1;
      const place = asked >= 0 ? asked : firstToSee(this.items, entryId || spanId);
      this.waterfall.select(place, { silent: true });
      this.details.show(this.items[place], this.items, this.trace);
    }
    this.drawHead();
    this.onLoaded(this.above(this.waterfall.selected()));
  }

  above(place) {
    const ids = [];
    for (let at = place; at >= 0; at = this.items[at].parent) ids.push(this.items[at].id);
    return ids;
  }

  chose(place) {
    if (!this.trace) return; // another one has been asked for, and is not here yet
    const item = this.items[place];
    this.details.show(item, this.items, this.trace);
    const spanId = item.kind === "log" ? item.log.span : item.id;
    if (spanId) this.context.navigate({ trace: this.trace.trace, span: spanId }, { replace: true });
  }

  drawHead() {
    const { trace, items } = this;
    const top = items.find((item) => item.span && item.id === this.entry) || items.find((item) => item.span);
    const failed = trace.spans.filter((span) => span.status === "error").length;
    const started = this.context.run().started_ms + trace.start / 1e6;
    const isFailed = top && top.span.status === "error";
    const place = items[0] ? firstToSee(items, "") : -1;
    replace(this.title, isFailed ? h("span", { class: "is-bad" }, "✗ ") : null, h("h2", {}, top ? titleOf(top.span) : "Log lines"), h("span", { class: "soft" }, top ? duration(top.span.duration) : ""));
    replace(this.facts, `${clock(started, 3)} · ${count(trace.spans.length, "span")}`, failed ? [", ", h("span", { class: "is-bad" }, `${failed} failed`)] : null, ` · ${count(trace.logs.length, "log line")} · trace `, button(shortTrace(trace.trace), () => copyText(trace.trace, "the trace id"), { class: "link mono", title: "copy the trace id" }));
    this.drawTime(top);
    this.drawWhy(failed && place >= 0 ? items[place] : null);
    this.logsToggle.hidden = !trace.logs.length;
  }

  /** The line that says where the time went. */
  drawTime(top) {
    const shares = (top && this.timeOf(this.trace.trace, top.id)) || [];
    const sum = shares.reduce((total, [, ns]) => total + ns, 0);
    this.time.hidden = shares.length < 2;
    if (this.time.hidden) return;
    const calls = callsOf(this.items, top.place);
    replace(this.time, h("span", { class: "time-bar", "aria-hidden": "true", style: { background: gradientOf(shares) } }), shares.map(([name, ns]) => h("span", { class: "legend-item", title: duration(ns) }, h("span", { class: `swatch ${hueOf(name)}` }), `${oneLine(name, 24)} ${percent(ns / sum)}${calls.has(name) ? ` in ${count(calls.get(name), "call")}` : ""}`)));
  }

  /** The line that says why: the first exception and the user's own line. */
  drawWhy(item) {
    this.why.hidden = !item || !item.span || item.span.status !== "error";
    if (this.why.hidden) return;
    const event = exceptionsOf(item.span)[0] || (loggedExceptionsOf(this.items, item.place)[0] || {}).log;
    const attributes = event ? event.attributes : {};
    const stack = attributes["exception.stacktrace"];
    const frames = partsOf(typeof stack === "string" ? stack : "").flatMap((part) => part.frames).filter((frame) => frame.isOwn);
    const frame = frames[frames.length - 1];
    const says = event ? `${attributes["exception.type"] || "Exception"}: ${attributes["exception.message"] || ""}` : item.span.message || String(item.span.attributes["error.type"] || "failed");
    replace(this.why, h("span", { class: "is-bad" }, "✗"), h("button", { type: "button", class: "why-button", title: "select the span", on: { click: () => this.waterfall.select(item.place) } }, oneLine(says, 300)), frame ? h("span", { class: "mono where" }, `${oneLine(shortFile(frame.file), 80)}:${frame.line}`) : null);
  }

  search() {
    this.hits = holding(this.items, this.find.value);
    this.waterfall.mark(this.hits);
    setText(this.found, this.find.value.trim() ? (this.hits.length ? count(this.hits.length, "hit") : "no hit") : "");
    if (this.hits.length && !this.hits.includes(this.waterfall.selected())) this.next(1);
  }

  onFindKey(event) {
    if (event.key === "Enter") this.next(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") {
      this.find.value = "";
      this.search();
      this.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Go to the next hit, or where nothing is searched for to the next span that failed. */
  next(step) {
    const places = this.find.value.trim() ? this.hits : this.items.filter((item) => item.span && item.span.status === "error").map((item) => item.place);
    if (!places.length) return announce("Nothing failed in this trace");
    const now = this.waterfall.selected();
    const later = step > 0 ? places.find((place) => place > now) : [...places].reverse().find((place) => place < now);
    return this.waterfall.select(later === undefined ? places[step > 0 ? 0 : places.length - 1] : later);
  }

  toggleLogs() {
    const hasLogs = !this.waterfall.hasLogs;
    this.waterfall.showLogs(hasLogs);
    this.logsToggle.setAttribute("aria-pressed", String(hasLogs));
  }

  focus() {
    this.waterfall.list.focus();
  }

  /** Handle one of the page's keys; says whether it was one. */
  key(key) {
    if (!this.trace) return false;
    if (key === "[" || key === "]") this.waterfall.closeAll(key === "[");
    else if (key === "n" || key === "N") this.next(key === "n" ? 1 : -1);
    else if (key === "l") this.toggleLogs();
    else if (key === "z") this.minimap.mark(this.waterfall.zoom());
    else if (key === "y") {
      const item = this.items[this.waterfall.selected()];
      const isSpan = item && item.kind === "span" && item.depth > 0;
      copyText(isSpan ? item.id : this.trace.trace, isSpan ? "the span id" : "the trace id");
    } else return this.waterfall.list.move(key);
    return true;
  }
}

function titleOf(span) {
  const about = targetOf(span);
  if (about.startsWith("/") && /^[A-Z]+ /.test(span.name)) return oneLine(`${span.name.split(" ")[0]} ${about}`, 160);
  return oneLine(about ? `${span.name} ${about}` : span.name, 160);
}
