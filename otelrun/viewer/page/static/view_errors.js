/**
 * The errors view: what went wrong, grouped by its type and the place in the program's own code; the worst first, as the document
 * gives it. Requests that failed without an exception are groups too.
 */
import { sparkline } from "./chart.js";
import { copyText, h, replace } from "./dom.js";
import { failureDetail } from "./failure_detail.js";
import { count, number, oneLine, shortDuration, visible } from "./format.js";
import { failureKey, timeCounts } from "./frames.js";
import { hrefToTrace } from "./links.js";
import { makeList } from "./list.js";
import { matchesAll } from "./match.js";
import { parseQuery } from "./query.js";
import { keepingPlace } from "./redraw.js";
import { emptyView } from "./shell.js";
import { makeSplit } from "./split.js";

const BINS = 24;
const AGAIN_MS = 2500;
const REST = 5;

/** Make the view. `context` is the page's. */
export function makeErrors(context) {
  return new ErrorsView(context);
}

class ErrorsView {
  constructor(context) {
    this.context = context;
    this.state = null;
    this.failures = null;
    this.rows = [];
    this.seen = "";
    this.timer = 0;
    this.took = 0;
    this.list = makeList({
      label: "Errors, most frequent first", rowHeight: 62, makeRow, fillRow: (row, index) => this.fill(row, index),
      onSelect: (index) => this.select(index), onOpen: () => this.openTrace(),
    });
    this.list.element.classList.add("failure-list");
    this.detail = h("aside", { class: "scroll", "aria-label": "The selected error", tabIndex: 0 });
    this.said = h("p", { class: "panel-head dim", role: "status" });
    this.body = makeSplit([this.said, this.list.element], this.detail, { key: "errors-split", share: 45 });
    this.element = h("section", { class: "panel", "aria-label": "Errors" }, this.body);
    this.keys = { j: () => this.list.move("j"), k: () => this.list.move("k"), g: () => this.list.move("g"), G: () => this.list.move("G"), Enter: () => this.openTrace(), y: () => this.copyId() };
  }

  /** Show what the address says: `failure` is the group that is selected. */
  show(state) {
    this.state = state;
    if (this.failures) this.draw();
    else this.load();
  }

  /** More may have gone wrong; asked for again where it has, and not all the time. */
  update(run) {
    const seen = `${run.totals.errors} ${run.totals.logs}`;
    if (seen === this.seen || this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.load();
    }, Math.max(AGAIN_MS, REST * this.took));
  }

  /** The run is left. */
  close() {
    clearTimeout(this.timer);
  }

  async load() {
    const { totals } = this.context.run();
    this.seen = `${totals.errors} ${totals.logs}`;
    const begun = performance.now();
    try {
      this.failures = (await this.context.source.get(`/api/run/${encodeURIComponent(this.context.runId)}/errors`)).failures;
      this.took = performance.now() - begun;
      this.context.count("errors", this.failures.length);
      if (this.state) this.draw();
    } catch (error) {
      if (!this.failures) replace(this.element, emptyView("The errors cannot be shown", error.message));
    }
  }

  draw() {
    if (!this.failures.length) {
      replace(this.element, emptyView("Nothing has failed", "No span of this run ended in an error, and no exception was logged."));
      return;
    }
    if (this.body.parentElement !== this.element) replace(this.element, this.body);
    const terms = parseQuery(this.state.params.q || "");
    this.rows = this.failures.filter((failure) => isAskedFor(failure, terms));
    this.to = Math.max(this.context.run().duration_ns || 0, ...this.failures.map((failure) => failure.last));
    const kinds = count(this.rows.length, "kind of error", "kinds of error");
    const times = count(this.rows.reduce((sum, failure) => sum + failure.count, 0), "time", "times");
    replace(this.said, `${kinds}, ${times}${this.rows.length < this.failures.length ? ` (of ${number(this.failures.length)} kinds)` : ""}`);
    this.list.setCount(this.rows.length);
    const wanted = this.rows.findIndex((failure) => failureKey(failure) === this.state.params.failure);
    this.list.select(Math.max(wanted, 0), { silent: true, scroll: wanted >= 0 });
    this.drawDetail();
  }

  select(index) {
    this.context.navigate({ failure: failureKey(this.rows[index]) }, { replace: true });
  }

  openTrace() {
    const failure = this.rows[this.list.selected];
    if (!failure || !failure.trace) return false;
    location.hash = hrefToTrace(this.context, failure.trace, failure.span);
    return true;
  }

  copyId() {
    const failure = this.rows[this.list.selected];
    if (!failure || !failure.trace) return false;
    copyText(failure.trace, "the trace id");
    return true;
  }

  drawDetail() {
    const failure = this.rows[this.list.selected];
    const told = failure ? JSON.stringify(failure) : "";
    if (told === this.told && this.detail.firstChild) return;
    const isSame = failure && this.drawn === failureKey(failure);
    this.told = told;
    this.drawn = failure ? failureKey(failure) : "";
    const draw = () => replace(this.detail, failure ? failureDetail(failure, this.context) : emptyView("No error is like this", "Take something out of the search."));
    if (isSame) keepingPlace(this.detail, draw);
    else {
      draw();
      this.detail.scrollTop = 0;
    }
  }

  fill(element, index) {
    const failure = this.rows[index];
    const [what, where, spark, times] = element.children;
    replace(what, h("span", { class: "is-bad failure-type", text: `✗ ${visible(failure.type, 120)}` }), " ", h("span", { text: oneLine(failure.message, 300) }));
    what.title = oneLine(`${failure.type}: ${failure.message}`, 600);
    const on = failure.endpoints.length ? `on ${failure.endpoints.slice(0, 3).map((endpoint) => oneLine(endpoint, 80)).join(", ")}${failure.endpoints.length > 3 ? " …" : ""}` : failure.is_log ? "in the log only" : "";
    replace(where, failure.location && h("span", { class: "mono", text: visible(failure.location, 160) }), failure.location && on ? " · " : "", on);
    const moments = failure.times || [failure.first, failure.last].slice(0, failure.count);
    replace(spark, sparkline(timeCounts(moments, 0, this.to, BINS), { width: 96, height: 18, low: 0, isBars: true }), h("span", { class: "dim", text: `last +${shortDuration(Math.max(0, Number(failure.last.toPrecision(3))))}` }));
    replace(times, `${number(failure.count)}×`);
  }
}

function makeRow() {
  const cell = (name) => h("div", { role: "gridcell", class: name });
  return h("div", null, h("div", { role: "rowheader", class: "failure-what" }), cell("failure-where dim"), cell("failure-spark"), cell("failure-times number"));
}

function isAskedFor(failure, terms) {
  const words = [failure.type, failure.message, failure.location, failure.log_before, ...failure.endpoints].join(" ").toLowerCase();
  const status = /^HTTP (\d{3})$/.exec(failure.type);
  return matchesAll(terms, words, { route: failure.endpoints, type: failure.type, message: failure.message, is: "failed", ...(status ? { status: Number(status[1]) } : {}) });
}
