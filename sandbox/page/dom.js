// Builds elements. Text always arrives as text nodes: nothing here, or anywhere on the page, parses HTML.

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

/** A new element; `on`, `data`, `vars` and `class` take objects or lists, null children are left out. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return node;
}

/** A decorative icon; the element around it carries the name. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${ICONS}#${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A button that shows only an icon and says its name to everybody else. */
export function iconButton(name, label, onClick, attributes = {}) {
  return element("button", {
    type: "button", class: "icon-button", "aria-label": label, title: label, on: { click: onClick }, ...attributes,
  }, icon(name));
}

let lastId = 0;

/** An id that no other element of this page has. */
export function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

/** True while the person has asked for less motion. */
export function prefersStillness() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
