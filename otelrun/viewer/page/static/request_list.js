/** The list of requests, newest first unless sorted otherwise: time, status, endpoint and failure, duration, spans, logs. */
import { button, h, setText } from "./dom.js";
import { clock, duration, oneLine, shortNumber } from "./format.js";
import { makeList } from "./list.js";
import { gradientOf, sharesText } from "./time_bar.js";
import { timeInOf } from "./statistics.js";

const COLUMNS = [["start", "Time"], ["status", "Status"], ["endpoint", "Request"], ["duration", "Duration"], ["spans", "Spans"], ["logs", "Logs"]];

/**
 * Make the list.
 * @param {Object} calls `onSelect(index)`, `onOpen(index)`, `onSort(column)`, all with indexes of rows.
 * @returns {{element, list, show: function(Object), select: function(number)}} `show` takes `{rows, order, startedMs, slow, slowness, sort}`: `order`
 *   the indexes in their order, `slow` the ns that fill a duration's bar, `slowness` of statistics.js, `sort` `{column, isDescending}`.
 */
export function makeRequestList({ onSelect, onOpen, onSort }) {
  let shown = { rows: null, order: [], startedMs: 0, slow: 1, slowness: () => 0, sort: { column: "start", isDescending: true } };
  const heads = COLUMNS.map(([column, name]) => h("span", { role: "columnheader", class: column === "spans" || column === "logs" ? "number" : column === "duration" ? "took-head" : null }, button(name, () => onSort(column), { class: "head-button", tabIndex: -1 })));
  const list = makeList({
    label: "Requests", rowHeight: 27, makeRow, head: h("div", { role: "row" }, heads),
    fillRow: (element, place) => fillRow(element, shown, shown.order[place]),
    onSelect: (place) => onSelect(shown.order[place]),
    onOpen: (place) => onOpen(shown.order[place]),
  });
  list.element.classList.add("request-list");
  return {
    element: list.element,
    list,
    show(next) {
      shown = next;
      heads.forEach((head, place) => {
        const isSorted = COLUMNS[place][0] === next.sort.column;
        if (isSorted) head.setAttribute("aria-sort", next.sort.isDescending ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      list.setCount(next.order.length);
    },
    /** Select the row of an index without telling anybody; none where it is not in the list. */
    select(index, scroll) {
      const place = index < 0 ? -1 : shown.order.indexOf(index);
      list.select(place, { silent: true, scroll });
      return place >= 0;
    },
  };
}

function makeRow() {
  return h("div", {},
    h("span", { role: "gridcell", class: "mono soft" }), h("span", { role: "gridcell", class: "request-status" }),
    h("span", { role: "gridcell", class: "request-name" }, h("span", { class: "clip name" }), h("span", { class: "clip failure" })),
    h("span", { role: "gridcell", class: "request-took" }, h("span", { class: "number" }), h("span", { class: "took-bar" })),
    h("span", { role: "gridcell", class: "number dim" }), h("span", { role: "gridcell", class: "number dim" }));
}

function fillRow(element, { rows, startedMs, slow, slowness }, index) {
  const [time, status, name, took, spans, logs] = element.children;
  const isFailed = rows.isFailed(index);
  const isInterrupted = rows.isInterrupted(index);
  element.classList.toggle("has-failed", isFailed);
  setText(time, clock(startedMs + rows.start[index] / 1e6, 3));
  setText(status, statusText(rows, index));
  status.title = status.textContent;
  status.className = `request-status${isFailed ? " is-bad" : isInterrupted || /^4\d\d$/.test(rows.text("status", index)) ? " is-warn" : " dim"}`;
  setText(name.firstChild, oneLine(rows.text("endpoint", index), 200));
  const times = slowness(index);
  setText(name.lastChild, isFailed || !times ? oneLine(rows.text("failure", index), 200) : `▲ ${Math.round(times)}× the median`);
  name.lastChild.className = `clip failure ${isFailed ? "is-bad" : "is-warn"}`;
  const shares = timeInOf(rows, index);
  took.lastChild.style.setProperty("background", gradientOf(shares));
  took.lastChild.style.setProperty("--share", Math.max(0.02, Math.min(1, rows.duration[index] / slow)));
  took.title = sharesText(shares);
  setText(took.firstChild, duration(rows.duration[index]));
  setText(spans, shortNumber(rows.spans[index]));
  setText(logs, rows.logs[index] ? shortNumber(rows.logs[index]) : "–");
}

/** Say how a request ended: `✗ 500`, `200`, `✗ failed`, `⏸ cut off`. */
export function statusText(rows, index) {
  const status = oneLine(rows.text("status", index), 20);
  if (rows.isInterrupted(index)) return "⏸ cut off";
  if (rows.isFailed(index)) return `✗ ${status || "failed"}`;
  return status || "ok";
}
