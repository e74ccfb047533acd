/**
 * What has become of the instrumentation of the libraries that a process imports, sorted by what a reader would do about it.
 *
 * Pure: takes and returns values.
 */

const WANTING = new Set(["missing", "failed", "unsupported"]);
const INSTALL = "pip install ";

/** Each library once: several instrumentations of one distribution may be for it. */
function once(libraries) {
  const seen = new Map();
  for (const one of libraries) seen.set([one.library, one.by, one.state, one.text].join("\n"), one);
  return [...seen.values()];
}

/**
 * @param {{library: string, by: string, state: string, text: string, advice: string}[]} libraries of a process
 * @returns {{hooked: object[], wanting: object[], others: object[]}} `wanting`: something can be mended; `others` are as somebody
 *   wants them to be
 */
export function dividedLibraries(libraries) {
  const all = once(libraries);
  const hooked = all.filter((one) => one.state === "hooked");
  const wanting = all.filter((one) => WANTING.has(one.state));
  return { hooked, wanting, others: all.filter((one) => one.state !== "hooked" && !WANTING.has(one.state)) };
}

/** The commands that mend what is wanting: one for all that is to be installed, and those that are others. */
export function commandsFor(wanting) {
  const advice = [...new Set(wanting.map((one) => one.advice).filter(Boolean))];
  const installs = advice.filter((one) => one.startsWith(INSTALL)).map((one) => one.slice(INSTALL.length));
  const others = advice.filter((one) => !one.startsWith(INSTALL));
  return installs.length ? [INSTALL + installs.join(" "), ...others] : others;
}
