/**
 * The order of a run's processes: children below the process that started them.
 *
 * Pure. Processes whose parent recorded nothing stand at the top; a circle of parents, which only a damaged store has, is cut.
 */

/**
 * @param {{id: *, parent: *, pid: number, start: number|null}[]} processes
 * @returns {{process: object, depth: number, isLast: boolean, rails: boolean[]}[]} in the order to show them; `rails[d]` says
 *   whether the line of depth d goes on below this row
 */
export function forestOf(processes) {
  const byStart = [...processes].sort((one, other) => (one.start ?? Infinity) - (other.start ?? Infinity) || one.pid - other.pid);
  const known = new Set(byStart.map((process) => process.id));
  const children = new Map();
  const roots = [];
  for (const process of byStart) {
    const isRoot = process.parent === null || process.parent === process.id || !known.has(process.parent);
    if (isRoot) roots.push(process);
    else if (children.has(process.parent)) children.get(process.parent).push(process);
    else children.set(process.parent, [process]);
  }
  const rows = [];
  const seen = new Set();
  const grow = (siblings) => {
    const waiting = [...siblings].reverse().map((process, at) => ({ process, depth: 0, rails: [], isLast: at === 0 }));
    while (waiting.length) {
      const row = waiting.pop();
      if (seen.has(row.process.id)) continue;
      seen.add(row.process.id);
      rows.push(row);
      const below = (children.get(row.process.id) || []).filter((child) => !seen.has(child.id));
      const rails = [...row.rails, row.depth > 0 && !row.isLast];
      for (let at = below.length - 1; at >= 0; at -= 1) {
        waiting.push({ process: below[at], depth: row.depth + 1, rails, isLast: at === below.length - 1 });
      }
    }
  };
  grow(roots);
  for (const process of byStart) if (!seen.has(process.id)) grow([process]);
  return rows;
}
