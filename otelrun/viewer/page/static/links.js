/** Addresses of places in the page, as links that can be opened, copied and sent. */
import { changed, formatFragment } from "./state.js";

/**
 * Give the address of another state of the page.
 * @param {Object} context the view's.
 * @param {Object} partial what is to be different, as for `navigate`.
 * @returns {string}
 */
export function hrefTo(context, partial) {
  return formatFragment(changed(context.state(), partial));
}

/** Give the address of a trace, at one of its spans where given; the search stays. */
export function hrefToTrace(context, trace, span) {
  return hrefTo(context, { tab: "requests", trace, span: span || "" });
}
