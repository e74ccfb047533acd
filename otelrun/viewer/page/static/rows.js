/**
 * The requests of a run, as columns: 100,000 of them are a few arrays, not 100,000 objects. Pure: answers of the server in, rows by
 * their index out. An index keeps its meaning for ever; a row that was withdrawn stays at its place, marked.
 */

export const FAILED = 1;
export const INTERRUPTED = 2;
export const WITHDRAWN = 4;

const PLAIN = ["trace", "span", "pid", "start", "duration", "flags", "spans", "logs"];
const TEXTS = ["endpoint", "service", "kind", "status", "failure"];
const SHARES = ["time_in", "calls"];

/** All requests of a run. Each column is an array; those of texts hold numbers into `texts`. */
export class RequestRows {
  constructor() {
    this.count = 0;
    this.texts = [];
    this.numbers = new Map();
    this.places = new Map();
    for (const name of [...PLAIN, ...TEXTS, ...SHARES]) this[name] = [];
  }

  /** Take in an answer of `requests`; gives how many rows are new. A row that is known is replaced. */
  take(answer) {
    const { columns } = answer;
    const numbers = answer.strings.map((text) => this.number(text));
    const before = this.count;
    for (let index = 0; index < columns.trace.length; index += 1) {
      const key = columns.trace[index] + columns.span[index];
      let place = this.places.get(key);
      if (place === undefined) {
        if (columns.flags[index] & WITHDRAWN) continue;
        place = this.count;
        this.count += 1;
        this.places.set(key, place);
      }
      this.put(place, columns, index, numbers);
    }
    return this.count - before;
  }

  put(place, columns, index, numbers) {
    for (const name of PLAIN) this[name][place] = columns[name][index];
    for (const name of TEXTS) this[name][place] = numbers[columns[name][index]];
    for (const name of SHARES) {
      const shares = columns[name] ? columns[name][index] : [];
      this[name][place] = shares.map((value, at) => (at % 2 ? value : numbers[value]));
    }
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
  const isText = TEXTS.includes(column);
  const values = isText ? rankOf(rows, column) : rows[column];
  const start = rows.start;
  const sign = isDescending ? -1 : 1;
  return indexes.sort((a, b) => sign * (values[a] - values[b]) || start[b] - start[a] || a - b);
}

/** Give for each row the place of its text among all texts in alphabetical order. */
function rankOf(rows, column) {
  const order = rows.texts.map((_, number) => number).sort((a, b) => (rows.texts[a] < rows.texts[b] ? -1 : 1));
  const rank = new Int32Array(order.length);
  order.forEach((number, place) => { rank[number] = place; });
  return rows[column].map((number) => rank[number]);
}
