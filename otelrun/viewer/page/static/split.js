/** A list beside what is selected in it, with a handle between them; above each other where it is narrow. */
import { h } from "./dom.js";
import { makeSplitter } from "./splitter.js";

/**
 * Make it.
 * @param {Array<HTMLElement>} master what stands in the first pane.
 * @param {HTMLElement} detail scrolls by itself.
 * @param {Object} options
 * @param {string} options.key under which the place of the handle is kept.
 * @param {number} options.share of the first pane at first, in percent.
 * @returns {HTMLElement}
 */
export function makeSplit(master, detail, { key, share }) {
  const element = h("div", { class: "split" });
  const handle = makeSplitter({ container: element, property: "--split", label: "Width of the list", share, key });
  element.append(h("div", { class: "panel" }, master), handle, detail);
  return element;
}
