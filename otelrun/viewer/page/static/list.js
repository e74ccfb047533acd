/**
 * A list of any length of which only the rows in sight are elements: 100,000 rows scroll as ten do. It knows rows by their index
 * only; what a row says is the caller's. Up, down, Home, End, Page Up, Page Down and j, k, g, G move; Enter opens.
 */
import { h, oncePerFrame } from "./dom.js";

const BESIDE = 6;
let lists = 0;

/**
 * Make a virtual list.
 * @param {Object} options
 * @param {string} options.label for screen readers.
 * @param {number} options.rowHeight in px; the same for all rows, see `setExtra`.
 * @param {function(): HTMLElement} options.makeRow makes an empty row; its cells carry role "gridcell" (one may carry "rowheader").
 *   Rows are used again for other indexes. `role`, `id`, `aria-rowindex`, `aria-selected` and the place are the list's.
 * @param {function(HTMLElement, number)} options.fillRow writes what belongs to an index into a row.
 * @param {string} [options.role] "grid" (default) or "treegrid".
 * @param {HTMLElement} [options.head] a header row (role "row" with "columnheader" cells) that stays on top inside the scroller.
 * @param {function(number)} [options.onSelect] the selection moved to an index by key or click.
 * @param {function(number)} [options.onOpen] Enter or double click on a row.
 * @param {Object<string, function(number): (boolean|void)>} [options.keys] more keys, by KeyboardEvent.key; called with the selected index.
 * @param {function()} [options.onScroll]
 * @returns {VirtualList}
 */
export function makeList(options) {
  return new VirtualList(options);
}

/** What `makeList` gives. `element` goes into the page; give it a height by CSS (it fills a flex column). */
export class VirtualList {
  constructor(options) {
    this.options = options;
    this.count = 0;
    this.selected = -1;
    this.rowHeight = options.rowHeight;
    this.rows = [];
    this.extras = new Map();
    this.extraIndexes = [];
    this.version = 0;
    this.name = `list-${++lists}`;
    this.headHeight = 0;
    this.body = h("div", { class: "list-body", role: "rowgroup" });
    const head = options.head && h("div", { class: "list-head", role: "rowgroup" }, options.head);
    this.element = h("div", {
      class: "list", role: options.role || "grid", tabIndex: 0, "aria-label": options.label, "aria-rowcount": 0,
      on: { keydown: (event) => this.onKey(event), scroll: () => this.scrolled(), click: (event) => this.onClick(event), dblclick: (event) => this.onClick(event, true) },
    }, head, this.body);
    this.head = head || null;
    this.draw = oncePerFrame(() => this.render());
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Say how many rows there are, and draw again those in sight. The selection stays where it is, within the rows. */
  setCount(count) {
    this.count = count;
    if (this.selected >= count) this.selected = count - 1;
    this.element.setAttribute("aria-rowcount", String(count + (this.head ? 1 : 0)));
    this.refresh();
  }

  /** Draw again what is in sight, since what rows say has changed. */
  refresh() {
    this.version += 1;
    this.body.style.setProperty("height", `${this.offsetOf(this.count)}px`);
    this.draw();
  }

  /** Give a row that many px more than the others; 0 takes them back. For rows that are opened; meant for few. */
  setExtra(index, px) {
    if (px) this.extras.set(index, px);
    else this.extras.delete(index);
    this.extraIndexes = [...this.extras.keys()].sort((a, b) => a - b);
    this.refresh();
  }

  /** Take back all extra heights, since the rows have other indexes now. */
  clearExtras() {
    this.extras.clear();
    this.extraIndexes = [];
    this.refresh();
  }

  /**
   * Select a row.
   * @param {number} index -1 selects none.
   * @param {Object} [how] `scroll` false leaves the place, "middle" puts the row into the middle where it was out of sight; `silent` true does not call onSelect.
   */
  select(index, how) {
    const { scroll = true, silent = false } = how || {};
    if (!this.count) index = -1;
    else if (index >= 0) index = Math.min(index, this.count - 1);
    this.selected = index;
    if (scroll && index >= 0) this.scrollTo(index, scroll === "middle");
    this.render();
    if (!silent && index >= 0 && this.options.onSelect) this.options.onSelect(index);
  }

  /** Bring a row into sight, moving no more than needed; with `toMiddle` into the middle. */
  scrollTo(index, toMiddle) {
    const top = this.offsetOf(index);
    const bottom = this.offsetOf(index + 1);
    const head = this.head ? this.head.offsetHeight : 0;
    const height = this.element.clientHeight - head;
    const isInSight = top >= this.element.scrollTop && bottom <= this.element.scrollTop + height;
    if (toMiddle && !isInSight) this.element.scrollTop = top - height / 2;
    else if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (bottom > this.element.scrollTop + height) this.element.scrollTop = bottom - height;
    this.draw();
  }

  /** Whether the last row is in sight. */
  isAtEnd() {
    return this.element.scrollTop + this.element.clientHeight >= this.element.scrollHeight - this.rowHeight;
  }

  /** Go to the last row. */
  scrollToEnd() {
    this.element.scrollTop = this.element.scrollHeight;
    this.draw();
  }

  /** Move by one of the page's keys (j, k, g, G, …); says whether it was one. */
  move(key) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight) - 2);
    const last = this.count - 1;
    const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -last - 1, g: -last - 1, End: last + 1, G: last + 1 };
    const step = steps[key];
    if (step === undefined || !this.count) return false;
    this.select(Math.max(0, Math.min(last, (this.selected < 0 && step > 0 ? -1 : this.selected) + step)));
    return true;
  }

  /** Put the keyboard's focus on the list. */
  focus() {
    this.element.focus({ preventScroll: true });
  }

  /** The px from the first row's top to that of an index. */
  offsetOf(index) {
    let offset = index * this.rowHeight;
    for (const opened of this.extraIndexes) {
      if (opened >= index) break;
      offset += this.extras.get(opened);
    }
    return offset;
  }

  /** The index of the row at so many px. */
  indexAt(offset) {
    let above = 0;
    for (const opened of this.extraIndexes) {
      const top = opened * this.rowHeight + above;
      if (top + this.rowHeight > offset) break;
      const extra = this.extras.get(opened);
      if (top + this.rowHeight + extra > offset) return opened;
      above += extra;
    }
    return Math.floor((offset - above) / this.rowHeight);
  }

  scrolled() {
    this.draw();
    if (this.options.onScroll) this.options.onScroll();
  }

  render() {
    const height = this.element.clientHeight;
    if (!height) return;
    const top = this.element.scrollTop;
    const first = Math.max(0, this.indexAt(top) - BESIDE);
    const last = Math.min(this.count - 1, this.indexAt(top + height) + BESIDE);
    this.provide(Math.ceil(height / this.rowHeight) + 2 * BESIDE + 2);
    const used = new Set();
    for (let index = first; index <= last; index += 1) {
      const row = this.rows[index % this.rows.length];
      used.add(row);
      this.place(row, index);
    }
    for (const row of this.rows) if (!used.has(row) && !row.element.hidden) row.element.hidden = true;
    const active = this.selected >= first && this.selected <= last && this.rows[this.selected % this.rows.length];
    if (active) this.element.setAttribute("aria-activedescendant", active.element.id);
    else this.element.removeAttribute("aria-activedescendant");
  }

  /** Have at least so many row elements; more only, since each index keeps to its place among them. */
  provide(needed) {
    if (this.rows.length >= needed) return;
    for (const row of this.rows) row.index = -1;
    while (this.rows.length < needed) {
      const element = this.options.makeRow();
      element.classList.add("list-row");
      element.setAttribute("role", "row");
      element.id = `${this.name}-${this.rows.length}`;
      element.hidden = true;
      this.rows.push({ element, index: -1, version: -1, top: -1, isSelected: null });
      this.body.appendChild(element);
    }
  }

  place(row, index) {
    const { element } = row;
    const isSelected = index === this.selected;
    const top = this.offsetOf(index);
    if (row.top !== top) element.style.setProperty("transform", `translateY(${top}px)`);
    row.top = top;
    if (row.index !== index || row.version !== this.version) {
      row.index = index;
      row.version = this.version;
      element.setAttribute("aria-rowindex", String(index + (this.head ? 2 : 1)));
      this.options.fillRow(element, index);
    }
    if (row.isSelected !== isSelected) {
      row.isSelected = isSelected;
      element.setAttribute("aria-selected", String(isSelected));
      element.classList.toggle("is-selected", isSelected);
    }
    if (element.hidden) element.hidden = false;
  }

  onClick(event, isDouble) {
    const element = event.target instanceof Element && event.target.closest(".list-row");
    const row = element && this.rows.find((each) => each.element === element);
    if (!row || event.defaultPrevented) return;
    if (isDouble && this.options.onOpen) this.options.onOpen(row.index);
    else if (!isDouble) this.select(row.index, { scroll: false });
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.element) return;
    const own = this.options.keys && this.options.keys[event.key];
    let isDone = own ? own(this.selected) !== false : this.move(event.key);
    if (!isDone && event.key === "Enter" && this.options.onOpen && this.selected >= 0) {
      this.options.onOpen(this.selected);
      isDone = true;
    }
    if (isDone) {
      event.preventDefault();
      event.stopPropagation();
    }
  }
}
