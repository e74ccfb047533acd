/**
 * What the search box and the view's own choices ask of log records.
 *
 * Pure: takes the terms of query.js and a LogTable, gives a filter for its rows. Pairs of names that a record's columns do not
 * answer (`user.id:42`) are left to the source, which finds the records and the traces that have them.
 */
import { stripAnsi } from "./format.js";
import { LEVELS } from "./levels.js";
import { askedText, divide } from "./query.js";

const OWN = new Set(["level", "logger", "service", "pid", "trace", "span", "severity", "is"]);
const OTHER_WORDS = { warning: 13, critical: 21, none: 0, all: 0 };
const ERROR = 17;

/** The smallest severity number of a level's name; 0 for one that does not exist. */
export function leastOf(name) {
  const level = LEVELS.find((each) => each.name === name);
  return level ? level.least : OTHER_WORDS[name] || 0;
}

/**
 * Sort the terms of a search.
 *
 * @param {Array<Term>} terms as from `parseQuery`
 * @returns {{own: Array<Term>, asked: string, isUseless: boolean}} `own` are answered by the columns; `asked` is the search for the
 *   server, "" where there is none; `isUseless` tells that a duration was asked for, which no log record has
 */
export function dividedSearch(terms) {
  const { own, asked } = divide(terms, OWN);
  const words = asked.filter((term) => term.kind === "word");
  const pairs = asked.filter((term) => term.kind === "pair");
  return { own: [...words, ...own.filter((term) => term.kind !== "duration")], asked: askedText(pairs.filter((term) => !term.isNot)), isUseless: own.some((term) => term.kind === "duration") };
}

/** Make the condition that words must be in a record's text, logger, service or severity. */
function wordsCondition(table, words) {
  const having = words.map(({ value }) => table.strings.map((text) => text.toLowerCase().includes(value)));
  return (row) => {
    const text = stripAnsi(table.body[row]).toLowerCase();
    return words.every((term, at) => {
      const has = having[at];
      return (text.includes(term.value) || has[table.logger[row]] || has[table.service[row]] || has[table.severity[row]]) !== term.isNot;
    });
  };
}

/** Whether a record answers one `name:value`. */
function answers(table, row, name, value) {
  switch (name) {
    case "level": return table.level[row] >= leastOf(value);
    case "severity": return table.text("severity", row).toLowerCase() === value;
    case "logger": return table.text("logger", row).toLowerCase().startsWith(value);
    case "service": return table.text("service", row).toLowerCase().includes(value);
    case "pid": return String(table.pid[row]) === value;
    case "trace": return table.trace[row].startsWith(value);
    case "span": return table.span[row].startsWith(value);
    default: return value === "failed" ? table.level[row] >= ERROR : true;
  }
}

/**
 * Make the condition for rows of a table.
 *
 * @param {LogTable} table
 * @param {Array<Term>} own as from `dividedSearch`
 * @param {{traces: Set<string>, logs: Set<string>}|null} found what the source found: the ids of the records that have an attribute
 *   themselves; where there are none, all records of traces that have it anywhere; null where nothing was asked for
 * @returns {((row: number) => boolean)|null} null where there is no condition
 */
export function conditionOf(table, own, found) {
  if (!own.length && !found) return null;
  const words = own.filter((term) => term.kind === "word");
  const pairs = own.filter((term) => term.kind === "pair");
  const hasWords = words.length ? wordsCondition(table, words) : () => true;
  return (row) => {
    if (found && !(found.logs.size ? found.logs.has(table.id[row]) : found.traces.has(table.trace[row]))) return false;
    if (!pairs.every((term) => answers(table, row, term.name, term.value) !== term.isNot)) return false;
    return hasWords(row);
  };
}
