/** The lines of the list of log records: what stands in them, and how much room an opened one needs. */
import { button, h, icon, replace, setText } from "./dom.js";
import { clock, oneLine, shortTrace, stripAnsi, visible } from "./format.js";
import { levelName } from "./levels.js";
import { hrefToTrace } from "./links.js";

/** Say when a record was made. */
export function timeOf(context, time) {
  return clock(context.run().started_ms + time / 1e6, 3);
}

/**
 * Write a record into a row.
 * @param {HTMLElement} element as from `makeRow`.
 * @param {LogTable} table
 * @param {number} row of the table.
 * @param {{context: Object, opened: {element: HTMLElement}|undefined, hasServices: boolean}} how what is shown below an opened line, and
 *   whether records are of more than one service.
 */
export function fillRow(element, table, row, { context, opened, hasServices }) {
  const [opener, time, level, logger, body, process, trace, detail] = element.children;
  const name = levelName(table.level[row]);
  setText(time, timeOf(context, table.time[row]));
  setText(level, table.text("severity", row) || "–");
  level.className = `level is-${name}`;
  setText(logger, visible(table.text("logger", row), 120));
  setText(body, oneLine(stripAnsi(table.body[row]), 600));
  setText(process, hasServices ? `${visible(table.text("service", row), 60)} ${table.pid[row]}` : String(table.pid[row]));
  process.title = visible(table.text("service", row), 120);
  const id = table.trace[row];
  replace(trace, id ? h("a", { class: "mono", href: hrefToTrace(context, id, table.span[row]), tabIndex: -1, title: `Trace ${id}`, text: shortTrace(id) }) : h("span", { class: "dim", text: "–" }));
  element.setAttribute("aria-expanded", String(Boolean(opened)));
  opener.firstChild.setAttribute("aria-label", opened ? "Close the record" : "Open the record");
  detail.hidden = !opened;
  if (detail.firstChild !== (opened ? opened.element : null)) replace(detail, opened && opened.element);
  if (name === "error" || name === "fatal") element.dataset.bad = "1";
  else delete element.dataset.bad;
}

/** Make the head of the list. */
export function headRow() {
  const title = (text) => h("div", { role: "columnheader", text });
  return h("div", { role: "row" }, h("div", { role: "columnheader" }, h("span", { class: "off-screen", text: "Open" })), ["Time", "Level", "Logger", "Text", "Process", "Trace"].map(title));
}

/** Make an empty row; `onToggle` is called when its sign is clicked. */
export function makeRow(onToggle) {
  const cell = (name) => h("div", { role: "gridcell", class: name });
  const opener = h("div", { role: "gridcell" }, button(icon("chevron"), onToggle, { class: "log-open", tabIndex: -1 }));
  return h("div", null, opener, cell("mono dim"), cell("level"), cell("soft"), h("div", { role: "rowheader", class: "log-text mono" }), cell("mono dim"), cell("log-trace"), cell("log-opened"));
}

/** Give a record of which the table has everything, as its document would be. */
export function recordOf(table, row) {
  return { id: table.id[row], severity: table.text("severity", row), logger: table.text("logger", row), body: table.body[row], trace: table.trace[row], span: table.span[row], attributes: {}, event: "" };
}

/** How high an element is at a width, found without showing it. */
export function heightOf(element, width) {
  const place = h("div", { class: "log-measure", "aria-hidden": "true", style: { width: `${width}px` } }, element.cloneNode(true));
  document.body.appendChild(place);
  const { height } = place.getBoundingClientRect();
  place.remove();
  return Math.ceil(height);
}
