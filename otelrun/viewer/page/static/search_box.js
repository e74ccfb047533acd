/** The search box: one text for all views. What it means is for query.js and the views. */
import { icon, replace } from "./dom.js";
import { makeSearchHelp, placePopover } from "./shell.js";

const HINTS = {
  requests: "Search: route:/items  status:5xx  >100ms",
  errors: "Search errors: a type, a message, route:/items",
  logs: "Search logs: words  level:warn  logger:shop  pid:4711",
  metrics: "Search metrics: a name, an attribute",
  processes: "Search processes: a command, service:shop, pid:4711",
  sql: "Search requests: the SQL view has its own box below",
};
const WAIT_MS = 120;

/**
 * Make the search box of the page's head work.
 * @param {function(string, Object)} onSearch called with the text, soon after each change; the first of a row of changes makes a step in
 *   the history, later ones `{replace: true}`.
 * @returns {{show: function(string, string), focus: function()}} `show` gives it a text and the view's hints.
 */
export function makeSearchBox(onSearch) {
  const box = document.getElementById("search");
  const form = document.getElementById("search-form");
  const clear = document.getElementById("search-clear");
  const words = document.getElementById("search-words");
  let timer = 0;
  let isEditing = false;
  const mark = () => {
    clear.hidden = !box.value;
    form.classList.toggle("has-text", Boolean(box.value));
  };
  const send = () => {
    clearTimeout(timer);
    onSearch(box.value.trim(), { replace: isEditing });
    isEditing = true;
  };
  const set = (text) => {
    box.value = text;
    mark();
    isEditing = false;
    send();
  };
  box.addEventListener("input", () => {
    mark();
    clearTimeout(timer);
    timer = setTimeout(send, WAIT_MS);
  });
  box.addEventListener("blur", () => { isEditing = false; });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.value) {
      event.preventDefault();
      set("");
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
    document.getElementById("view").querySelector(".list")?.focus();
  });
  replace(clear, icon("close"));
  form.prepend(icon("search"));
  clear.addEventListener("click", () => {
    set("");
    box.focus();
  });
  placePopover(words, document.getElementById("search-help"));
  makeSearchHelp((word) => {
    words.hidePopover();
    set(`${box.value} ${word}`.trim());
    box.focus();
  });
  return {
    show(text, tab) {
      box.placeholder = HINTS[tab];
      if (document.activeElement === box && box.value.trim() === text) return;
      box.value = text;
      mark();
    },
    focus() {
      box.focus();
      box.select();
    },
  };
}
