/** Placeholder. */
import { emptyView } from "./shell.js";

export function makeRequests() {
  return { element: emptyView("Requests"), show() {}, update() {}, keys: {} };
}
