/**
 * The frames of a stack trace, with those of libraries folded: what a reader looks for is the program's own code.
 *
 * Pure: takes and returns values.
 */

/** The package that a file belongs to: the folder below site-packages, else "Python" for the standard library. */
export function packageOf(file) {
  const installed = /(?:site|dist)-packages[/\\]([^/\\]+)/.exec(file);
  if (installed) return installed[1].replace(/\.py$/, "");
  if (file.startsWith("<")) return file;
  return /[/\\]lib(?:64)?[/\\]python[\d.]+[/\\]/.test(file) ? "Python" : "";
}

/**
 * Fold neighbouring frames that are not the program's own.
 *
 * @param {{file: string, is_own: boolean}[]} frames outermost first
 * @returns {{isOwn: boolean, frames: object[], packages: string[]}[]} one entry for each own frame, and one for each row of others
 */
export function foldedFrames(frames) {
  const parts = [];
  for (const frame of frames) {
    const last = parts[parts.length - 1];
    if (!frame.is_own && last && !last.isOwn) last.frames.push(frame);
    else parts.push({ isOwn: frame.is_own, frames: [frame], packages: [] });
  }
  for (const part of parts) {
    if (!part.isOwn) part.packages = [...new Set(part.frames.map((frame) => packageOf(frame.file)).filter(Boolean))];
  }
  return parts;
}

/** A name for a group of failures that stays the same when the page is opened again. */
export function failureKey(failure) {
  const text = [failure.type, failure.file || failure.endpoints[0] || failure.message, failure.line].join("\n");
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}

/** How many of `times` lie in each of `bins` equal stretches of [start, end]. */
export function timeCounts(times, start, end, bins) {
  const counts = new Array(bins).fill(0);
  const width = Math.max(1, (end - start) / bins);
  for (const time of times) counts[Math.max(0, Math.min(bins - 1, Math.floor((time - start) / width)))] += 1;
  return counts;
}
