/**
 * How a metric's values read, by its unit (UCUM, as OpenTelemetry's conventions use it): seconds as durations, bytes as kB and MB,
 * `{order}` as orders. Pure: values in, text out.
 */
import { bytes, duration, quantity, shortDuration } from "./format.js";

const NS = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9 };
const NAMES = { "1": "", By: "bytes", "%": "%", Cel: "°C", s: "seconds", ms: "milliseconds", us: "microseconds", ns: "nanoseconds", min: "minutes", h: "hours" };

/** How a unit is called: `{order}` is "orders", `By` "bytes", `1` nothing. */
export function unitName(unit) {
  if (unit in NAMES) return NAMES[unit];
  return unit.replace(/\{([^}]*)\}/g, (_, thing) => manyOf(thing.replaceAll("_", " ")));
}

/** More than one of a thing. */
function manyOf(thing) {
  if (!/[a-z]$/i.test(thing)) return thing;
  if (/[^aeiou]y$/i.test(thing)) return `${thing.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/i.test(thing) ? `${thing}es` : `${thing}s`;
}

/** What is put behind a number: a sign, or the thing that is counted. */
function signOf(unit, value) {
  if (unit === "By") return "B";
  if (unit in NS) return unit;
  const thing = /^\{([^}]*)\}$/.exec(unit);
  return thing && value === 1 ? thing[1].replaceAll("_", " ") : unitName(unit);
}

/**
 * Give the function that says a value.
 * @param {string} unit
 * @param {boolean} [isRate] per second.
 * @returns {function(number|null): string} "–" for null.
 */
export function valueFormat(unit, isRate) {
  const per = isRate ? "/s" : "";
  const said = (value) => {
    if (unit in NS && !isRate && value >= 0) return value * NS[unit] < 1e3 ? `${quantity(value * NS[unit])} ns` : duration(value * NS[unit]);
    if (unit === "By" && value >= 0) return `${bytes(value < 1000 ? Number(value.toPrecision(3)) : value)}${per}`;
    const sign = signOf(unit, value);
    return `${quantity(value)}${sign ? ` ${sign}` : ""}${isRate && !sign ? " per s" : per}`;
  };
  return (value) => (value === null || value === undefined || Number.isNaN(value) ? "–" : said(value));
}

/** Give the function that says a value on an axis, as short as can be. */
export function axisFormat(unit, isRate) {
  if (unit in NS && !isRate) return (value) => (value >= 0 ? shortDuration(value * NS[unit]) : quantity(value));
  if (unit === "By") return (value) => (value >= 0 ? bytes(value) : quantity(value));
  return (value) => quantity(value);
}
