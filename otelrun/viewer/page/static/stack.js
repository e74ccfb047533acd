/** Python's tracebacks, read: which frames are the user's own, which are libraries'. Pure: text in, frames out. */

const FRAME = /^ {2}File "(.+)", line (\d+)(?:, in (.+))?$/;
const FOREIGN = ["site-packages", "dist-packages", "/lib/python", "\\lib\\", "/otelrun/instrumentation/", "<frozen"];

/**
 * Read a traceback.
 * @param {string} text as `traceback` prints it; chained ones have several parts.
 * @returns {Array<{frames: Array<{file: string, line: number, function: string, code: string, isOwn: boolean}>, says: string}>} the parts,
 *   in their order; `says` is the line of the exception itself.
 */
export function partsOf(text) {
  const parts = [];
  let part = null;
  for (const line of text.split("\n")) {
    const frame = FRAME.exec(line);
    if (/^(\s*[|+-]*\s*)?Traceback \(most recent call last\):/.test(line)) parts.push((part = { frames: [], says: "" }));
    else if (frame) {
      if (!part) parts.push((part = { frames: [], says: "" }));
      part.frames.push({ file: frame[1], line: Number(frame[2]), function: frame[3] || "", code: "", isOwn: isOwn(frame[1]) });
    } else if (part && /^ {4}\S/.test(line) && part.frames.length && !/^[\s~^]+$/.test(line)) {
      const last = part.frames[part.frames.length - 1];
      if (!last.code) last.code = line.trim();
    } else if (part && line && !/^\s/.test(line) && !part.says) part.says = line;
  }
  return parts.filter((each) => each.frames.length);
}

/** Whether a file is the user's own, not a library's. */
export function isOwn(file) {
  return !FOREIGN.some((part) => file.includes(part));
}

/** Give the last two parts of a path. */
export function shortFile(file) {
  return file.split(/[/\\]/).slice(-2).join("/");
}

/** Put frames into runs: each own one alone, library frames that follow each other together. */
export function runsOf(frames) {
  const runs = [];
  for (const frame of frames) {
    const last = runs[runs.length - 1];
    if (!frame.isOwn && last && !last.isOwn) last.frames.push(frame);
    else runs.push({ isOwn: frame.isOwn, frames: [frame] });
  }
  return runs;
}
