/**
 * The answer of a query as a table on the page: sorted by its headers, copied as CSV or Markdown, trace ids as links.
 *
 * A real table, filled a hundred rows a frame, so that a thousand rows neither block the page nor lose what a table is to a
 * screen reader. The values are foreign text.
 */
import { button, copyText, h, icon, replace } from "./dom.js";
import { visible } from "./format.js";
import { isTraceId, numericColumns, sortedRows, toCsv, toMarkdown } from "./result_table.js";

const AT_ONCE = 100;
const SHOWN = 240;

export class ResultView {
  /** @param {function(string): string} hrefOf gives the address of a trace. */
  constructor(hrefOf) {
    this.hrefOf = hrefOf;
    this.answer = null;
    this.order = { column: -1, isDescending: false };
    this.round = 0;
    this.element = h("div", { class: "sql-result" });
  }

  /** Take the answer away. */
  clear() {
    this.round += 1;
    this.answer = null;
    replace(this.element);
  }

  /** Show an answer `{columns, rows}`. */
  show(answer) {
    this.answer = answer;
    this.isNumeric = numericColumns(answer.columns, answer.rows);
    this.order = { column: -1, isDescending: false };
    this.draw();
  }

  /** The rows in the order they are shown. */
  rows() {
    const { column, isDescending } = this.order;
    return column < 0 ? this.answer.rows : sortedRows(this.answer.rows, column, isDescending);
  }

  draw() {
    const { columns } = this.answer;
    this.round += 1;
    if (!columns.length) {
      replace(this.element);
      return;
    }
    const bar = h("div", { class: "result-bar" },
      button([icon("copy"), "CSV"], () => copyText(toCsv(columns, this.rows()), "the rows as CSV"), { class: "action", "aria-label": "Copy as CSV" }),
      button([icon("copy"), "Markdown"], () => copyText(toMarkdown(columns, this.rows()), "the rows as Markdown"), { class: "action", "aria-label": "Copy as Markdown" }));
    const body = h("tbody");
    const table = h("table", { class: "table result-table" }, h("thead", null, h("tr", null, columns.map((name, column) => this.header(name, column)))), body);
    const frame = h("div", { class: "result-frame", tabIndex: 0, role: "region", "aria-label": "Rows of the answer" }, table);
    replace(this.element, bar, frame);
    this.fill(body, this.rows(), 0, this.round);
  }

  header(name, column) {
    const isSorted = this.order.column === column;
    const sorting = isSorted ? (this.order.isDescending ? "descending" : "ascending") : null;
    const sort = button(visible(name, 80), () => this.sortBy(column));
    return h("th", { scope: "col", class: this.isNumeric[column] ? "number" : null, "aria-sort": sorting }, sort);
  }

  sortBy(column) {
    const isDescending = this.order.column === column ? !this.order.isDescending : this.isNumeric[column];
    this.order = { column, isDescending };
    this.draw();
    const headers = this.element.querySelectorAll("th button");
    if (headers[column]) headers[column].focus();
  }

  /** Add the rows from `first` on, a hundred a frame, unless another answer came. */
  fill(body, rows, first, round) {
    if (round !== this.round) return;
    for (const row of rows.slice(first, first + AT_ONCE)) {
      body.appendChild(h("tr", null, row.map((value, column) => h("td", { class: this.isNumeric[column] ? "number" : null }, this.cell(value)))));
    }
    if (first + AT_ONCE < rows.length) requestAnimationFrame(() => this.fill(body, rows, first + AT_ONCE, round));
  }

  cell(value) {
    if (value === null || value === undefined) return h("span", { class: "dim", text: "NULL" });
    if (typeof value === "number") return String(Number.isInteger(value) ? value : Number(value.toPrecision(12)));
    const text = String(value);
    if (isTraceId(text)) return h("a", { class: "mono", href: this.hrefOf(text), title: text, text });
    if (text.length <= SHOWN) return visible(text, SHOWN);
    const place = h("span", null, visible(text, SHOWN));
    const more = button(`all ${text.length.toLocaleString("en-US")} characters`, () => replace(place.parentElement, h("span", { class: "whole", text: visible(text, text.length) })), { class: "link" });
    return [place, " ", more];
  }
}
