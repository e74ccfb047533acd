/**
 * Which requests a search finds. Pure: terms of query.js and rows in, indexes out. What the rows cannot answer (attributes, log lines)
 * comes in as sets of traces that the source found.
 */
import { divide, matchesDuration, matchesStatus } from "./query.js";

const OWN = new Set(["route", "endpoint", "status", "is", "kind", "service", "pid", "trace", "span"]);

/** Give the terms of a search that only the source can answer: `{wanted: [term…], unwanted: [term…]}`. */
export function termsToAsk(terms) {
  const { asked } = divide(terms, OWN);
  return { wanted: asked.filter((term) => !term.isNot), unwanted: asked.filter((term) => term.isNot) };
}

/**
 * Give the indexes of the rows that a search finds.
 * @param {RequestRows} rows
 * @param {Array} terms of the search.
 * @param {Object} [found] what the source found: `wanted` the set of traces that have all wanted terms, `unwanted` a list of sets, one for
 *   each unwanted term; null while that is not known: rows answer by themselves then.
 * @param {{from: number, to: number}|null} [times] only those that began then, in ns.
 * @returns {number[]}
 */
export function matching(rows, terms, found, times) {
  const { own } = divide(terms, OWN);
  const { wanted, unwanted } = termsToAsk(terms);
  const tests = own.map((term) => testOf(rows, term));
  if (wanted.length) tests.push(wantedTest(rows, wanted, found && found.wanted));
  unwanted.forEach((term, place) => {
    const has = wantedTest(rows, [term], found && found.unwanted[place]);
    tests.push((index) => !has(index));
  });
  if (times) tests.push((index) => rows.start[index] >= times.from && rows.start[index] <= times.to);
  const result = [];
  for (let index = 0; index < rows.count; index += 1) {
    if (rows.isHere(index) && tests.every((test) => test(index))) result.push(index);
  }
  return result;
}

function testOf(rows, term) {
  const test = plainTest(rows, term);
  return term.isNot ? (index) => !test(index) : test;
}

function plainTest(rows, term) {
  const { name, value } = term;
  if (term.kind === "duration") return (index) => matchesDuration(term, rows.duration[index]);
  switch (name) {
    case "route": return byText(rows, "endpoint", (text) => text.toLowerCase().includes(value));
    case "endpoint": return byText(rows, "endpoint", (text) => text.toLowerCase() === value);
    case "status": return byText(rows, "status", (text) => matchesStatus(value, text));
    case "kind": return byText(rows, "kind", (text) => text === value);
    case "service": return byText(rows, "service", (text) => text.toLowerCase() === value);
    case "pid": return (index) => String(rows.pid[index]) === value;
    case "trace": return (index) => rows.trace[index].startsWith(value);
    case "span": return (index) => rows.span[index].startsWith(value);
    default: return stateTest(rows, value);
  }
}

function stateTest(rows, value) {
  if (value === "failed" || value === "error") return (index) => rows.isFailed(index);
  if (value === "interrupted") return (index) => rows.isInterrupted(index);
  if (value === "ok") return (index) => !rows.isFailed(index) && !rows.isInterrupted(index);
  return () => false;
}

/** Ask a question of each text once, however many rows have it. */
function byText(rows, column, question) {
  const answers = [];
  const numbers = rows[column];
  return (index) => {
    const number = numbers[index];
    if (answers[number] === undefined) answers[number] = question(rows.texts[number]);
    return answers[number];
  };
}

/** Whether a row has all terms: its trace was found, or its own texts hold all words. */
function wantedTest(rows, terms, traces) {
  const words = terms.map((term) => (term.kind === "word" ? term.value : null));
  const inTexts = words.map((word) => word !== null && ["endpoint", "failure", "service", "status"].map((column) => byText(rows, column, (text) => text.toLowerCase().includes(word))));
  const hasWord = (index, place) => words[place] !== null && (inTexts[place].some((test) => test(index)) || (words[place].length >= 6 && rows.trace[index].startsWith(words[place])));
  return (index) => (traces && traces.has(rows.trace[index])) || words.every((_, place) => hasWord(index, place));
}
