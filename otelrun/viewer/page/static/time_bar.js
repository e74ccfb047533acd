/** The bar that shows which library time went into, and its legend. Always with words beside it or on it, never colour alone. */
import { hueOf } from "./colours.js";
import { h } from "./dom.js";
import { duration, oneLine, percent } from "./format.js";

/**
 * Give the CSS background of a bar.
 * @param {Array<[string, number]>} shares library and ns.
 * @param {number} [whole] what the bar's full width stands for; what no library has stays empty. Default: their sum.
 */
export function gradientOf(shares, whole) {
  const sum = whole || shares.reduce((total, [, ns]) => total + ns, 0) || 1;
  const stops = [];
  let at = 0;
  for (const [name, ns] of shares) {
    const to = at + (ns / sum) * 100;
    stops.push(`var(--${hueOf(name)}) ${at.toFixed(2)}% ${to.toFixed(2)}%`);
    at = to;
  }
  if (at < 99.99) stops.push(`transparent ${at.toFixed(2)}% 100%`);
  return `linear-gradient(90deg, ${stops.join(", ")})`;
}

/** Say shares in words: `app 87 %, sqlite 13 %`. */
export function sharesText(shares) {
  const sum = shares.reduce((total, [, ns]) => total + ns, 0) || 1;
  return shares.map(([name, ns]) => `${oneLine(name, 40)} ${percent(ns / sum)}`).join(", ");
}

/** Say shares with their times, for a tooltip. */
export function sharesTitle(shares) {
  return shares.map(([name, ns]) => `${oneLine(name, 40)} ${duration(ns)}`).join("\n");
}

/** Make a bar of shares with the largest library's share in words beside it. */
export function makeTimeBar(shares) {
  const sum = shares.reduce((total, [, ns]) => total + ns, 0) || 1;
  const others = shares.filter(([name]) => name !== "app").sort((a, b) => b[1] - a[1]);
  const [name, ns] = others[0] || shares[0] || ["", 0];
  return h("span", { class: "time-in", title: sharesTitle(shares) },
    h("span", { class: "time-bar", role: "img", "aria-label": `Time in ${sharesText(shares)}`, style: { background: gradientOf(shares) } }),
    h("span", { class: "time-word" }, name ? `${oneLine(name, 24)} ${percent(ns / sum)}` : ""));
}

/** Make the legend of the libraries named. */
export function makeLegend(names) {
  return h("span", { class: "legend" }, names.map((name) => h("span", { class: "legend-item" }, h("span", { class: `swatch ${hueOf(name)}` }), oneLine(name, 24))));
}
