// Creates elements. Text is always inserted as text nodes; the page never parses HTML.

const ICONS = "/page/icons.svg";
const SVG = "http://www.w3.org/2000/svg";

const SPECIAL = {
  on: (node, listeners) => {
    for (const [name, listener] of Object.entries(listeners)) node.addEventListener(name, listener);
  },
  data: (node, entries) => {
    for (const [name, value] of Object.entries(entries)) if (value != null) node.dataset[name] = value;
  },
  vars: (node, entries) => {
    for (const [name, value] of Object.entries(entries)) node.style.setProperty(`--${name}`, value);
  },
  class: (node, names) => { node.className = [names].flat().filter(Boolean).join(" "); },
  value: (node, value) => { node.value = value; },
  checked: (node, value) => { node.checked = value; },
};

function set(node, name, value) {
  if (value == null || value === false) return;
  if (SPECIAL[name]) SPECIAL[name](node, value);
  else node.setAttribute(name, value === true ? "" : value);
}

/** A new element. `on`, `data`, `vars` and `class` take objects or lists; null children are skipped. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return node;
}

/** A decorative icon; its parent element has the accessible name. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${ICONS}#${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A button with an icon and an accessible name. */
export function iconButton(name, label, onClick, attributes = {}) {
  return element("button", {
    type: "button", class: "icon-button", "aria-label": label, title: label, on: { click: onClick }, ...attributes,
  }, icon(name));
}

/** A button that looks like a link in a sentence. */
export function textButton(label, onClick) {
  return element("button", { type: "button", class: "text-button composer__choice", on: { click: onClick } }, label);
}

/** True if nothing is selected in `control` and its caret is at the `end`, or else at the start. */
export function isCaretAt(control, end) {
  if (control.selectionStart == null) return true;
  return control.selectionStart === control.selectionEnd && control.selectionStart === (end ? control.value.length : 0);
}

let lastId = 0;

/** A unique element id. */
export function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

/** True if the user prefers reduced motion. */
export function prefersStillness() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
