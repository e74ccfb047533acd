/**
 * The log records of a run in columns: 100,000 of them as a few arrays, in the order of their time.
 *
 * Pure: takes the answers of the `logs` document, gives row numbers. Does not draw.
 */

const COLUMNS = ["id", "time", "level", "pid", "body", "trace", "span", "has_more"];
const NAMED = ["severity", "logger", "service"];

export class LogTable {
  constructor() {
    for (const name of [...COLUMNS, ...NAMED]) this[name] = [];
    this.strings = [];
    this.numbers = new Map();
    this.order = [];
    this.cursor = "";
  }

  /** How many records there are. */
  get length() {
    return this.id.length;
  }

  /** Take in an answer of the `logs` document; gives how many records came. */
  add(answer) {
    const { columns, strings } = answer;
    const numbers = strings.map((text) => this.numberOf(text));
    const before = this.length;
    for (const name of COLUMNS) for (const value of columns[name]) this[name].push(value);
    for (const name of NAMED) for (const value of columns[name]) this[name].push(numbers[value]);
    this.cursor = answer.cursor;
    this.arrange(before);
    return this.length - before;
  }

  numberOf(text) {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.strings.length;
      this.strings.push(text);
      this.numbers.set(text, number);
    }
    return number;
  }

  /** Put the records from `first` on into their place: they come process by process, not always by time. */
  arrange(first) {
    const { time, order } = this;
    let isSorted = true;
    let newest = first > 0 ? time[order[first - 1]] : -Infinity;
    for (let row = first; row < this.length; row += 1) {
      order.push(row);
      if (time[row] < newest) isSorted = false;
      else newest = time[row];
    }
    if (!isSorted) order.sort((one, other) => time[one] - time[other] || one - other);
  }

  /** The text of a column that is kept as a number: "severity", "logger" or "service". */
  text(column, row) {
    return this.strings[this[column][row]];
  }

  /** The different texts of such a column, with how many records have each, most first. */
  countsOf(column) {
    const counts = new Map();
    for (const number of this[column]) counts.set(number, (counts.get(number) || 0) + 1);
    return [...counts].map(([number, count]) => ({ text: this.strings[number], count })).sort((one, other) => other.count - one.count);
  }

  /** From when to when the records are, ns since the run's start; [0, 0] where there is none. */
  extent() {
    if (!this.length) return [0, 0];
    return [this.time[this.order[0]], this.time[this.order[this.length - 1]]];
  }

  /**
   * The records that pass, by time.
   *
   * @param {object} filter
   * @param {number} [filter.least] smallest severity number; 0 takes records without a severity too
   * @param {string} [filter.logger] name of a logger; those below it are taken too
   * @param {number[]|null} [filter.range] from and to, ns since the run's start
   * @param {(row: number) => boolean} [filter.accepts] any further condition
   * @returns {number[]} row numbers
   */
  rows({ least = 0, logger = "", range = null, accepts = null } = {}) {
    const loggers = logger ? this.strings.map((name) => name === logger || name.startsWith(`${logger}.`)) : null;
    const [from, to] = range || [-Infinity, Infinity];
    const passing = [];
    for (const row of this.order) {
      if (this.level[row] < least || (loggers && !loggers[this.logger[row]])) continue;
      if (this.time[row] < from || this.time[row] > to) continue;
      if (!accepts || accepts(row)) passing.push(row);
    }
    return passing;
  }
}
