/** Placeholder. */
import { emptyView } from "./shell.js";

export function makeLogs() {
  return { element: emptyView("Logs"), show() {}, update() {}, keys: {} };
}
