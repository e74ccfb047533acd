/**
 * The waterfall of a trace: a treegrid of spans and log lines against time. Only the rows in sight are elements, so that 10,000 spans
 * scroll smoothly. A bar's full tone is the span's own time, its pale parts are when spans right below it ran.
 */
import { timeTicks } from "./chart.js";
import { hueOf, serviceHue } from "./colours.js";
import { h, replace, setText } from "./dom.js";
import { duration, oneLine, shortDuration } from "./format.js";
import { makeList } from "./list.js";
import { coveredOf, extentOf, inSight, reveal, withChildren } from "./tree.js";

const INDENT = 13;
const DEEPEST = 14;
const MOST_PARTS = 60;
const TARGETS = ["url.full", "http.url", "url.path", "http.target", "db.query.text", "db.statement", "messaging.destination.name"];

/**
 * Make a waterfall.
 * @param {Object} calls `onSelect(place)` an item was chosen.
 * @returns {Waterfall}
 */
export function makeWaterfall(calls) {
  return new Waterfall(calls);
}

/** What `makeWaterfall` gives. */
export class Waterfall {
  constructor({ onSelect }) {
    this.onSelect = onSelect;
    this.items = [];
    this.rows = [];
    this.closed = new Set();
    this.hasLogs = true;
    this.hits = new Set();
    this.whole = [0, 1];
    this.range = this.whole;
    this.services = [];
    this.axis = h("span", { class: "axis" });
    this.list = makeList({
      label: "Spans of the trace", role: "treegrid", rowHeight: 25, makeRow: () => makeRow(), fillRow: (element, index) => this.fillRow(element, this.rows[index]),
      head: h("div", { role: "row" }, h("span", { role: "columnheader" }, "Span"), h("span", { role: "columnheader", "aria-label": "Time" }, this.axis), h("span", { role: "columnheader", class: "number" }, "Took")),
      onSelect: (index) => this.onSelect(this.rows[index]),
      keys: { ArrowRight: (index) => this.open(index), ArrowLeft: (index) => this.shut(index) },
    });
    this.element = this.list.element;
    this.element.classList.add("waterfall");
    this.element.addEventListener("click", (event) => this.onTwisty(event), true);
  }

  /** Show the items of a trace. */
  show(items) {
    this.items = items;
    this.whole = extentOf(items);
    this.closed = new Set();
    this.hits = new Set();
    this.services = [...new Set(items.filter((item) => item.span).map((item) => item.span.service))].sort();
    this.setRange(this.whole);
  }

  /** Show a range of time, in ns. */
  setRange(range) {
    this.range = range;
    const [from, to] = range;
    const [origin] = this.whole;
    const ticks = timeTicks(from - origin, to - origin, 4).map((time) => [((time + origin - from) / (to - from)) * 100, time]);
    replace(this.axis, ticks.filter(([share]) => share < 92).map(([share, time]) => h("span", { style: { left: `${share}%` } }, shortDuration(time))));
    this.element.style.setProperty("--grid", ticks.map(([share]) => `linear-gradient(90deg, transparent calc(${share}% - 1px), var(--line) calc(${share}% - 1px) ${share}%, transparent ${share}%)`).join(", ") || "none");
    this.layOut();
  }

  /** Work out which rows are in sight, keeping the selection. */
  layOut() {
    const selected = this.selected();
    this.rows = inSight(this.items, this.closed, this.hasLogs);
    this.list.setCount(this.rows.length);
    if (selected >= 0) this.list.select(this.rows.indexOf(selected), { silent: true, scroll: false });
  }

  /** Give the place of the selected item, or -1. */
  selected() {
    const place = this.rows[this.list.selected];
    return place === undefined ? -1 : place;
  }

  /** Select an item, opening what hides it. */
  select(place, how) {
    if (place < 0 || place >= this.items.length) return;
    if (!this.rows.includes(place)) {
      reveal(this.items, this.closed, place);
      if (this.items[place].kind === "log") this.hasLogs = true;
      this.layOut();
    }
    this.list.select(this.rows.indexOf(place), how);
  }

  /** Mark the items that a search within the trace found. */
  mark(places) {
    this.hits = new Set(places);
    this.list.refresh();
  }

  /** Show log lines, or not. */
  showLogs(hasLogs) {
    this.hasLogs = hasLogs;
    this.layOut();
  }

  /** Close all, or open all. */
  closeAll(isClosed) {
    const selected = this.selected();
    this.closed = new Set(isClosed ? withChildren(this.items).filter((place) => this.items[place].depth > 0 || this.items.length > 40) : []);
    let shown = selected;
    if (isClosed) while (shown >= 0 && this.items[shown].parent >= 0 && this.isHidden(shown)) shown = this.items[shown].parent;
    this.rows = inSight(this.items, this.closed, this.hasLogs);
    this.list.setCount(this.rows.length);
    if (shown >= 0) this.list.select(this.rows.indexOf(shown), { silent: shown === selected });
  }

  /** Show the time of the selected span only, or again that of all. */
  zoom() {
    const item = this.items[this.selected()];
    const { whole } = this;
    const isWhole = this.range[0] === whole[0] && this.range[1] === whole[1];
    const range = isWhole && item && item.span ? [item.start, item.start + Math.max(1, item.span.duration)] : whole;
    this.setRange(range);
    return range;
  }

  isHidden(place) {
    for (let parent = this.items[place].parent; parent >= 0; parent = this.items[parent].parent) if (this.closed.has(parent)) return true;
    return false;
  }

  toggle(place) {
    if (!this.items[place].size) return;
    if (!this.closed.delete(place)) this.closed.add(place);
    this.layOut();
  }

  open(index) {
    const place = this.rows[index];
    if (place === undefined) return;
    if (this.closed.has(place)) this.toggle(place);
    else if (this.items[place].size) this.list.move("ArrowDown");
  }

  shut(index) {
    const place = this.rows[index];
    if (place === undefined) return;
    if (this.items[place].size && !this.closed.has(place)) this.toggle(place);
    else if (this.items[place].parent >= 0) this.list.select(this.rows.indexOf(this.items[place].parent));
  }

  onTwisty(event) {
    const twisty = event.target instanceof Element && event.target.closest(".twisty");
    if (!twisty) return;
    event.stopPropagation();
    this.toggle(Number(twisty.dataset.place));
  }

  fillRow(element, place) {
    const item = this.items[place];
    const [name, time, took] = element.children;
    const isClosed = this.closed.has(place);
    element.className = `list-row ${element.classList.contains("is-selected") ? "is-selected " : ""}is-${item.kind}${this.hits.has(place) ? " is-hit" : ""}`;
    element.setAttribute("aria-level", String(item.depth + 1));
    if (item.size) element.setAttribute("aria-expanded", String(!isClosed));
    else element.removeAttribute("aria-expanded");
    name.style.setProperty("--indent", `${Math.min(item.depth, DEEPEST) * INDENT}px`);
    const [twisty, mark, text, about] = name.children;
    twisty.dataset.place = String(place);
    setText(twisty, item.size ? (isClosed ? "▸" : "▾") : "");
    if (item.kind === "span") this.fillSpan(item, { mark, text, about, time, took, name });
    else if (item.kind === "log") fillLog(item, { mark, text, about, time, took, name }, this.whole[0]);
    else fillMissing(item, { mark, text, about, time, took, name });
    if (isClosed) about.textContent = `+${item.size}  ${about.textContent}`;
  }

  fillSpan(item, { mark, text, about, time, took, name }) {
    const { span } = item;
    const isFailed = span.status === "error";
    const isCut = span.attributes["otelrun.interrupted"] === true;
    const parent = item.parent >= 0 ? this.items[item.parent].span : null;
    const isOther = this.services.length > 1 && (!parent || parent.service !== span.service);
    mark.className = `mark ${isFailed ? "is-bad" : isCut ? "is-warn" : hueOf(span.category)}`;
    setText(mark, isFailed ? "✗" : isCut ? "⏸" : "");
    setText(text, oneLine(span.name, 200) || "(no name)");
    about.className = "about";
    replace(about, isOther ? h("span", { class: `service-name ${serviceHue(this.services.indexOf(span.service))}` }, oneLine(span.service, 60)) : null, oneLine(targetOf(span), 160));
    name.title = `${oneLine(span.name, 300)}\n${span.kind} · ${oneLine(span.service, 80)} · pid ${span.pid}`;
    setText(took, duration(span.duration));
    const bar = time.firstChild;
    bar.className = `bar ${hueOf(span.category)}${isFailed ? " is-failed" : ""}${isCut ? " is-cut" : ""}`;
    this.placeBar(bar, item);
    bar.hidden = false;
  }

  placeBar(bar, item) {
    const [from, to] = this.range;
    const { span } = item;
    const share = (at) => ((at - from) / (to - from)) * 100;
    const left = Math.max(0, Math.min(100, share(span.start)));
    const right = Math.max(left, Math.min(100, share(span.start + span.duration)));
    bar.style.setProperty("left", `${left.toFixed(3)}%`);
    bar.style.setProperty("width", `${(right - left).toFixed(3)}%`);
    const parts = item.size ? coveredOf(this.items, item.place) : [];
    const isWhole = left === share(span.start) && span.duration > 0;
    const stops = isWhole && parts.length <= MOST_PARTS ? parts.map(([start, end]) => partStop((start - span.start) / span.duration, (end - span.start) / span.duration)) : [];
    bar.style.setProperty("background-image", stops.join(", ") || "none");
  }
}

function partStop(from, to) {
  const [a, b] = [(from * 100).toFixed(2), (to * 100).toFixed(2)];
  return `linear-gradient(90deg, transparent ${a}%, var(--pale) ${a}% ${b}%, transparent ${b}%)`;
}

function makeRow() {
  return h("div", {},
    h("span", { role: "gridcell", class: "span-name" }, h("span", { class: "twisty", "aria-hidden": "true" }), h("span", { class: "mark" }), h("span", { class: "name" }), h("span", { class: "about" })),
    h("span", { role: "gridcell", class: "span-time" }, h("span", { class: "bar" })),
    h("span", { role: "gridcell", class: "number soft" }));
}

function fillLog(item, { mark, text, about, time, took, name }, from) {
  const { log } = item;
  mark.className = `mark level ${levelClass(log.level)}`;
  setText(mark, oneLine(log.severity || "LOG", 12));
  setText(text, oneLine(log.body && log.body.cut ? log.body.cut : log.body, 300));
  about.className = "about";
  setText(about, "");
  name.title = oneLine(log.logger, 80);
  time.firstChild.hidden = true;
  setText(took, `+${duration(Math.max(0, log.time - from))}`);
}

function fillMissing(item, { mark, text, about, time, took, name }) {
  mark.className = "mark is-warn";
  setText(mark, "?");
  setText(text, "parent not recorded");
  about.className = "about";
  setText(about, item.id);
  name.title = "It has not ended yet, was lost, or belongs to a service that is recorded elsewhere.";
  time.firstChild.hidden = true;
  setText(took, "");
}

/** Give the class of a log's severity number: red from ERROR, amber from WARN. */
export function levelClass(level) {
  return level >= 17 ? "is-bad" : level >= 13 ? "is-warn" : "dim";
}

/** Say what a span was about where its name does not: the URL, the query, the queue. */
export function targetOf(span) {
  for (const name of TARGETS) {
    const value = span.attributes[name];
    if (typeof value === "string" && value) {
      const about = value.includes("://") ? value.slice(value.indexOf("://") + 3) : value;
      return span.name.includes(about) ? "" : about;
    }
  }
  return "";
}
