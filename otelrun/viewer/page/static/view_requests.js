/**
 * The first view: endpoints, requests over time, the list of requests; beside it the trace of the selected one. It opens on the first
 * request that failed, else on the slowest. While the run goes on, counts follow at once, and the list waits to be asked.
 */
import { h, button, replace } from "./dom.js";
import { makeEndpointTable } from "./endpoint_table.js";
import { count, number } from "./format.js";
import { withPair, without } from "./query.js";
import { RequestFit } from "./request_fit.js";
import { makeRequestList } from "./request_list.js";
import { RequestRows, firstToSee, sorted } from "./rows.js";
import { emptyView } from "./shell.js";
import { formatFragment } from "./state.js";
import { makeSplitter } from "./splitter.js";
import { percentile, slownessOf, timeInOf } from "./statistics.js";
import { makeTimeChart } from "./time_chart.js";
import { makeTrace } from "./view_trace.js";

const NARROW = "(max-width: 860px)";

/** Make the view; see page.js for what a view and a context are. */
export function makeRequests(context) {
  return new RequestsView(context);
}

class RequestsView {
  constructor(context) {
    this.context = context;
    this.rows = new RequestRows();
    this.fit = new RequestFit(this.rows, (text) => context.source.search(context.runId, text));
    this.sequence = 0;
    this.isLoading = false;
    this.isComplete = false;
    this.listed = 0;
    this.drawn = 0;
    this.sort = sortOf("");
    this.selected = -1;
    this.isChosen = false;
    this.state = context.state();
    this.table = makeEndpointTable((endpoint) => this.chooseEndpoint(endpoint));
    this.chart = makeTimeChart({ onZoom: (from, to) => this.zoom(from, to), onChoose: (index) => this.choose(index) });
    this.requests = makeRequestList({ onSelect: (index) => this.choose(index), onOpen: (index) => this.open(index), onSort: (column) => this.sortBy(column) });
    this.trace = makeTrace(context, { onLoaded: (spans) => this.traceIsHere(spans), timeOf: (trace, span) => this.timeOf(trace, span) });
    this.isAlwaysFollowing = true;
    this.keys = this.makeKeys();
    this.build();
    this.load();
  }

  build() {
    this.title = h("h2");
    this.more = button("", () => this.showNew(), { class: "new-rows", hidden: true });
    this.nothing = h("div", { class: "nothing", hidden: true });
    const head = h("div", { class: "panel-head" }, this.title, this.more);
    const list = h("section", { class: "panel requests-panel", "aria-label": "Requests" }, head, this.requests.element, this.nothing);
    this.master = h("div", { class: "master" }, this.table.element, this.chart.element, list);
    this.element = h("div", { class: "requests" });
    const handle = makeSplitter({ container: this.element, property: "--split", label: "Width of the list", share: 53, key: "split" });
    this.detail = h("section", { class: "detail", "aria-label": "Trace" }, this.trace.element);
    this.element.append(this.master, handle, this.detail);
  }

  makeKeys() {
    const move = (key) => () => this.requests.list.move(key);
    const inTrace = (key) => (event) => this.trace.key(key, event);
    const keys = { f: () => this.toggleWide(), Escape: () => this.back(), Enter: () => this.selected >= 0 && this.open(this.selected) };
    for (const key of ["j", "k", "g", "G", "ArrowDown", "ArrowUp"]) keys[key] = (event) => (this.isWide() ? this.trace.key(key, event) : move(key)());
    for (const key of ["[", "]", "n", "N", "y", "l", "z"]) keys[key] = inTrace(key);
    return keys;
  }

  /** Show what the address says. */
  show(state) {
    const before = this.state;
    this.state = state;
    this.sort = sortOf(state.params.sort);
    if (state.params.q !== before.params.q) this.search();
    if (["q", "t"].some((name) => state.params[name] !== before.params[name])) this.draw();
    else if (state.params.sort !== before.params.sort) this.drawList(this.fitting());
    this.element.classList.toggle("is-wide", this.isWide());
    this.element.classList.toggle("has-trace", Boolean(state.trace));
    if (state.trace) this.showTrace(state.trace, state.span);
    else if (before.trace) this.chooseFirst();
  }

  /** The run's document has changed: ask for what is new. */
  update() {
    this.load();
  }

  close() {
    this.isClosed = true;
  }

  isWide() {
    return Boolean(this.state.trace) && (this.state.params.wide === "1" || window.matchMedia(NARROW).matches);
  }

  /** Ask for requests until there are no more; draws after the first answer and after the last. */
  async load() {
    if (this.isLoading) {
      this.isAskedAgain = true;
      return;
    }
    this.isLoading = true;
    const isFirst = !this.isComplete;
    try {
      for (let isOver = false; !isOver && !this.isClosed;) {
        const answer = await this.context.source.get(`/api/run/${encodeURIComponent(this.context.runId)}/requests?after=${this.sequence}`);
        this.rows.take(answer);
        isOver = answer.is_complete || answer.sequence === this.sequence;
        this.sequence = answer.sequence;
        if (!isFirst && this.trace.asked && answer.columns.trace.includes(this.trace.asked)) this.trace.reload();
        if (isOver) this.isComplete = true;
        if (isFirst && (isOver || this.listed === 0)) this.showNew();
        if (isFirst && !isOver) this.drawProgress();
        if (!isFirst && answer.columns.trace.length) {
          this.drawCounts();
          this.search();
        }
      }
    } catch (error) {
      if (!this.rows.count) this.say("The requests cannot be shown", error.message);
    }
    this.isLoading = false;
    if (this.isAskedAgain) {
      this.isAskedAgain = false;
      this.load();
    }
  }

  /** Take what is new into the list. */
  showNew() {
    this.listed = this.rows.count;
    this.draw();
    this.search();
    if (!this.isChosen && !this.state.trace) {
      this.chooseFirst();
      this.requests.select(this.selected, "middle");
    }
    if (this.requests.list.element.scrollTop > 0 && this.more.textContent) this.requests.list.element.scrollTop = 0;
    else if (this.state.trace) this.select(this.rows.find(this.state.trace, this.state.span));
  }

  /** Search attributes and log lines, too; draws again when that has answered. */
  async search() {
    if (await this.fit.ask(this.state.params.q || "")) this.draw();
  }

  fitting() {
    return this.fit.of(this.state.params);
  }

  /** While a large run is read for the first time: say how far, and draw what counts whenever there is twice as much. */
  drawProgress() {
    if (this.rows.count >= 2 * this.drawn) this.drawCounts();
    const here = this.rows.countHere();
    this.context.count("requests", here);
    replace(this.title, "Requests ", h("span", { class: "dim" }, `${number(this.listed)} of ${number(here)}, reading more …`));
  }

  /** Draw all that counts; the list stays as it is. */
  drawCounts() {
    const fit = this.fitting();
    this.table.show(fit.endpoints, fit.endpoint);
    this.chart.show(this.rows, fit.indexes, fit.times, this.selected);
    const here = this.rows.countHere();
    this.context.count("requests", here);
    const isNew = fit.indexes.filter((index) => index >= this.listed).length;
    this.drawn = this.rows.count;
    this.more.hidden = !isNew || !this.isComplete;
    this.more.textContent = isNew ? `${number(isNew)} new ↑` : "";
    replace(this.title, "Requests ", h("span", { class: "dim" }, fit.indexes.length === here ? number(here) : `${number(fit.indexes.length)} of ${number(here)}`, this.fit.note));
    this.requests.list.refresh();
    return fit;
  }

  draw() {
    this.drawList(this.drawCounts());
  }

  /** Draw the list of what fits, in its order. */
  drawList(fit) {
    const { rows } = this;
    const order = sorted(rows, fit.indexes.filter((index) => index < this.listed), this.sort.column, this.sort.isDescending);
    const durations = Float64Array.from(order, (index) => rows.duration[index]).sort();
    this.requests.show({ rows, order, startedMs: this.context.run().started_ms, slow: percentile(durations, 98) || 1, slowness: slownessOf(rows, fit.endpoints), sort: this.sort });
    this.requests.select(this.selected, false);
    this.drawNothing(order.length, fit);
    if (!this.isChosen && !this.state.trace && this.listed) this.chooseFirst(order);
  }

  drawNothing(found, fit) {
    this.nothing.hidden = found > 0 || fit.indexes.length > 0;
    this.element.classList.toggle("is-empty", !this.rows.count);
    this.requests.element.hidden = !this.nothing.hidden;
    if (this.nothing.hidden) return;
    const isFiltered = this.state.params.q || this.state.params.t;
    if (isFiltered && this.rows.count) {
      replace(this.nothing, emptyView("No request fits", h("span", {}, `${count(this.rows.count, "request")} are here. `, button("Show them all", () => this.context.navigate({ q: "", t: "" }), { class: "link" }))));
    } else if (this.isLive()) replace(this.nothing, emptyView("No request yet", "The program is running. Send it a request; it will be here within a second."));
    else replace(this.nothing, this.noRequest());
  }

  /** Say that nothing was recorded that counts as a request, and where to look instead. */
  noRequest() {
    const linkTo = (tab, text) => h("a", { href: formatFragment({ run: this.context.runId, tab, params: {} }) }, text);
    const { logs } = this.context.run().totals;
    return emptyView("No request was recorded", h("span", {}, linkTo("processes", "Processes"), " says what was instrumented, and what was not and how to mend that.", logs ? [" ", linkTo("logs", count(logs, "log line")), logs === 1 ? " is here." : " are here."] : null));
  }

  isLive() {
    return this.context.run().state === "running" || this.context.run().state === "finishing";
  }

  say(title, text) {
    replace(this.nothing, emptyView(title, text));
    this.nothing.hidden = false;
    this.requests.element.hidden = true;
    this.element.classList.add("is-empty");
  }

  /** Look at the first that failed, or the slowest, without a word in the address. */
  chooseFirst(order) {
    const index = firstToSee(this.rows, order || this.fitting().indexes);
    if (index < 0) this.trace.clear();
    else if (index !== this.selected || !this.trace.isShowing(this.rows.trace[index])) {
      this.select(index, "middle");
      this.trace.show(this.rows.trace[index], "", this.rows.span[index]);
    }
  }

  choose(index) {
    this.isChosen = true;
    this.selected = index;
    this.context.navigate({ trace: this.rows.trace[index], span: this.rows.span[index] }, { replace: Boolean(this.state.trace) && !this.isWide() });
    this.select(index);
  }

  open(index) {
    this.choose(index);
    this.context.navigate({ wide: "1" });
    this.trace.focus();
  }

  showTrace(trace, span) {
    this.isChosen = true;
    if (this.selected < 0 || this.rows.trace[this.selected] !== trace) this.select(this.rows.find(trace, span));
    const index = this.selected;
    const isRow = index >= 0 && this.rows.trace[index] === trace && this.rows.span[index] === span;
    this.trace.show(trace, isRow ? "" : span, isRow ? span : "");
  }

  /** The trace has come: select the request that the span in the address lies in. */
  traceIsHere(spanIds) {
    const { trace } = this.state;
    if (!trace) return;
    const found = spanIds.map((id) => this.rows.places.get(trace + id)).find((place) => place !== undefined && this.rows.isHere(place));
    if (found !== undefined && found !== this.selected) this.select(found);
  }

  /** Say where the time of a request went: `[[library, ns]…]`; null where it is none. */
  timeOf(trace, span) {
    const index = this.rows.places.get(trace + span);
    return index === undefined || !this.rows.isHere(index) ? null : timeInOf(this.rows, index);
  }

  select(index, how) {
    this.selected = index;
    this.requests.select(index, how);
    this.chart.mark(index);
  }

  chooseEndpoint({ endpoint }) {
    const text = this.state.params.q || "";
    const isChosen = withPair(text, "endpoint", endpoint) === text;
    const rest = without(text, "endpoint");
    this.context.navigate({ q: isChosen ? rest : withPair(rest, "endpoint", endpoint) });
  }

  zoom(from, to) {
    this.context.navigate({ t: from === null ? "" : `${Math.round(from)}-${Math.round(to)}` });
  }

  sortBy(column) {
    const { column: before, isDescending: wasDescending } = this.sort;
    const isDescending = before === column ? !wasDescending : column !== "endpoint";
    const isUsual = column === "start" && isDescending;
    this.context.navigate({ sort: isUsual ? "" : `${isDescending ? "-" : ""}${column}` }, { replace: true });
  }

  toggleWide() {
    if (this.state.trace) this.context.navigate({ wide: this.isWide() ? "" : "1" });
    else if (this.selected >= 0) this.open(this.selected);
  }

  back() {
    if (this.isWide()) {
      const isNarrow = window.matchMedia(NARROW).matches;
      this.context.navigate(isNarrow ? { wide: "", trace: "" } : { wide: "" });
      this.requests.list.focus();
    } else if (this.state.params.t) this.zoom(null, null);
    else if (this.state.params.q) this.context.navigate({ q: "" });
    else return false;
    return true;
  }
}

/** Read the order of the list: a column, with `-` the largest first; the newest first without one. */
function sortOf(text) {
  const match = /^(-?)([a-z]+)$/.exec(text || "");
  return match ? { column: match[2], isDescending: match[1] === "-" } : { column: "start", isDescending: true };
}
