/**
 * The search box's language: words, `name:value`, `status:5xx`, `is:failed`, `>100ms`, "quotes", and `-` to leave out. Pure: text in,
 * terms out; a row is whatever can answer for names.
 */

const UNITS = { ns: 1, us: 1e3, "µs": 1e3, "μs": 1e3, ms: 1e6, s: 1e9, min: 60e9, m: 60e9, h: 3600e9 };
const DURATION = /^([<>]=?)(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|min|m|h)?$/i;

/**
 * Read a search.
 * @param {string} text
 * @returns {Array<Term>} a term is `{kind, name, value, isNot, text}`: kind "word" (value), "pair" (name, value) or "duration"
 *   (`operator` and `ns`); name and value in lower case, `text` as it was written.
 */
export function parseQuery(text) {
  return pieces(text || "").map(termOf).filter((term) => term !== null);
}

/** Cut a search at its white space, but not within quotes. */
function pieces(text) {
  const result = [];
  let piece = "";
  let quote = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === "\\" && quote && (text[index + 1] === '"' || text[index + 1] === "\\")) piece += character + text[++index];
    else if (character === '"') {
      quote = !quote;
      piece += character;
    } else if (!quote && /\s/.test(character)) {
      if (piece) result.push(piece);
      piece = "";
    } else piece += character;
  }
  if (piece) result.push(piece);
  return result;
}

function termOf(piece) {
  const isNot = piece.length > 1 && piece[0] === "-";
  const whole = isNot ? piece.slice(1) : piece;
  const match = DURATION.exec(whole);
  if (match) {
    const ns = Number(match[2]) * UNITS[(match[3] || "ms").toLowerCase()];
    return { kind: "duration", name: "", value: "", operator: match[1], ns, isNot, text: piece };
  }
  const colon = whole[0] === '"' ? -1 : whole.indexOf(":");
  if (colon > 0 && colon < whole.length - 1 && !whole.startsWith("://", colon)) {
    return { kind: "pair", name: whole.slice(0, colon).toLowerCase(), value: unquoted(whole.slice(colon + 1)).toLowerCase(), isNot, text: piece };
  }
  const value = unquoted(whole.replace(/:$/, "")).toLowerCase();
  return value ? { kind: "word", name: "", value, isNot, text: piece } : null;
}

function unquoted(text) {
  const inner = text[0] === '"' ? text.slice(1, text.length > 1 && text.endsWith('"') ? -1 : undefined) : text;
  return inner.replace(/\\(["\\])/g, "$1");
}

/** Whether a duration in ns is what a duration term asks for. */
export function matchesDuration(term, ns) {
  switch (term.operator) {
    case ">": return ns > term.ns;
    case ">=": return ns >= term.ns;
    case "<": return ns < term.ns;
    default: return ns <= term.ns;
  }
}

/** Whether a status is what is asked for: `500`, `5xx`, `not_found`. */
export function matchesStatus(asked, status) {
  const pattern = /^([1-5])xx$/.exec(asked);
  return pattern ? status.length === 3 && status[0] === pattern[1] : status.toLowerCase() === asked;
}

/**
 * Sort terms by who can answer them.
 * @param {Array<Term>} terms
 * @param {Set<string>} names of the pairs that rows answer by themselves.
 * @returns {{own: Array<Term>, asked: Array<Term>}} `asked` are words and pairs of other names.
 */
export function divide(terms, names) {
  const isOwn = (term) => term.kind === "duration" || (term.kind === "pair" && names.has(term.name));
  return { own: terms.filter(isOwn), asked: terms.filter((term) => !isOwn(term)) };
}

/** Write one term. */
export function formatPair(name, value, isNot) {
  const plain = String(value);
  const text = /[\s"\\]/.test(plain) || plain === "" ? `"${plain.replace(/(["\\])/g, "\\$1")}"` : plain;
  return `${isNot ? "-" : ""}${name}:${text}`;
}

/** Give a search with `name:value` in it, once; a term of the opposite sense goes. */
export function withPair(text, name, value, isNot) {
  const wanted = formatPair(name, value, isNot);
  const opposite = formatPair(name, value, !isNot);
  const kept = pieces(text || "").filter((piece) => piece !== opposite && piece !== wanted);
  return [...kept, wanted].join(" ");
}

/** Give a search without the terms of a name, or of a kind of term where the name is "". */
export function without(text, name, kind) {
  return pieces(text || "").filter((piece) => {
    const term = termOf(piece);
    return !term || !(term.kind === (kind || "pair") && term.name === name);
  }).join(" ");
}

/** Give the search's words and pairs as the server is asked for them, without any `-`. */
export function askedText(terms) {
  return terms.map((term) => (term.isNot ? term.text.slice(1) : term.text)).join(" ");
}
