/**
 * The requests of a run, as columns: 100,000 of them are a few arrays, not 100,000 objects. Pure: answers of the server in, rows by
 * their index out. An index keeps its meaning for ever; a row that was withdrawn stays at its place, marked.
 */

export const FAILED = 1;
export const INTERRUPTED = 2;
export const WITHDRAWN = 4;

const PLAIN = ["trace", "span", "pid", "start", "duration", "flags", "spans", "logs"];
const TEXTS = ["endpoint", "service", "kind", "status", "failure"];

/** All requests of a run. Each column is an array; those of texts hold numbers into `texts`. */
export class RequestRows {
  constructor() {
    this.count = 0;
    this.version = 0;
    this.texts = [];
    this.numbers = new Map();
    this.places = new Map();
    for (const name of [...PLAIN, ...TEXTS, "time_in"]) this[name] = [];
  }

  /** Take in an answer of `requests`; gives how many rows are new. A row that is known is replaced. */
  take(answer) {
    const { columns } = answer;
    const numbers = answer.strings.map((text) => this.number(text));
    const before = this.count;
    this.version += 1;
    const places = columns.trace.map((trace, index) => this.placeOf(trace + columns.span[index], columns.flags[index]));
    for (const name of PLAIN) put(this[name], places, columns[name], (value) => value);
    for (const name of TEXTS) put(this[name], places, columns[name], (value) => numbers[value]);
    put(this.time_in, places, columns.time_in, (shares) => renumbered(shares, numbers));
    return this.count - before;
  }

  /** Give the place of a row, a new one where it is not known; -1 where it is no row and never was. */
  placeOf(key, flags) {
    let place = this.places.get(key);
    if (place !== undefined) return place;
    if (flags & WITHDRAWN) return -1;
    place = this.count;
    this.count += 1;
    this.places.set(key, place);
    return place;
  }

  number(text) {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.texts.length;
      this.numbers.set(text, number);
      this.texts.push(text);
    }
    return number;
  }

  /** Give the text of a column of texts ("endpoint", "service", "kind", "status", "failure"). */
  text(column, index) {
    return this.texts[this[column][index]];
  }

  /** How many rows are requests still. */
  countHere() {
    let here = 0;
    for (let index = 0; index < this.count; index += 1) if (this.isHere(index)) here += 1;
    return here;
  }

  /** Whether a row is a request still. */
  isHere(index) {
    return !(this.flags[index] & WITHDRAWN);
  }

  isFailed(index) {
    return Boolean(this.flags[index] & FAILED);
  }

  isInterrupted(index) {
    return Boolean(this.flags[index] & INTERRUPTED);
  }

  /** Give the index of a request: of that span, or without one the first of that trace; -1 where there is none. */
  find(trace, span) {
    const place = span ? this.places.get(trace + span) : undefined;
    if (place !== undefined && this.isHere(place)) return place;
    let found = -1;
    for (let index = 0; index < this.count; index += 1) {
      if (this.trace[index] === trace && this.isHere(index) && (found < 0 || this.start[index] < this.start[found])) found = index;
    }
    return found;
  }
}

function put(column, places, values, valueOf) {
  for (let index = 0; index < places.length; index += 1) {
    if (places[index] >= 0) column[places[index]] = valueOf(values[index]);
  }
}

/** Copy shares, `[text number, ns, …]`, with the numbers that the rows have for the texts. */
function renumbered(shares, numbers) {
  const result = [];
  for (let at = 0; at + 1 < shares.length; at += 2) result.push(numbers[shares[at]], shares[at + 1]);
  return result;
}

/** Give the request to look at first: the first that failed, else the slowest; -1 where there is none. */
export function firstToSee(rows, indexes) {
  let best = -1;
  for (const index of indexes) {
    if (best < 0) {
      best = index;
      continue;
    }
    const isFailed = rows.isFailed(index);
    if (isFailed !== rows.isFailed(best)) best = isFailed ? index : best;
    else if (isFailed ? rows.start[index] < rows.start[best] : rows.duration[index] > rows.duration[best]) best = index;
  }
  return best;
}

/** Give indexes in the order of a column ("start", "duration", "status", "endpoint", "spans", "logs"); equal ones newest first. */
export function sorted(rows, indexes, column, isDescending) {
  const { start } = rows;
  const newestFirst = indexes.sort((a, b) => start[b] - start[a] || a - b);
  if (column === "start") return isDescending ? newestFirst : newestFirst.reverse();
  if (!TEXTS.includes(column) && !PLAIN.includes(column)) return newestFirst;
  const values = TEXTS.includes(column) ? rankOf(rows, column) : rows[column];
  return placedBy(newestFirst, (index) => (isDescending ? -values[index] : values[index]));
}

/** Sort by a number and keep the order of equal ones: the numbers are sorted alone, which takes a tenth of the time of comparing rows. */
function placedBy(indexes, valueOf) {
  const keys = Float64Array.from(indexes, valueOf).sort();
  const next = new Map();
  for (let place = keys.length - 1; place >= 0; place -= 1) next.set(keys[place], place);
  const result = new Array(indexes.length);
  for (const index of indexes) {
    const key = valueOf(index);
    const place = next.get(key);
    result[place] = index;
    next.set(key, place + 1);
  }
  return result;
}

/** Give for each row the place of its text among all texts in alphabetical order. */
function rankOf(rows, column) {
  const order = rows.texts.map((_, number) => number).sort((a, b) => (rows.texts[a] < rows.texts[b] ? -1 : 1));
  const rank = new Int32Array(order.length);
  order.forEach((number, place) => { rank[number] = place; });
  return rows[column].map((number) => rank[number]);
}
