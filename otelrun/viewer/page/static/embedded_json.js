/** JSON in log lines: alone, or after words, as programs like to write it. Pure: text in, text out. */
import { prettyJson } from "./format.js";

const TRIES = 8;

/**
 * Find the JSON that a text ends with.
 * @param {string} text
 * @returns {{before: string, json: string}|null} the words before it, and the JSON with indents; null where there is none.
 */
export function endingJson(text) {
  const end = text.trimEnd().slice(-1);
  if (end !== "}" && end !== "]") return null;
  const starts = /[{[]/g;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const found = starts.exec(text);
    if (!found) return null;
    const json = prettyJson(text.slice(found.index));
    if (json && json.length > 2) return { before: text.slice(0, found.index).trimEnd(), json };
  }
  return null;
}
