/**
 * Whether something that is no request — a log record, a failure, a metric, a process — is what the search box asks for.
 *
 * Pure: takes the terms of query.js.
 */

/**
 * @param {Array<Term>} terms as from `parseQuery`
 * @param {string} words all that words are looked for in, in lower case
 * @param {Object<string, string|number|Array>} values what there is to answer `name:value`, by name
 * @returns {boolean} whether every term is met. A pair of a name that is not in `values` and a duration ask for something that
 *   these things do not have: they are passed over, see `unanswered`
 */
export function matchesAll(terms, words, values) {
  return terms.every((term) => {
    if (term.kind === "duration" || (term.kind === "pair" && !Object.hasOwn(values, term.name))) return true;
    const isMet = term.kind === "word" ? words.includes(term.value) : hasValue(values[term.name], term.value);
    return isMet !== term.isNot;
  });
}

/** Numbers must be the same, of texts a part is enough; a list has what one of its members has. */
function hasValue(value, asked) {
  if (Array.isArray(value)) return value.some((each) => hasValue(each, asked));
  return typeof value === "number" ? String(value) === asked : String(value).toLowerCase().includes(asked);
}

/** The terms that `matchesAll` passes over, where `names` are those that can be answered. */
export function unanswered(terms, names) {
  return terms.filter((term) => term.kind === "duration" || (term.kind === "pair" && !names.includes(term.name)));
}
