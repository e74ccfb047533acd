/**
 * How values read: durations, times, counts, ids, and foreign text made harmless. Pure: values in, text out.
 * Durations read as they do in otelrun's terminal output.
 */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const LONGEST = 2000;

/** Say a duration in ns with three digits and a unit: `9 µs`, `1.25 ms`, `48.2 ms`, `3.10 s`, `2 min 05 s`. */
export function duration(ns) {
  for (const [unit, name, above] of [[1e3, "µs", 1e6], [1e6, "ms", 1e9], [1e9, "s", 60e9]]) {
    if (ns < above * 0.9995) {
      const value = ns / unit;
      const digits = value >= 99.95 || unit === 1e3 ? 0 : value >= 9.995 ? 1 : 2;
      return `${value.toFixed(digits)} ${name}`;
    }
  }
  const seconds = Math.round(ns / 1e9);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** Say a duration in ns for an axis, with as few digits as it needs: `0`, `5 ms`, `1.5 s`. */
export function shortDuration(ns) {
  if (ns === 0) return "0";
  const size = Math.abs(ns);
  const [unit, name] = size < 1e3 ? [1, "ns"] : size < 1e6 ? [1e3, "µs"] : size < 1e9 ? [1e6, "ms"] : size < 120e9 ? [1e9, "s"] : size < 7200e9 ? [60e9, "min"] : [3600e9, "h"];
  return `${Number((ns / unit).toPrecision(4))} ${name}`;
}

/** Say a whole number with separators: `12,000`. */
export function number(value) {
  return Math.round(value).toLocaleString("en-US");
}

/** Say a number in at most five characters, for tabs and badges: `999`, `12.3k`, `100k`, `1.2M`. */
export function shortNumber(value) {
  if (value < 10000) return number(value);
  const [unit, name] = value < 999500 ? [1e3, "k"] : [1e6, "M"];
  const scaled = value / unit;
  return `${scaled < 99.95 ? Number(scaled.toFixed(1)) : Math.round(scaled)}${name}`;
}

/** Say any measured value with about four digits: `0.25`, `12.5`, `1,234`, `1.235e+9`. */
export function quantity(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return Number(value.toPrecision(4)).toExponential();
  return Number(value.toPrecision(size >= 1000 ? 15 : 4)).toLocaleString("en-US", { maximumFractionDigits: size >= 1000 ? 0 : 6 });
}

/** Say a number of things: `1 span`, `12,000 spans`. */
export function count(value, one, many) {
  return `${number(value)} ${value === 1 ? one : many || `${one}s`}`;
}

/** Say a share from 0 to 1: `0 %`, `< 1 %`, `13 %`. */
export function percent(share) {
  if (share > 0 && share < 0.01) return "< 1 %";
  return `${Math.round(share * 100)} %`;
}

/** Say a number of bytes: `512 B`, `1.5 kB`, `12 MB`. */
export function bytes(value) {
  for (const [unit, name] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
    if (value >= unit) return `${Number((value / unit).toPrecision(3))} ${name}`;
  }
  return `${value} B`;
}

/**
 * Say a time of day in the local time zone.
 * @param {number} epochMs
 * @param {number} [digits] of the second's fraction, 0 to 3.
 */
export function clock(epochMs, digits) {
  const time = new Date(epochMs);
  const two = (value) => String(value).padStart(2, "0");
  const whole = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return digits ? `${whole}.${String(time.getMilliseconds()).padStart(3, "0").slice(0, digits)}` : whole;
}

/** Say a date and a time of day in the local time zone: `2026-11-27 14:32:05`. */
export function dateClock(epochMs) {
  const time = new Date(epochMs);
  const two = (value) => String(value).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock(epochMs)}`;
}

/** Say how long ago something was: `just now`, `40 s ago`, `3 min ago`, `5 h ago`, `2 days ago`. Both times in ms. */
export function ago(thenMs, nowMs) {
  const seconds = Math.floor((nowMs - thenMs) / 1000);
  if (seconds < 2) return "just now";
  for (const [above, unit, name] of [[2 * MINUTE, 1, "s"], [2 * HOUR, MINUTE, "min"], [2 * DAY, HOUR, "h"]]) {
    if (seconds < above) return `${Math.floor(seconds / unit)} ${name} ago`;
  }
  return `${Math.floor(seconds / DAY)} days ago`;
}

/** Give as much of a trace id as anybody types. */
export function shortTrace(traceId) {
  return traceId.slice(0, 8);
}

const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Show what cannot be seen: control, zero-width and direction characters become `\x1b`, `\u202e`; too long is cut with `…`.
 * Line breaks and tabs stay.
 * @param {*} value a text, or anything that is shown as JSON.
 * @param {number} [longest] in characters.
 */
export function visible(value, longest) {
  const whole = typeof value === "string" ? value : plainJson(value);
  const limit = longest || LONGEST;
  const shown = (whole.length > limit ? whole.slice(0, limit) : whole).replace(UNSEEN, escaped);
  return whole.length > limit ? `${shown}…` : shown;
}

/** As `visible`, on one line. */
export function oneLine(value, longest) {
  return visible(value, longest).replace(/\s*\n\s*/g, " ⏎ ").replace(/\t/g, " ");
}

function escaped(character) {
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

function plainJson(value) {
  return value === undefined ? "" : JSON.stringify(value) || String(value);
}

const ANSI = /[\u001b\u009b](?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])?/g;

/** Take terminal colours and other escape sequences out of a text. */
export function stripAnsi(text) {
  return text.includes("\u001b") || text.includes("\u009b") ? text.replace(ANSI, "") : text;
}

/** Give a text that is a JSON object or list with indents; null where it is not one. */
export function prettyJson(text) {
  const start = typeof text === "string" ? text.trimStart()[0] : "";
  if (start !== "{" && start !== "[") return null;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}

/** Compare two names as people sort them. */
export function byName(first, second) {
  return first < second ? -1 : first > second ? 1 : 0;
}
