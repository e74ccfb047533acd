/**
 * The severity of log records: words for OpenTelemetry's 24 numbers, and bars of levels over time.
 *
 * Pure: takes and returns values, knows neither the document nor the server.
 */

/** The six ranges of severity numbers, mildest first: `least` is the smallest number of each. */
export const LEVELS = [
  { name: "trace", word: "TRACE", least: 1 },
  { name: "debug", word: "DEBUG", least: 5 },
  { name: "info", word: "INFO", least: 9 },
  { name: "warn", word: "WARN", least: 13 },
  { name: "error", word: "ERROR", least: 17 },
  { name: "fatal", word: "FATAL", least: 21 },
];

/** Index in LEVELS of a severity number; -1 where the severity is unknown (0). */
export function levelIndex(severity) {
  if (!(severity >= 1)) return -1;
  return Math.min(LEVELS.length - 1, Math.floor((severity - 1) / 4));
}

/** The class name of a severity number: "trace" … "fatal", or "none" where it is unknown. */
export function levelName(severity) {
  const index = levelIndex(severity);
  return index < 0 ? "none" : LEVELS[index].name;
}

/**
 * How many records of each level there are in each of `bins` equal stretches of [start, end].
 *
 * @param {ArrayLike<number>} times of all records, ns
 * @param {ArrayLike<number>} severities of all records
 * @param {ArrayLike<number>} rows the indices of the records to count
 * @returns {{width: number, counts: Uint32Array[], most: number}} `counts` has one array per level of LEVELS and a last one
 *   for records without a level; `most` is the largest number of records in one stretch
 */
export function levelBins(times, severities, rows, start, end, bins) {
  const width = Math.max(1, (end - start) / bins);
  const counts = [...LEVELS, null].map(() => new Uint32Array(bins));
  const totals = new Uint32Array(bins);
  let most = 0;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at];
    const time = times[row];
    if (time < start || time > end) continue;
    const bin = Math.min(bins - 1, Math.floor((time - start) / width));
    const level = levelIndex(severities[row]);
    counts[level < 0 ? LEVELS.length : level][bin] += 1;
    totals[bin] += 1;
    if (totals[bin] > most) most = totals[bin];
  }
  return { width, counts, most };
}
