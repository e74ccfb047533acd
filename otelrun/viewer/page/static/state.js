/**
 * What the page shows, as the fragment of its address: `#/RUN/TAB/TRACE/SPAN?q=…&…`. Pure: text in, state out, and back.
 * All that somebody would want to find again after a reload, or send to a colleague, is in it.
 */

/** The views, in the order of their tabs. */
export const TABS = ["requests", "errors", "logs", "metrics", "processes", "sql"];

/**
 * Read a fragment.
 * @param {string} fragment with or without its `#`.
 * @returns {{run: string, tab: string, trace: string, span: string, params: Object<string, string>}} empty texts where not given;
 *   the search is `params.q`.
 */
export function parseFragment(fragment) {
  const whole = fragment.replace(/^#/, "");
  const cut = whole.indexOf("?");
  const parts = (cut < 0 ? whole : whole.slice(0, cut)).split("/").slice(1).map(decoded);
  const params = {};
  if (cut >= 0) for (const [name, value] of new URLSearchParams(whole.slice(cut + 1))) params[name] = value;
  const tab = TABS.includes(parts[1]) ? parts[1] : "requests";
  return { run: parts[0] || "", tab, trace: parts[2] || "", span: parts[3] || "", params };
}

/** Write a state as a fragment, with its `#`. */
export function formatFragment(state) {
  const parts = [state.run, state.tab];
  if (state.trace) parts.push(state.trace);
  if (state.trace && state.span) parts.push(state.span);
  const params = new URLSearchParams();
  for (const name of Object.keys(state.params).sort()) if (state.params[name]) params.set(name, state.params[name]);
  const query = params.toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

/**
 * Change a state.
 * @param {Object} state as from `parseFragment`; stays as it is.
 * @param {Object} partial what is to be different: `run`, `tab`, `trace`, `span`, and any parameter by its name (`q`, …); null or ""
 *   takes one away. Another run or tab drops the trace and all parameters but the search, unless they are given too.
 */
export function changed(state, partial) {
  const { run = state.run, tab = state.tab, trace, span, ...params } = partial;
  const isElsewhere = run !== state.run || tab !== state.tab;
  const kept = isElsewhere ? (state.params.q ? { q: state.params.q } : {}) : state.params;
  const isOtherTrace = isElsewhere || (trace !== undefined && trace !== state.trace);
  const result = { run, tab, trace: trace === undefined ? (isElsewhere ? "" : state.trace) : trace || "", span: "", params: { ...kept, ...params } };
  result.span = span === undefined ? (isOtherTrace ? "" : state.span) : span || "";
  for (const name of Object.keys(result.params)) if (!result.params[name]) delete result.params[name];
  return result;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
