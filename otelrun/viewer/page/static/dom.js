/**
 * Making elements. Foreign text goes in as text nodes and attribute values only, never as markup, so none of it can do harm.
 * Knows nothing of runs, traces or views.
 */

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "tabIndex", "readOnly", "spellcheck", "scrollTop"]);

/**
 * Make an HTML element.
 * @param {string} tag
 * @param {Object|null} [props] attributes by their HTML names; `text` sets the text; `on` holds listeners by event name; `style` holds
 *   CSS properties (set one by one, which the content security policy allows); `data` holds data-* attributes. null, undefined and
 *   false leave an attribute out; true gives it without a value.
 * @param {...(Node|string|number|null|false|Array)} children
 * @returns {HTMLElement}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  setProps(element, props || {});
  append(element, children);
  return element;
}

/**
 * Make an SVG element.
 * @param {string} tag
 * @param {Object|null} [attributes] as in `h`.
 * @param {...(Node|string|number|null|false|Array)} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  setProps(element, attributes || {});
  append(element, children);
  return element;
}

/** Replace what is in an element. Takes children as `h` does. */
export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Set the attributes of an element as `h` does. */
export function setProps(element, props) {
  for (const name of Object.keys(props)) {
    const value = props[name];
    if (name === "text") element.textContent = value;
    else if (name === "on") for (const event of Object.keys(value)) element.addEventListener(event, value[event]);
    else if (name === "style") for (const property of Object.keys(value)) element.style.setProperty(property, value[property]);
    else if (name === "data") for (const key of Object.keys(value)) element.dataset[key] = value[key];
    else if (PROPERTIES.has(name)) element[name] = value;
    else if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child instanceof Node) element.appendChild(child);
    else if (child !== null && child !== undefined && child !== false) element.appendChild(document.createTextNode(String(child)));
  }
}

/** Set a text only where it differs: writing the same text again costs layout. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Call back with the width and height of an element, now and whenever they change. Gives a function that ends it. */
export function onResize(element, callback) {
  const observer = new ResizeObserver((entries) => {
    const box = entries[entries.length - 1].contentRect;
    callback(box.width, box.height);
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/** Run a function at most once for each frame, however often the result is called. */
export function oncePerFrame(work) {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      work();
    });
  };
}

/** Say something to screen readers, and for a moment on screen. */
export function announce(text) {
  const place = document.getElementById("toast");
  if (!place) return;
  place.textContent = text;
  place.classList.add("is-shown");
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => place.classList.remove("is-shown"), 2200);
}

/**
 * Copy a text to the clipboard and say so.
 * @param {string} text
 * @param {string} what is copied, for example "trace id".
 */
export async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(text);
  }
  announce(`Copied ${what}`);
}

/** The way to copy that pages from disk have. */
function copyBySelection(text) {
  const focused = document.activeElement;
  const area = h("textarea", { class: "off-screen", value: text, readOnly: true, "aria-hidden": "true" });
  document.body.appendChild(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
}

/** Whether a key press belongs to a field that somebody types in. */
export function isTyping(event) {
  const target = event.target;
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}

/**
 * Make a button.
 * @param {string|Node|Array} content
 * @param {function(MouseEvent)} onClick
 * @param {Object} [props] as in `h`; give `aria-label` where the content is only a sign.
 */
export function button(content, onClick, props) {
  return h("button", { type: "button", ...props, on: { ...(props && props.on), click: onClick } }, content);
}

const ICONS = {
  search: "M10.5 10.5 14 14M12 7a5 5 0 1 1-10 0 5 5 0 0 1 10 0Z",
  sun: "M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.4M11.6 11.6 13 13M13 3l-1.4 1.4M4.4 11.6 3 13M11 8a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z",
  half: "M8 2a6 6 0 1 0 0 12M8 2a6 6 0 0 1 0 12M8 2v12M8 5l4.8-.6M8 8h6M8 11l4.8.6",
  wide: "M9.5 2H14v4.5M6.5 14H2V9.5M14 2 9 7M2 14l5-5",
  split: "M2 3h12v10H2zM8 3v10",
  back: "M9.5 3 4.5 8l5 5",
  chevron: "m4 6 4 4 4-4",
  copy: "M5.5 5.5V3a1 1 0 0 1 1-1H13a1 1 0 0 1 1 1v6.5a1 1 0 0 1-1 1h-2.5M3 5.5h6.5a1 1 0 0 1 1 1V13a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V6.500a1 1 0 0 1 1-1Z",
  close: "m4 4 8 8M12 4l-8 8",
  up: "M8 13V3M4 7l4-4 4 4",
  filter: "M2 3h12L9.500 8.500V13l-3-1.500V8.500Z",
};

/** Make one of the page's signs, 16 × 16, drawn in the colour of the text. It says nothing to screen readers. */
export function icon(name) {
  const path = svg("path", { d: ICONS[name], fill: "none", stroke: "currentColor", "stroke-width": 1.4, "stroke-linecap": "round", "stroke-linejoin": "round" });
  return svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, class: "icon", "aria-hidden": "true" }, path);
}
