/** The table of endpoints: how often, how many failed, how slow, where the time went. Click one to see its requests only. */
import { button, h, replace } from "./dom.js";
import { count, duration, number, oneLine, percent } from "./format.js";
import { makeLegend, makeTimeBar } from "./time_bar.js";

const COLUMNS = [
  ["endpoint", "Endpoint", false], ["calls", "Calls", true], ["failed", "Failed", true], ["p50", "p50", true], ["p95", "p95", true],
  ["share", "Share", true], ["timeIn", "Time in", false],
];
const MOST = 300;

/**
 * Make the table.
 * @param {function(Object)} onChoose called with an endpoint (of statistics.js) that was clicked.
 * @returns {{element: HTMLElement, show: function(Array, string)}} `show` takes the endpoints and the name of the chosen one, in lower
 *   case, or "".
 */
export function makeEndpointTable(onChoose) {
  const title = h("h2", {}, "Endpoints");
  const legend = h("span", { class: "end" });
  const body = h("tbody");
  const heads = COLUMNS.map(([column, name, isNumber]) => h("th", { scope: "col", class: isNumber ? "number" : null },
    column === "timeIn" ? name : button(name, () => sortBy(column))));
  const table = h("table", { class: "table" }, h("caption", { class: "off-screen" }, "Endpoints"), h("thead", {}, h("tr", {}, heads)), body);
  const element = h("section", { class: "panel endpoints", "aria-label": "Endpoints" }, h("div", { class: "panel-head" }, title, legend), h("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Table of endpoints" }, table));
  let endpoints = [];
  let chosen = "";
  const rows = new Map();
  let order = null;

  function sortBy(column) {
    const isText = column === "endpoint";
    order = order && order.column === column ? (order.isDescending !== isText ? { column, isDescending: !order.isDescending } : null) : { column, isDescending: !isText };
    draw();
  }

  function draw() {
    heads.forEach((head, place) => {
      const isSorted = order && order.column === COLUMNS[place][0];
      if (isSorted) head.setAttribute("aria-sort", order.isDescending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const shown = order ? [...endpoints].sort(compare(order)) : endpoints;
    const focused = body.contains(document.activeElement) ? document.activeElement.dataset.key : "";
    replace(body, shown.slice(0, MOST).map((one) => rowOf(one, one.endpoint.toLowerCase() === chosen)));
    if (focused) [...body.querySelectorAll("button")].find((each) => each.dataset.key === focused)?.focus();
    if (shown.length > MOST) body.appendChild(h("tr", {}, h("td", { class: "dim", colspan: 7 }, `and ${count(shown.length - MOST, "more")}: search for them with route:…`)));
    replace(title, "Endpoints ", h("span", { class: "dim" }, number(endpoints.length)));
    replace(legend, makeLegend(libraries(endpoints)));
  }

  /** Give the row of an endpoint: the one of before where nothing has changed, so that live updates disturb no click. */
  function rowOf(one, isChosen) {
    const said = JSON.stringify([one, isChosen]);
    const known = rows.get(one.key);
    if (known && known.said === said) return known.element;
    const made = row(one, isChosen, onChoose);
    rows.set(one.key, { said, element: made });
    return made;
  }

  return {
    element,
    show(all, name) {
      endpoints = all;
      chosen = name;
      draw();
    },
  };
}

function compare({ column, isDescending }) {
  const sign = isDescending ? -1 : 1;
  return (a, b) => sign * (a[column] < b[column] ? -1 : a[column] > b[column] ? 1 : 0) || b.total - a.total;
}

/** The libraries that took most time, "app" first. */
function libraries(endpoints) {
  const sums = new Map();
  for (const { timeIn } of endpoints) for (const [name, ns] of timeIn) sums.set(name, (sums.get(name) || 0) + ns);
  return [...sums].sort((a, b) => (b[0] === "app") - (a[0] === "app") || b[1] - a[1]).slice(0, 6).map(([name]) => name);
}

function row(one, isChosen, onChoose) {
  const name = button(oneLine(one.endpoint, 200) || "(no name)", () => onChoose(one), { class: "link clip", "aria-pressed": String(isChosen), data: { key: one.key }, title: oneLine(one.endpoint, 500) });
  const kind = one.kind === "server" || !one.kind ? null : h("span", { class: "badge" }, one.kind);
  return h("tr", { class: isChosen ? "is-selected" : null, on: { click: (event) => event.target.closest("button") || onChoose(one) } },
    h("td", { class: "endpoint-name" }, h("span", {}, name, kind)),
    h("td", { class: "number" }, number(one.calls)),
    h("td", { class: "number" }, one.failed ? h("span", { class: "is-bad" }, `✗ ${number(one.failed)}`) : h("span", { class: "dim" }, "–")),
    h("td", { class: "number" }, duration(one.p50)),
    h("td", { class: "number" }, duration(one.p95)),
    h("td", { class: "number soft" }, percent(one.share)),
    h("td", {}, makeTimeBar(one.timeIn)));
}
