/** Placeholder. */
import { emptyView } from "./shell.js";

export function makeSql() {
  return { element: emptyView("Sql"), show() {}, update() {}, keys: {} };
}
