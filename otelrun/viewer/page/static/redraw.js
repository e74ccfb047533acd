/** Drawing a place anew while somebody reads it: what was unfolded, scrolled to and focused stays so. */

const FOCUSABLE = "a[href], button, input, select, summary, [tabindex]";

/**
 * Draw anew what says the same of newer figures.
 * @param {HTMLElement} element in which is drawn.
 * @param {function()} draw replaces what is in it.
 */
export function keepingPlace(element, draw) {
  const open = [...element.querySelectorAll("details")].map((each) => each.open);
  const focused = [...element.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  const { scrollTop } = element;
  draw();
  element.querySelectorAll("details").forEach((each, at) => { each.open = Boolean(open[at]); });
  const again = focused >= 0 && element.querySelectorAll(FOCUSABLE)[focused];
  if (again) again.focus({ preventScroll: true });
  element.scrollTop = scrollTop;
}
