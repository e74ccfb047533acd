/** Placeholder. */
import { emptyView } from "./shell.js";

export function makeProcesses() {
  return { element: emptyView("Processes"), show() {}, update() {}, keys: {} };
}
