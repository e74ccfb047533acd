/**
 * The processes view: who started whom, when each ran, what each recorded and lost, and what was hooked in it.
 */
import { timeTicks } from "./chart.js";
import { h, replace, svg } from "./dom.js";
import { forestOf } from "./forest.js";
import { count, number, shortDuration, visible } from "./format.js";
import { dividedLibraries } from "./libraries.js";
import { makeList } from "./list.js";
import { matchesAll } from "./match.js";
import { processDetail, stateOf } from "./process_detail.js";
import { parseQuery } from "./query.js";
import { keepingPlace } from "./redraw.js";
import { emptyView } from "./shell.js";
import { makeSplit } from "./split.js";

const ROW = 32;
const INDENT = 18;

/** Make the view. `context` is the page's. */
export function makeProcesses(context) {
  return new ProcessesView(context);
}

class ProcessesView {
  constructor(context) {
    this.context = context;
    this.rows = [];
    this.processes = null;
    this.state = null;
    this.axis = h("div", { class: "process-axis", "aria-hidden": "true" });
    const title = (text, name) => h("div", { role: "columnheader", class: name || null, text });
    const head = h("div", { role: "row" }, title("Process"), title("pid", "number"), h("div", { role: "columnheader" }, h("span", { class: "off-screen", text: "Recorded from – to" }), this.axis),
      title("Spans", "number"), title("Logs", "number"), title("Lost", "number"), title("Instrumented"));
    this.list = makeList({
      label: "Processes", rowHeight: ROW, role: "treegrid", head, makeRow, fillRow: (row, index) => this.fill(row, index),
      onSelect: (index) => this.select(index), onOpen: (index) => this.select(index),
    });
    this.list.element.classList.add("process-list");
    this.detail = h("aside", { class: "process-detail scroll", "aria-label": "The selected process", tabIndex: 0 });
    this.body = makeSplit([this.list.element], this.detail, { key: "processes-split", share: 66 });
    this.element = h("section", { class: "processes-view panel", "aria-label": "Processes" }, this.body);
    const move = (key) => () => this.list.move(key);
    this.keys = { j: move("j"), k: move("k"), g: move("g"), G: move("G") };
  }

  /** Show what the address says: `process` is the one that is selected. */
  show(state) {
    this.state = state;
    if (this.processes) this.draw();
    else this.load();
  }

  /** The run's document has changed: there may be other processes, or more in them. */
  update() {
    this.load();
  }

  async load() {
    try {
      this.processes = (await this.context.source.get(`/api/run/${encodeURIComponent(this.context.runId)}/processes`)).processes;
      this.draw();
    } catch (error) {
      if (!this.processes) replace(this.element, emptyView("The processes cannot be shown", error.message));
    }
  }

  draw() {
    if (!this.processes) return;
    if (!this.processes.length) {
      replace(this.element, emptyView("No process has recorded anything", "A process appears here as soon as a Python interpreter of this run starts.", ["Why it might not: ", h("code", { text: "otelrun doctor" })]));
      return;
    }
    if (this.body.parentElement !== this.element) replace(this.element, this.body);
    const terms = parseQuery(this.state.params.q || "");
    const rows = forestOf(this.processes);
    this.rows = terms.length ? rows.filter(({ process }) => isAskedFor(process, terms)).map(({ process }) => ({ process, depth: 0, isLast: true, rails: [] })) : rows;
    const ends = this.processes.map((process) => (process.end === null ? 0 : process.end));
    const length = this.context.run().duration_ns;
    this.from = Math.min(0, ...this.processes.map((process) => process.start || 0));
    this.to = Math.max(length || 0, ...ends, this.from + 1);
    this.drawAxis();
    this.list.setCount(this.rows.length);
    const wanted = this.rows.findIndex(({ process }) => String(process.id) === this.state.params.process);
    this.list.select(wanted < 0 ? Math.min(0, this.rows.length - 1) : wanted, { silent: true, scroll: wanted >= 0 });
    this.drawDetail();
  }

  drawAxis() {
    const ticks = timeTicks(this.from, this.to, 4).map((time) => h("span", { style: { left: `${this.share(time)}%` }, text: shortDuration(time) }));
    replace(this.axis, ticks);
  }

  /** Where a time lies on the axis, in percent. */
  share(time) {
    return ((time - this.from) / (this.to - this.from)) * 100;
  }

  select(index) {
    const row = this.rows[index];
    if (row) this.context.navigate({ process: String(row.process.id) }, { replace: true });
  }

  drawDetail() {
    const row = this.rows[this.list.selected];
    const draw = () => replace(this.detail, processDetail(row.process, this.processes, this.context));
    if (row && this.drawn === row.process.id) return keepingPlace(this.detail, draw);
    this.drawn = row ? row.process.id : null;
    this.detail.scrollTop = 0;
    return row ? draw() : replace(this.detail, h("p", { class: "empty", text: "No process is like this. Take something out of the search." }));
  }

  fill(element, index) {
    const { process, depth, isLast, rails } = this.rows[index];
    element.setAttribute("aria-level", String(depth + 1));
    const [name, pid, life, spans, logs, lost, hooks] = element.children;
    replace(name, branches(depth, isLast, rails), h("span", { class: "process-name" }, h("b", { text: visible(process.service, 80) }), " ", h("span", { class: "mono dim", text: visible(process.command, 200) })));
    name.title = visible(process.command, 400);
    replace(pid, String(process.pid));
    replace(life, this.bar(process));
    replace(spans, number(process.spans));
    replace(logs, number(process.logs));
    const dropped = lostOf(process);
    lost.classList.toggle("is-bad", dropped > 0);
    replace(lost, dropped ? `✗ ${number(dropped)}` : "–");
    replace(hooks, hooksOf(process));
  }

  bar(process) {
    const { text } = stateOf(process);
    if (process.start === null) return h("span", { class: "dim", text: "not known" });
    const end = process.end === null ? this.to : process.end;
    const left = this.share(process.start);
    const width = Math.max(0.4, this.share(end) - left);
    const ran = `${text}, recorded from ${shortDuration(rounded(process.start))} to ${shortDuration(rounded(end))}`;
    const kind = process.state === "killed?" ? "is-killed" : process.state === "running" ? "is-running" : process.state === "unknown" ? "is-unknown" : "";
    const mark = process.state === "killed?" && h("span", { class: "life-mark", "aria-hidden": "true", style: { left: `${Math.min(98.5, left + width)}%` }, text: "✗" });
    return h("div", { class: "life", role: "img", "aria-label": ran, title: ran }, h("span", { class: `life-bar ${kind}`, style: { left: `${left}%`, width: `${width}%` } }), mark);
  }
}

function makeRow() {
  const cell = (name) => h("div", { role: "gridcell", class: name });
  return h("div", null, h("div", { role: "rowheader", class: "process-cell" }), cell("number mono"), cell("life-cell"), cell("number"), cell("number"), cell("number"), cell(""));
}

/** The lines of the tree before a process's name. */
function branches(depth, isLast, rails) {
  if (!depth) return null;
  const width = depth * INDENT;
  const lines = rails.slice(1).map((goesOn, at) => goesOn && `M${at * INDENT + 7.5} 0V${ROW}`).filter(Boolean);
  const x = (depth - 1) * INDENT + 7.5;
  lines.push(`M${x} 0V${isLast ? ROW / 2 : ROW}M${x} ${ROW / 2}H${width - 4}`);
  return svg("svg", { class: "branches", width, height: ROW, "aria-hidden": "true" }, svg("path", { d: lines.join("") }));
}

function rounded(time) {
  return Math.round(time / 1e6) * 1e6;
}

/** How many records of a process did not reach its ring. */
function lostOf(process) {
  return Object.values(process.dropped || {}).reduce((sum, value) => sum + (Number(value) || 0), 0) + (process.torn || 0);
}

function hooksOf(process) {
  if (!process.hooked.length) return h("span", { class: "dim", text: "–" });
  const { hooked, wanting } = dividedLibraries(process.hooked);
  const told = `${count(wanting.length, "library is", "libraries are")} imported but not instrumented`;
  return [h("span", { class: "ok", text: "✓ " }), String(hooked.length), wanting.length > 0 && h("span", { class: "is-warn hooks-missing", text: `▲ ${wanting.length} not`, title: told })];
}

function isAskedFor(process, terms) {
  const libraries = process.hooked.map((one) => one.library);
  const words = [process.service, process.command, process.pid, process.state, ...libraries].join(" ").toLowerCase();
  const isFailed = process.state === "killed?" || process.interrupted > 0 || lostOf(process) > 0;
  return matchesAll(terms, words, { pid: process.pid, service: process.service, library: libraries, state: process.state, is: isFailed ? "failed" : "" });
}
