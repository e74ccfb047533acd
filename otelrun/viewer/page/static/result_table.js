/**
 * The answer of an SQL query as a table: sorted by a column, and as text for a spreadsheet or an issue.
 *
 * Pure: takes and returns values.
 */

const TRACE_ID = /^[0-9a-f]{32}$/;

/** Whether a value looks like a trace id and not like zeros. */
export function isTraceId(value) {
  return typeof value === "string" && TRACE_ID.test(value) && !/^0+$/.test(value);
}

/** SQLite's own order: NULL, then numbers, then text. */
function rankOf(value) {
  if (value === null || value === undefined) return 0;
  return typeof value === "number" ? 1 : 2;
}

/** Order of two values as SQLite's, apart from text being ordered as people read it. */
export function compareValues(one, other) {
  const rank = rankOf(one) - rankOf(other);
  if (rank) return rank;
  if (typeof one === "number") return one - other;
  if (rankOf(one) === 0) return 0;
  return String(one) < String(other) ? -1 : String(one) > String(other) ? 1 : 0;
}

/** The rows ordered by one column; those that are equal stay in the order of the answer, NULL comes last either way. */
export function sortedRows(rows, column, isDescending) {
  const sign = isDescending ? -1 : 1;
  return rows
    .map((row, at) => ({ row, at }))
    .sort((one, other) => {
      const isNull = (entry) => (rankOf(entry.row[column]) === 0 ? 1 : 0);
      const nulls = isNull(one) - isNull(other);
      return nulls || sign * compareValues(one.row[column], other.row[column]) || one.at - other.at;
    })
    .map((entry) => entry.row);
}

/** Which columns hold numbers alone, for their alignment. */
export function numericColumns(columns, rows) {
  return columns.map((_, column) => {
    const values = rows.map((row) => row[column]).filter((value) => value !== null && value !== undefined);
    return values.length > 0 && values.every((value) => typeof value === "number");
  });
}

/**
 * The rows as CSV (RFC 4180). Text that a spreadsheet would take for a formula gets a ' in front: telemetry is foreign text.
 */
export function toCsv(columns, rows) {
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = /^[=+\-@\t\r]/.test(String(value)) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

/** The rows as a Markdown table; line breaks and bars in values are made harmless. */
export function toMarkdown(columns, rows) {
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    return String(value).replace(/\\/g, "\\\\").replace(/\|/g, "\\|").replace(/</g, "&lt;").replace(/\r?\n|\r/g, " ");
  };
  const isNumeric = numericColumns(columns, rows);
  const line = (cells) => `| ${cells.join(" | ")} |\n`;
  const rule = columns.map((_, column) => (isNumeric[column] ? "---:" : "---"));
  return [columns.map(cell), rule, ...rows.map((row) => row.map(cell))].map(line).join("");
}
