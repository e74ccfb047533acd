/** The handle between two panes: drag it, or focus it and press the arrow keys. What was chosen is kept in this browser. */
import { h } from "./dom.js";

/**
 * Make a handle.
 * @param {Object} options
 * @param {HTMLElement} options.container gets the share of the first pane as a CSS property.
 * @param {string} options.property for example "--split"; set in percent.
 * @param {string} options.label for screen readers.
 * @param {boolean} [options.isHorizontal] the panes lie above each other.
 * @param {number} options.share at first, in percent.
 * @param {string} options.key under which it is kept.
 */
export function makeSplitter({ container, property, label, isHorizontal, share, key }) {
  const handle = h("div", { class: `splitter${isHorizontal ? " is-horizontal" : ""}`, role: "separator", tabIndex: 0, "aria-label": label, "aria-orientation": isHorizontal ? "horizontal" : "vertical", "aria-valuemin": 20, "aria-valuemax": 80 });
  let now = share;
  const set = (percent, isKept) => {
    now = Math.max(20, Math.min(80, percent));
    container.style.setProperty(property, `${now.toFixed(1)}%`);
    handle.setAttribute("aria-valuenow", String(Math.round(now)));
    if (isKept) keep(key, now);
  };
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  handle.addEventListener("pointermove", (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const box = container.getBoundingClientRect();
    set(isHorizontal ? ((event.clientY - box.top) / box.height) * 100 : ((event.clientX - box.left) / box.width) * 100, true);
  });
  handle.addEventListener("dblclick", () => set(share, true));
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -2, ArrowUp: -2, ArrowRight: 2, ArrowDown: 2 }[event.key];
    if (!step) return;
    set(now + step, true);
    event.preventDefault();
    event.stopPropagation();
  });
  set(kept(key) || share, false);
  return handle;
}

function kept(key) {
  try {
    return Number(localStorage.getItem(`otelrun-${key}`)) || 0;
  } catch {
    return 0;
  }
}

function keep(key, value) {
  try {
    localStorage.setItem(`otelrun-${key}`, String(value));
  } catch {
    // Pages from disk may have no storage.
  }
}
