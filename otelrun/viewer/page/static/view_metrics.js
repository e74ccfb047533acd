/** Placeholder. */
import { emptyView } from "./shell.js";

export function makeMetrics() {
  return { element: emptyView("Metrics"), show() {}, update() {}, keys: {} };
}
