/** A log record opened: its whole text, JSON with indents, and its attributes. */
import { button, copyText, h, icon } from "./dom.js";
import { endingJson } from "./embedded_json.js";
import { byName, prettyJson, stripAnsi, visible } from "./format.js";
import { hrefToTrace } from "./links.js";

const SHOWN = 20000;

/**
 * Make what stands below an opened line.
 * @param {Object} record as in the document of one log record.
 * @param {Object} context the view's.
 * @returns {HTMLElement}
 */
export function logDetail(record, context) {
  const text = typeof record.body === "string" ? stripAnsi(record.body) : JSON.stringify(record.body);
  const parts = endingJson(text);
  return h("div", { class: "log-detail" },
    h("pre", { class: "code", text: visible(parts ? [parts.before, parts.json].filter(Boolean).join("\n") : text, SHOWN) }),
    h("p", { class: "sheet-links" },
      record.trace && h("a", { href: hrefToTrace(context, record.trace, record.span) }, "Open its trace"),
      button([icon("copy"), "Copy text"], () => copyText(text, "the text"), { class: "quiet" }),
      button([icon("copy"), "Copy as JSON"], () => copyText(JSON.stringify(record, null, 2), "the record as JSON"), { class: "quiet" })),
    attributesOf(record, context));
}

function attributesOf(record, context) {
  const entries = Object.entries(record.attributes || {}).sort(([one], [other]) => byName(one, other));
  if (record.event) entries.unshift(["event.name", record.event]);
  if (!entries.length) return h("p", { class: "dim", text: "No attributes." });
  return h("dl", { class: "facts" }, entries.map(([name, value]) => [
    h("dt", { text: visible(name, 200) }),
    h("dd", null, h("span", { class: "mono attribute-value", text: valueText(value) }), " ", findButton(name, value, context)),
  ]));
}

/** Values that are not long can be searched for. */
function findButton(name, value, context) {
  if (typeof value === "object" || String(value).length > 200) return null;
  return button(icon("filter"), () => context.addToSearch(name, value), { class: "quiet is-small", "aria-label": `Search for ${visible(name, 80)} with this value`, title: "Search for it" });
}

function valueText(value) {
  if (value && typeof value === "object" && typeof value.cut === "string") return `${visible(value.cut, SHOWN)}… (${value.length} characters)`;
  if (typeof value !== "string") return visible(JSON.stringify(value), SHOWN);
  return visible(prettyJson(value) || value, SHOWN);
}
