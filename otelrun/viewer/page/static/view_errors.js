/** Placeholder. */
import { emptyView } from "./shell.js";

export function makeErrors() {
  return { element: emptyView("Errors"), show() {}, update() {}, keys: {} };
}
