/**
 * Percentiles of a histogram whose measurements are only known by bucket.
 *
 * Pure. A percentile lies somewhere in its bucket: measurements are taken to be spread evenly in it, within the smallest and
 * largest measurement where these are known. The page says "about" for such figures.
 */

/** The bounds of bucket `index`: its own, narrowed by the least and largest measurement where known. */
function boundsOf(index, boundaries, least, largest) {
  let low = index > 0 ? boundaries[index - 1] : Math.min(0, boundaries[0] ?? 0);
  let high = index < boundaries.length ? boundaries[index] : boundaries[boundaries.length - 1] ?? low;
  if (Number.isFinite(least) && (index === 0 || least > low)) low = least;
  if (Number.isFinite(largest) && (index === boundaries.length || largest < high)) high = largest;
  return low <= high ? [low, high] : [high, high];
}

/**
 * The value below which the share `portion` of the measurements lies, about.
 *
 * @param {number[]} counts measurements per bucket, one more than boundaries
 * @param {number[]} boundaries upper bounds of the buckets but the last
 * @param {number} portion 0.5 for the median
 * @param {number|null} [least] the smallest measurement, where known
 * @param {number|null} [largest] the largest measurement, where known
 * @returns {number|null} null where there is no measurement
 */
export function quantileOf(counts, boundaries, portion, least = null, largest = null) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return null;
  const rank = Math.max(portion * total, Number.MIN_VALUE);
  const minimum = least === null ? NaN : least;
  const maximum = largest === null ? NaN : largest;
  let below = 0;
  for (let index = 0; index < counts.length; index += 1) {
    if (counts[index] > 0 && below + counts[index] >= rank) {
      const [low, high] = boundsOf(index, boundaries, minimum, maximum);
      return low + (high - low) * ((rank - below) / counts[index]);
    }
    below += counts[index];
  }
  return null;
}

/**
 * The buckets that hold something, with those between them, for drawing: `[{low, high, count}]`; `low` is null in the first
 * bucket of all and `high` null in the last, which have no bound.
 */
export function bucketsOf(counts, boundaries) {
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) return [];
  let last = counts.length - 1;
  while (counts[last] === 0) last -= 1;
  const buckets = [];
  for (let index = first; index <= last; index += 1) {
    const low = index > 0 ? boundaries[index - 1] : null;
    const high = index < boundaries.length ? boundaries[index] : null;
    buckets.push({ low, high, count: counts[index] });
  }
  return buckets;
}
