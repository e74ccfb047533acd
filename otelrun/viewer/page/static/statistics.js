/** What many requests amount to: percentiles, endpoints. Pure; the numbers are those of otelrun's terminal output. */

/** Give a percentile of sorted values by nearest rank: the smallest that at least `share` percent do not exceed; 0 of nothing. */
export function percentile(ordered, share) {
  return ordered.length ? ordered[Math.max(0, Math.ceil((ordered.length * share) / 100) - 1)] : 0;
}

/**
 * Group requests by endpoint and kind: those that failed most first, then those that took most time.
 * @param {RequestRows} rows
 * @param {Iterable<number>} indexes of the rows that count.
 * @returns {Array<{endpoint: string, number: number, kind: string, services: string, calls: number, failed: number, p50: number, p95: number,
 *   total: number, share: number, timeIn: Array<[string, number]>, key: string}>} durations in ns; `share` of the time of all of them;
 *   `timeIn` sums by library, "app" first, then the most.
 */
export function endpointsOf(rows, indexes) {
  const groups = new Map();
  let all = 0;
  for (const index of indexes) {
    const key = rows.endpoint[index] * 1e6 + rows.kind[index];
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { first: index, durations: [], failed: 0, total: 0, sums: [], services: [] }));
    const took = rows.duration[index];
    group.durations.push(took);
    group.total += took;
    all += took;
    if (!group.services.includes(rows.service[index])) group.services.push(rows.service[index]);
    if (rows.isFailed(index)) group.failed += 1;
    addShares(group.sums, rows.time_in[index]);
  }
  const made = [...groups.values()].map((group) => endpointOf(rows, group, all));
  return made.sort((a, b) => b.failed - a.failed || b.total - a.total || (a.endpoint < b.endpoint ? -1 : 1));
}

function endpointOf(rows, group, all) {
  const durations = Float64Array.from(group.durations).sort();
  const endpoint = rows.text("endpoint", group.first);
  const kind = rows.text("kind", group.first);
  return {
    endpoint,
    number: rows.endpoint[group.first],
    kind,
    key: `${kind} ${endpoint}`,
    services: group.services.map((number) => rows.texts[number]).sort().join(", "),
    calls: durations.length,
    failed: group.failed,
    p50: percentile(durations, 50),
    p95: percentile(durations, 95),
    total: group.total,
    share: all ? group.total / all : 0,
    timeIn: inOrder(rows, group.sums),
  };
}

/** Add shares, `[text number, ns, …]`, to the sums by text number. */
function addShares(sums, shares) {
  for (let at = 0; at < shares.length; at += 2) sums[shares[at]] = (sums[shares[at]] || 0) + shares[at + 1];
}

function inOrder(rows, sums) {
  const named = [];
  sums.forEach((ns, number) => ns > 0 && named.push([rows.texts[number], ns]));
  return named.sort((a, b) => (b[0] === "app") - (a[0] === "app") || b[1] - a[1]);
}

const OUTLIER_TIMES = 5;
const OUTLIER_NS = 5e6;
const FEWEST_CALLS = 10;

/**
 * Give a function that says how many times the median of its endpoint a request took; 0 where that is nothing out of the ordinary.
 * @param {RequestRows} rows
 * @param {Array} endpoints of `endpointsOf`.
 */
export function slownessOf(rows, endpoints) {
  const medians = new Map();
  for (const { number, calls, p50 } of endpoints) if (calls >= FEWEST_CALLS) medians.set(number, p50);
  return (index) => {
    const median = medians.get(rows.endpoint[index]) || 0;
    return median && rows.duration[index] >= Math.max(OUTLIER_NS, median * OUTLIER_TIMES) ? rows.duration[index] / median : 0;
  };
}

/** Give the time by library of one request, "app" first, then the most. */
export function timeInOf(rows, index) {
  const sums = [];
  addShares(sums, rows.time_in[index]);
  return inOrder(rows, sums);
}

/**
 * Count points in a grid, for a picture of more points than can be told apart.
 * @param {Float64Array|number[]} xs px; @param {Float64Array|number[]} ys px; @param {number} size of a cell in px.
 * @returns {{cells: Array<[number, number, number]>, most: number}} column, row and number of each cell that has any.
 */
export function densityOf(xs, ys, size) {
  const counts = new Map();
  let most = 0;
  for (let index = 0; index < xs.length; index += 1) {
    const key = Math.max(0, Math.floor(xs[index] / size)) * 4096 + Math.max(0, Math.floor(ys[index] / size));
    const value = (counts.get(key) || 0) + 1;
    counts.set(key, value);
    if (value > most) most = value;
  }
  return { cells: [...counts].map(([key, value]) => [Math.floor(key / 4096), key % 4096, value]), most };
}
