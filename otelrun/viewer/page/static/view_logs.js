/**
 * The logs view: every log record of the run by time, filtered by level, logger, time and the search box; each line leads to its
 * trace and opens to show all of the record. While the run lasts it follows the newest, unless somebody has scrolled up.
 */
import { button, copyText, h, icon, oncePerFrame, replace, setText } from "./dom.js";
import { count, number, visible } from "./format.js";
import { LEVELS } from "./levels.js";
import { hrefToTrace } from "./links.js";
import { makeList } from "./list.js";
import { makeLogChart } from "./log_chart.js";
import { logDetail } from "./log_detail.js";
import { conditionOf, dividedSearch, leastOf } from "./log_filter.js";
import { fillRow, headRow, heightOf, makeRow, recordOf, timeOf } from "./log_rows.js";
import { LogTable } from "./log_table.js";
import { parseQuery } from "./query.js";
import { emptyView } from "./shell.js";

const ROW = 25;
const AT_ONCE = 20000;
const MOST_LOGGERS = 100;
const CHOICES = ["q", "level", "logger", "from", "to"];

/** Make the view. `context` is the page's. */
export function makeLogs(context) {
  return new LogsView(context);
}

class LogsView {
  constructor(context) {
    this.context = context;
    this.table = new LogTable();
    this.rows = [];
    this.opened = new Map();
    this.isLoading = false;
    this.isAskedAgain = false;
    this.isFollowing = false;
    this.fresh = 0;
    this.found = { text: "", traces: new Set(), logs: new Set() };
    this.place = oncePerFrame(() => this.placeOpened());
    this.makeControls();
    this.list = makeList({
      label: "Log records by time", role: "treegrid", rowHeight: ROW, makeRow: () => makeRow((event) => this.clicked(event)), fillRow: (row, index) => this.fill(row, index), head: headRow(),
      onSelect: (index) => this.select(index), onOpen: (index) => this.toggle(index), onScroll: () => this.scrolled(),
      keys: { t: (index) => this.openTrace(index), ArrowRight: (index) => this.toggle(index, true), ArrowLeft: (index) => this.toggle(index, false) },
    });
    this.list.element.classList.add("log-list");
    this.chart = makeLogChart((from, to) => this.zoom(from, to), () => this.zoom(null, null));
    this.nothing = h("div", { hidden: true });
    this.body = h("div", { class: "panel logs-view" }, this.controls, this.chart.element, h("div", { class: "panel log-frame" }, this.list.element, this.nothing, this.newButton));
    this.element = h("section", { class: "panel", "aria-label": "Logs" }, this.body);
    const move = (key) => () => this.list.move(key);
    this.keys = { j: move("j"), k: move("k"), g: move("g"), G: move("G"), Enter: () => this.toggle(this.list.selected), t: () => this.openTrace(this.list.selected), y: () => this.copyId() };
  }

  makeControls() {
    const option = (value, text) => h("option", { value, text });
    this.level = h("select", { class: "field", "aria-label": "Least level", on: { change: () => this.context.navigate({ level: this.level.value }) } },
      option("", "All levels"), LEVELS.slice(1).map((level) => option(level.name, `${level.word} and above`)));
    this.logger = h("select", { class: "field", "aria-label": "Logger", on: { change: () => this.context.navigate({ logger: this.logger.value }) } });
    this.said = h("span", { class: "dim", role: "status" });
    this.range = button("", () => this.zoom(null, null), { class: "action", hidden: true, title: "Show all of the time again" });
    this.newButton = button("", () => this.follow(), { class: "action is-main new-lines", hidden: true });
    this.followButton = button("Follow", () => this.follow(), { class: "quiet", "aria-pressed": "false", hidden: true, title: "Keep the newest record in sight" });
    this.controls = h("div", { class: "panel-head" }, this.level, this.logger, this.range, this.said, h("div", { class: "end" }, this.followButton));
  }

  /** Show what the address says: `level`, `logger`, `from` and `to` (ns), and the search. */
  show(state) {
    const before = this.state;
    this.state = state;
    if (!before) {
      this.isFollowing = this.isLive() && !state.params.log;
      this.load();
    } else if (CHOICES.some((name) => state.params[name] !== before.params[name])) this.filter();
  }

  /** There may be more. */
  update(run) {
    this.drawFollowing();
    if (run.totals.logs !== this.table.length) this.load();
  }

  isLive() {
    return !this.context.source.isReport && ["running", "finishing"].includes(this.context.run().state);
  }

  /** Read what is new, 20,000 records at a time, and show it after each. */
  async load() {
    if (this.isLoading) {
      this.isAskedAgain = true;
      return;
    }
    this.isLoading = true;
    try {
      let isComplete = false;
      while (!isComplete) {
        const cursor = encodeURIComponent(this.table.cursor);
        const path = this.context.source.isReport ? `logs?after=` : `logs?after=${cursor}&limit=${AT_ONCE}`;
        const answer = await this.context.source.get(`/api/run/${encodeURIComponent(this.context.runId)}/${path}`);
        const added = this.table.add(answer);
        isComplete = answer.is_complete || !added || this.context.source.isReport;
        if (added || isComplete) this.filter(added);
      }
    } catch (error) {
      if (!this.table.length) replace(this.element, emptyView("The log records cannot be shown", error.message));
    }
    this.isLoading = false;
    if (this.isAskedAgain) {
      this.isAskedAgain = false;
      this.load();
    }
  }

  /** Ask the source for the records that have an attribute, and for the traces that have it anywhere. */
  async find(text) {
    this.found = { text, traces: new Set(), logs: new Set() };
    if (!text) return;
    try {
      const { traces, logs, is_cut: isCut } = await this.context.source.search(this.context.runId, text, true);
      if (this.found.text !== text) return;
      this.found = { text, traces: new Set(traces), logs: new Set(logs), isCut };
      this.filter();
    } catch (error) {
      setText(this.said, error.message);
    }
  }

  /** Choose the records to show; `added` tells how many came since. */
  filter(added) {
    const { params } = this.state;
    const { own, asked, isUseless } = dividedSearch(parseQuery(params.q || ""));
    if (asked !== this.found.text) this.find(asked);
    const range = params.from && params.to ? [Number(params.from), Number(params.to)] : null;
    const accepts = conditionOf(this.table, own, asked ? this.found : null);
    const chosen = { least: leastOf(params.level || ""), logger: params.logger || "", accepts };
    const before = this.rows.length;
    const kept = this.rows[this.list.selected];
    this.rows = this.table.rows({ ...chosen, range });
    this.chart.show(this.table, this.rows, range || this.table.extent());
    this.drawControls(range, { asked, isUseless });
    this.hasServices = this.table.countsOf("service").length > 1;
    this.list.element.classList.toggle("has-services", this.hasServices);
    this.list.setCount(this.rows.length);
    this.reselect(kept, params.log);
    this.place();
    if (this.isFollowing) this.list.scrollToEnd();
    else if (added && before) this.fresh += Math.max(0, this.rows.length - before);
    this.drawFollowing();
  }

  /** Keep the selected record selected, wherever it is now; at first that of the address. */
  reselect(kept, id) {
    const wanted = kept === undefined && id ? this.table.id.indexOf(id) : kept;
    const index = wanted === undefined || wanted < 0 ? -1 : this.rows.indexOf(wanted);
    if (index >= 0 || kept === undefined) this.list.select(index, { silent: true, scroll: kept === undefined });
  }

  drawControls(range, { asked, isUseless }) {
    const { params } = this.state;
    this.level.value = params.level || "";
    if (document.activeElement !== this.logger) this.drawLoggers(params.logger || "");
    const many = this.rows.length === this.table.length ? count(this.table.length, "record") : `${number(this.rows.length)} of ${count(this.table.length, "record")}`;
    const how = [asked && !this.found.logs.size && `of the traces with ${visible(asked, 80)}`, asked && this.found.isCut && "there are more with it than were looked for", isUseless && "records have no duration to search for"].filter(Boolean);
    setText(this.said, [many, ...how].join("; "));
    this.range.hidden = !range;
    if (range) replace(this.range, `${timeOf(this.context, range[0])} – ${timeOf(this.context, range[1])}`, icon("close"));
    this.nothing.hidden = this.rows.length > 0;
    this.list.element.hidden = !this.rows.length;
    this.chart.element.hidden = !this.table.length;
    this.controls.hidden = !this.table.length;
    if (!this.rows.length) replace(this.nothing, this.table.length ? emptyView("No record is like this", "Lower the level, or take something out of the search.") : emptyView(this.isLive() ? "No log records yet" : "No log records", "What the program logs stands here, with the trace it belongs to. Records below the level of their logger are not made by the program at all."));
  }

  /** The loggers to choose from; not while somebody chooses. */
  drawLoggers(chosen) {
    const loggers = this.table.countsOf("logger").slice(0, MOST_LOGGERS);
    if (chosen && !loggers.some((one) => one.text === chosen)) loggers.push({ text: chosen, count: 0 });
    replace(this.logger, h("option", { value: "", text: "All loggers" }), loggers.filter((one) => one.text).map((one) => h("option", { value: one.text, text: `${visible(one.text, 60)} (${number(one.count)})` })));
    this.logger.value = chosen;
  }

  zoom(from, to) {
    this.context.navigate({ from: from === null ? "" : String(Math.floor(from)), to: to === null ? "" : String(Math.ceil(to)) });
  }

  scrolled() {
    if (this.isLive()) this.isFollowing = this.list.isAtEnd();
    if (this.isFollowing || this.list.isAtEnd()) this.fresh = 0;
    this.drawFollowing();
  }

  follow() {
    this.isFollowing = this.isLive();
    this.fresh = 0;
    this.list.scrollToEnd();
    this.drawFollowing();
  }

  drawFollowing() {
    this.followButton.hidden = !this.isLive();
    this.followButton.setAttribute("aria-pressed", String(this.isFollowing));
    this.newButton.hidden = !this.fresh;
    setText(this.newButton, `${count(this.fresh, "new line")} ↓`);
  }

  select(index) {
    this.isFollowing = this.isFollowing && index === this.rows.length - 1;
    this.context.navigate({ log: this.table.id[this.rows[index]] }, { replace: true });
  }

  openTrace(index) {
    const row = this.rows[index];
    if (row === undefined || !this.table.trace[row]) return false;
    location.hash = hrefToTrace(this.context, this.table.trace[row], this.table.span[row]);
    return true;
  }

  copyId() {
    const row = this.rows[this.list.selected];
    if (row === undefined || !this.table.trace[row]) return false;
    copyText(this.table.trace[row], "the trace id");
    return true;
  }

  /** The sign before a line was clicked. */
  clicked(event) {
    const row = event.target.closest(".list-row");
    const index = Number(row.getAttribute("aria-rowindex")) - 2;
    this.list.select(index, { scroll: false });
    this.toggle(index);
    event.preventDefault();
  }

  /** Open a line, or close it; `wanted` says which, without it the other of what it is. */
  toggle(index, wanted) {
    const row = this.rows[index];
    if (row === undefined || wanted === this.opened.has(row)) return row !== undefined;
    if (this.opened.delete(row)) {
      this.list.setExtra(index, 0);
      return true;
    }
    this.isFollowing = false;
    this.opened.set(row, { element: h("p", { class: "log-detail dim", text: "Opening …" }), height: ROW });
    this.place();
    this.readRecord(row);
    return true;
  }

  async readRecord(row) {
    const { table, context } = this;
    let element;
    try {
      const record = table.has_more[row] ? await context.source.get(`/api/run/${encodeURIComponent(context.runId)}/log/${encodeURIComponent(table.id[row])}`) : recordOf(table, row);
      element = logDetail(record, context);
    } catch (error) {
      element = h("p", { class: "log-detail is-bad", text: `✗ ${error.message}` });
    }
    if (!this.opened.has(row)) return;
    this.opened.set(row, { element, height: 0 });
    this.place();
  }

  /** Give the opened lines the room they need, at the places where they are now. */
  placeOpened() {
    this.list.clearExtras();
    for (const [row, one] of this.opened) {
      const index = this.rows.indexOf(row);
      if (index < 0) continue;
      if (!one.height) one.height = heightOf(one.element, this.list.element.clientWidth);
      this.list.setExtra(index, one.height);
    }
  }

  fill(element, index) {
    const row = this.rows[index];
    fillRow(element, this.table, row, { context: this.context, opened: this.opened.get(row), hasServices: this.hasServices });
  }
}
