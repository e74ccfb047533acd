/**
 * The page's entry: opens the source and the run, keeps the address and the view in step, follows a run while it lasts, and hands
 * keys to the view. What a view shows is its own business.
 *
 * A view is `{element, show(state), update(run), keys, close?}`: `show` is called whenever its tab is opened or the address changes,
 * `update` when the run's document has changed (and right after `show` where it changed since), `keys` holds functions by
 * KeyboardEvent.key that are called while nobody types (giving false means: not used), `close` when the run is left; one with
 * `isAlwaysFollowing` is updated also while another is open.
 *
 * A view's context is `{source, runId, run(), state(), navigate(partial, how), search(text), addToSearch(name, value, isNot),
 * count(tab, number)}`: `navigate` takes what state.js's `changed` takes, `{replace: true}` makes no step in the history; `count` tells
 * how many requests or kinds of errors there are.
 */
import { isTyping, replace } from "./dom.js";
import { clock, number } from "./format.js";
import { makeSearchBox } from "./search_box.js";
import { drawNoRun, drawNotices, drawRun, drawRuns, emptyView, makeHelp, makeTabs, placePopover, startTheme } from "./shell.js";
import { openSource } from "./source.js";
import { TABS, changed, formatFragment, parseFragment } from "./state.js";
import { makeErrors } from "./view_errors.js";
import { makeLogs } from "./view_logs.js";
import { makeMetrics } from "./view_metrics.js";
import { makeProcesses } from "./view_processes.js";
import { makeRequests } from "./view_requests.js";
import { makeSql } from "./view_sql.js";
import { withPair } from "./query.js";

const MAKERS = { requests: makeRequests, errors: makeErrors, logs: makeLogs, metrics: makeMetrics, processes: makeProcesses, sql: makeSql };
const EVERY_MS = 1000;
const COUNT_AFTER_MS = 600;
const COUNTED = new Set(["requests", "errors"]);
const byId = (id) => document.getElementById(id);

class Page {
  constructor(source) {
    this.source = source;
    this.runs = [];
    this.run = null;
    this.views = {};
    this.opening = null;
    this.counts = {};
    this.stale = new Set();
    this.lasts = {};
    this.goneSinceMs = 0;
    this.state = parseFragment(location.hash);
    this.drawTabs = makeTabs((tab) => formatFragment(this.stateOf(tab)));
    this.searchBox = makeSearchBox((text, how) => this.navigate({ q: text }, how));
    source.onGone = (isGone) => this.told(isGone);
  }

  /** Open what the address asks for. */
  async start() {
    startTheme();
    placePopover(byId("runs"), byId("run-button"));
    byId("runs").addEventListener("toggle", (event) => event.newState === "open" && this.readRuns());
    byId("runs").addEventListener("click", () => byId("runs").hidePopover());
    byId("skip").addEventListener("click", (event) => {
      event.preventDefault();
      byId("view").focus();
    });
    window.addEventListener("hashchange", () => this.arrive());
    document.addEventListener("keydown", (event) => this.onKey(event));
    const early = this.state.run.includes("-") ? this.source.get(this.path("")).catch(() => null) : null;
    const { runs, default: newest } = await this.readRuns();
    if (!runs.length) return this.say("No runs yet", "Run a program with otelrun python app.py; this page shows it then.");
    const asked = this.state.run && runs.find((run) => run.id === this.state.run || run.short === this.state.run);
    if (this.state.run && !asked) return this.sayNoRun();
    return this.openRun(asked ? asked.id : newest, asked && (await early));
  }

  async readRuns() {
    const answer = await this.source.get("/api/runs");
    this.runs = answer.runs;
    drawRuns(this.runs, this.state.run, Date.now());
    return answer;
  }

  /** Leave the run that is open, if any, and open another; `known` is its document where it has been fetched already. */
  async openRun(runId, known) {
    for (const view of Object.values(this.views)) if (view.close) view.close();
    clearTimeout(this.timer);
    Object.assign(this, { views: {}, counts: {}, lasts: {}, stale: new Set() });
    this.state = { ...this.state, run: runId };
    history.replaceState(null, "", formatFragment(this.state));
    const opening = (this.opening = {});
    const run = known || (await this.source.get(this.path("")));
    if (this.opening !== opening) return; // another was asked for meanwhile
    this.run = run;
    if (!this.openHelp) this.openHelp = makeHelp(this.run.version);
    this.draw();
    this.showView();
    this.follow();
    setTimeout(() => runId === this.state.run && this.countAll(), COUNT_AFTER_MS);
  }

  /** Make the views that say how many requests and errors there are; their tabs say it then. */
  countAll() {
    for (const tab of this.run.totals.errors ? ["requests", "errors"] : ["requests"]) this.viewOf(tab);
  }

  /** Give the view of a tab; a new one is told the state that its tab leads to. */
  viewOf(tab) {
    if (!this.views[tab]) {
      this.views[tab] = MAKERS[tab](this.context());
      if (tab !== this.state.tab) this.views[tab].show(this.stateOf(tab));
    }
    return this.views[tab];
  }

  path(rest) {
    return `/api/run/${encodeURIComponent(this.state.run)}${rest}`;
  }

  /** Ask for the run's document again, as long as it may change. */
  follow() {
    clearTimeout(this.timer);
    if (this.source.isReport) return;
    const isLive = this.run.state === "running" || this.run.state === "finishing";
    if (!isLive && !this.goneSinceMs) return;
    this.timer = setTimeout(() => this.poll(), document.hidden ? 5 * EVERY_MS : EVERY_MS);
  }

  async poll() {
    const { run: runId } = this.state;
    try {
      const run = await this.source.get(this.path(""));
      if (runId !== this.state.run) return;
      const before = this.run;
      this.run = run;
      if (JSON.stringify(run) !== JSON.stringify(before)) this.changedRun(before.totals.errors);
      else drawRun(run, Date.now());
    } catch {
      // The notice that the server has ended tells of it.
    }
    this.follow();
  }

  changedRun(errorsBefore) {
    this.draw();
    if (this.run.totals.errors) this.viewOf("errors");
    for (const [tab, view] of Object.entries(this.views)) {
      if (tab === this.state.tab || view.isAlwaysFollowing || (tab === "errors" && this.run.totals.errors !== errorsBefore)) view.update(this.run);
      else this.stale.add(tab);
    }
  }

  told(isGone) {
    this.goneSinceMs = isGone ? this.source.answeredMs || Date.now() : 0;
    if (!this.run) return;
    drawNotices(this.run, this.goneSinceMs);
    this.follow();
  }

  draw() {
    const { totals } = this.run;
    const counts = { logs: totals.logs, metrics: totals.metrics, processes: totals.processes, errors: totals.errors ? undefined : 0, ...this.counts };
    drawRun(this.run, Date.now());
    drawNotices(this.run, this.goneSinceMs);
    this.drawTabs(this.state.tab, counts, `${number(totals.spans)} spans · started ${clock(this.run.started_ms)}`);
    byId("tabs").lastChild.title = this.run.command.join(" ");
  }

  /** The state that a tab's link leads to: what was open there last, with the search of now. */
  stateOf(tab) {
    if (tab === this.state.tab) return this.state;
    const state = this.lasts[tab] || changed(this.state, { tab });
    return { ...state, params: { ...state.params, q: this.state.params.q || "" } };
  }

  showView() {
    const { tab } = this.state;
    const view = this.viewOf(tab);
    const place = byId("view");
    if (place.firstChild !== view.element) replace(place, view.element);
    view.show(this.state);
    if (this.stale.delete(tab)) view.update(this.run);
    this.searchBox.show(this.state.params.q || "", tab);
  }

  context() {
    return {
      source: this.source,
      runId: this.state.run,
      run: () => this.run,
      state: () => this.state,
      navigate: (partial, how) => this.navigate(partial, how),
      search: (text) => this.navigate({ q: text }),
      addToSearch: (name, value, isNot) => this.navigate({ q: withPair(this.state.params.q || "", name, value, isNot) }),
      count: (tab, value) => {
        if (!COUNTED.has(tab) || this.counts[tab] === value) return;
        this.counts[tab] = value;
        this.draw();
      },
    };
  }

  navigate(partial, how) {
    const next = changed(this.state, partial);
    const fragment = formatFragment(next);
    if (fragment === formatFragment(this.state)) return;
    if (how && how.replace) history.replaceState(null, "", fragment);
    else history.pushState(null, "", fragment);
    this.enter(next);
  }

  arrive() {
    const next = parseFragment(location.hash);
    if (!next.run) next.run = this.state.run;
    if (!this.run && !next.run) this.state = next; // start will come to it
    else if (!this.run || next.run !== this.run.id) {
      this.state = next;
      this.openRun(next.run).catch((error) => this.fail(error));
    } else this.enter(next);
  }

  enter(next) {
    if (next.tab !== this.state.tab) this.lasts[this.state.tab] = this.state;
    this.state = next;
    this.draw();
    this.showView();
  }

  onKey(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && event.target === byId("search")) return byId("view").focus();
    if (isTyping(event)) return;
    if (this.ownKey(event)) event.preventDefault();
  }

  ownKey(event) {
    const { key } = event;
    const view = this.views[this.state.tab];
    if (view && view.keys[key]) return view.keys[key](event) !== false;
    if (key === "/") this.searchBox.focus();
    else if (key === "?" && this.openHelp) this.openHelp();
    else if (key >= "1" && key <= String(TABS.length)) this.goTo(TABS[Number(key) - 1]);
    else return false;
    return true;
  }

  goTo(tab) {
    if (tab === this.state.tab) return;
    const next = this.stateOf(tab);
    history.pushState(null, "", formatFragment(next));
    this.enter(next);
  }

  sayNoRun() {
    drawNoRun();
    this.say("This run is not here", `The address names the run ${this.state.run}. It may have been removed since to keep to the number of runs; choose another above.`);
  }

  say(title, ...sentences) {
    replace(byId("view"), emptyView(title, ...sentences));
  }

  fail(error) {
    if (error.slug === "not-found") this.sayNoRun();
    else this.say("This cannot be shown", error.message);
  }
}

openSource().then((source) => {
  const page = new Page(source);
  return page.start().catch((error) => page.fail(error));
});
