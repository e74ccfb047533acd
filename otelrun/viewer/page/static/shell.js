/**
 * What stands around the views: the run's name and selector, the tabs, the notices, the theme, the help. Draws what it is given; where
 * to go is page.js's business.
 */
import { button, h, icon, replace } from "./dom.js";
import { ago, clock, count, dateClock, duration, number, oneLine, shortNumber } from "./format.js";
import { formatFragment } from "./state.js";

const byId = (id) => document.getElementById(id);

const TAB_NAMES = { requests: "Requests", errors: "Errors", logs: "Logs", metrics: "Metrics", processes: "Processes", sql: "SQL" };
const STATES = { running: "running", finishing: "finishing", ended: "ended", interrupted: "ended without saying so" };
const THEMES = [["", "half", "Theme: as the system"], ["light", "sun", "Theme: light"], ["dark", "moon", "Theme: dark"]];
const THEME_KEY = "otelrun-theme";

const WORDS = [
  ["timeout", "a word in names, attributes, errors and logs"],
  ['"no price"', "these words, in this order"],
  ["route:/items", "the endpoint holds this"],
  ["status:5xx", "the status; 500, 404, NOT_FOUND also"],
  [">100ms", "slower than; < is faster"],
  ["is:failed", "failed ones; also is:interrupted, is:ok"],
  ["kind:server", "server, consumer, client, internal"],
  ["service:shop", "of this service; pid:4711 of this process"],
  ["level:error", "in Logs: this level and above"],
  ["user.id:42", "any attribute of a span or log"],
  ["-word", "leave out what has it; works with all of these"],
];

const KEYS = [
  ["/", "search"], ["?", "this help"], ["1 … 6", "the views"], ["Esc", "back, or clear"], ["j k", "down, up"], ["g G", "first, last"],
  ["Enter", "open"], ["f", "full width"], ["← →", "close, open a span"], ["[ ]", "collapse, expand all"], ["n N", "next, previous hit or failure"], ["l", "log lines"], ["z", "zoom to the span"], ["y", "copy the id"],
];

/** Draw the button that names the run. */
export function drawRun(run, nowMs) {
  const took = run.state === "running" ? duration(Math.max(0, nowMs - run.started_ms) * 1e6) : run.duration_ns ? duration(run.duration_ns) : "";
  byId("heading").textContent = `otelrun: run ${run.short} of ${oneLine(run.service || "?", 60)}`;
  replace(byId("run-button"),
    h("span", { class: "service" }, oneLine(run.service || "?", 80)), h("span", { class: "run-id" }, run.short),
    h("span", { class: `state is-${run.state}` }, [STATES[run.state] || run.state, took, run.state === "running" ? "" : ago(run.started_ms, nowMs)].filter(Boolean).join(" · ")), h("span", { class: "off-screen" }, "choose another run"), icon("chevron"));
  document.title = `${oneLine(run.service || "otelrun", 60)} · ${run.short}`;
}

/** Let the button say that no run is open. */
export function drawNoRun() {
  replace(byId("run-button"), h("span", { class: "service" }, "Choose a run"), icon("chevron"));
}

/** Fill the selector with the runs there are. */
export function drawRuns(runs, current, nowMs) {
  replace(byId("runs"), h("nav", { "aria-label": "Runs" }, runs.map((run) => h("a", {
    href: formatFragment({ run: run.id, tab: "requests", params: {} }), "aria-current": run.id === current ? "true" : null,
  },
  h("span", { class: "name clip" }, oneLine(run.service || "?", 80), h("span", { class: "mono" }, run.short)),
  h("span", { class: `state is-${run.state}` }, STATES[run.state] || run.state),
  h("span", { class: "when", title: dateClock(run.started_ms) }, ago(run.started_ms, nowMs)),
  h("span", { class: "command" }, oneLine(run.command || "", 200)),
  h("span", { class: "what" }, `${count(run.traces, "trace")} · `, run.errors ? h("span", { class: "is-bad" }, `✗ ${number(run.errors)} failed`) : "none failed")))));
}

/** Make the tabs; gives a function that says which is open, and how many things are in each. */
export function makeTabs(linkTo) {
  const links = {};
  const totals = h("span", { class: "totals" });
  for (const tab of Object.keys(TAB_NAMES)) links[tab] = h("a", {}, TAB_NAMES[tab], h("span", { class: "count" }));
  replace(byId("tabs"), Object.values(links), totals);
  return (current, counts, text) => {
    totals.textContent = text;
    for (const tab of Object.keys(links)) {
      const link = links[tab];
      const value = counts[tab];
      link.setAttribute("href", linkTo(tab));
      if (tab === current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
      link.lastChild.textContent = value === undefined || value === null ? "" : shortNumber(value);
      link.lastChild.className = tab === "errors" && value ? "count is-bad" : "count";
    }
  };
}

/** Draw the notices above the views: what was lost, held back, pruned or left out, and whether the server has ended. */
export function drawNotices(run, goneSinceMs) {
  const notices = goneSinceMs ? [["calm", `otelrun ui has ended; what you see is from ${clock(goneSinceMs)}.`, ""]] : [];
  notices.push(...noticesOf(run));
  const said = JSON.stringify(notices);
  const place = byId("banners");
  if (place.dataset.said === said) return;
  place.dataset.said = said;
  const isWarning = notices.some(([kind]) => kind === "warn");
  const hasMore = notices.length > 1 || notices.some(([, , more]) => more);
  replace(place, notices.length ? h("details", { class: `banner ${isWarning ? "is-warn" : "is-calm"}` },
    h("summary", {}, h("span", { class: "clip" }, notices.map(([, text]) => text).join("  ·  ")), hasMore ? h("span", { class: "link" }, notices.length > 1 ? `${notices.length} notices` : "why") : null),
    h("ul", {}, notices.map(([, text, more]) => h("li", {}, text, more ? h("span", { class: "soft" }, ` ${more}`) : null)))) : null);
}

/** Say in sentences what a run's document tells of things that are not here. Gives [kind, sentence, more] each. */
export function noticesOf(run) {
  const notices = [];
  const lost = Object.entries(run.lost || {}).filter(([, value]) => value > 0);
  if (lost.length) {
    const total = lost.reduce((sum, [, value]) => sum + value, 0);
    const reasons = lost.map(([reason, value]) => `${number(value)} ${oneLine(reason, 100).replace(/[_-]/g, " ")}`).join(", ");
    notices.push(["warn", `${count(total, "record")} of this run ${total === 1 ? "was" : "were"} lost: ${reasons}.`, ""]);
  }
  for (const one of run.arrival || []) {
    if (!one.held && !one.dropped) continue;
    const parts = [one.held && `${number(one.held)} ${one.signal} wait for ${one.destination}`, one.dropped && `${number(one.dropped)} ${one.signal} did not reach ${one.destination}`];
    const reasons = Object.entries(one.reasons || {}).map(([reason, value]) => `${number(value)} ${reason}`).join(", ");
    notices.push(["warn", `${oneLine(parts.filter(Boolean).join("; "), 300)}.`, oneLine([reasons, one.last_error].filter(Boolean).join(" · "), 500)]);
  }
  const pruned = run.pruned || {};
  if (pruned.traces || pruned.spans || pruned.logs) {
    const at = pruned.at_ms ? ` at ${clock(pruned.at_ms)}` : "";
    notices.push(["calm", `${count(pruned.traces || 0, "trace")} (${count(pruned.spans || 0, "span")}, ${count(pruned.logs || 0, "log")}) were removed${at} to keep this run within its size.`, ""]);
  }
  return [...notices, ...reportNotices(run.report)];
}

function reportNotices(report) {
  if (!report) return [];
  const left = report.left_out || {};
  const parts = [];
  if (left.traces || left.spans || left.logs) parts.push(`left out for its size: ${count(left.traces || 0, "trace")}, ${count(left.spans || 0, "span")}, ${count(left.logs || 0, "log")}`);
  if (report.masked) parts.push(`${count(report.masked, "value")} that may be secret ${report.masked === 1 ? "is" : "are"} masked`);
  const more = parts.length ? ` · ${parts.join(" · ")}` : "";
  return [["calm", `A report made ${dateClock(report.made_ms)}${more}. It asks nothing of any server.`, ""]];
}

/** Make the theme's switch work: system, light, dark; kept in this browser. */
export function startTheme() {
  const place = byId("theme");
  let chosen = 0;
  try {
    chosen = Math.max(0, THEMES.findIndex(([name]) => name === (localStorage.getItem(THEME_KEY) || "")));
  } catch {
    // Pages from disk may have no storage: the system's theme then.
  }
  const draw = () => {
    const [name, sign, label] = THEMES[chosen];
    if (name) document.documentElement.dataset.theme = name;
    else delete document.documentElement.dataset.theme;
    replace(place, icon(sign));
    place.setAttribute("aria-label", label);
    place.title = label;
  };
  place.addEventListener("click", () => {
    chosen = (chosen + 1) % THEMES.length;
    try {
      localStorage.setItem(THEME_KEY, THEMES[chosen][0]);
    } catch {
      // Not kept then.
    }
    draw();
  });
  draw();
}

/** Fill the list of what can be searched for; `onWord` is called with an example that was clicked. */
export function makeSearchHelp(onWord) {
  const rows = WORDS.map(([word, says]) => [h("dt", {}, button(word, () => onWord(word), { class: "link" })), h("dd", { text: says })]);
  replace(byId("search-words"), h("dl", {}, rows),
    h("p", {}, "Several terms: all must fit."));
}

/** Make the dialog of the keys; gives a function that opens it. */
export function makeHelp(version) {
  const dialog = byId("keys");
  replace(dialog,
    h("h2", { id: "keys-title" }, "Keys", button(icon("close"), () => dialog.close(), { class: "quiet", "aria-label": "Close" })),
    h("div", { class: "columns" }, KEYS.map(([keys, says]) => h("div", {}, h("span", { text: says }), h("span", {}, keys.split(" ").map((key) => [h("kbd", { text: key }), " "]))))),
    h("p", {}, `${version}. This page asks nobody but otelrun on this machine; what you see is kept in its address, so that it can be opened again.`));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  byId("help").addEventListener("click", () => dialog.showModal());
  return () => dialog.showModal();
}

/** Let a popover open under its button. */
export function placePopover(popover, anchor) {
  popover.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    const box = anchor.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.left, window.innerWidth - popover.offsetWidth - 8));
    popover.style.setProperty("left", `${left}px`);
    popover.style.setProperty("top", `${box.bottom + 6}px`);
  });
}

/** Draw a sentence where a view would be. */
export function emptyView(title, ...sentences) {
  return h("div", { class: "empty" }, h("h2", { text: title }), sentences.map((text) => h("p", {}, text)));
}
