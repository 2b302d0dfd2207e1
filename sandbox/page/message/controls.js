// Buttons and select menus.

import { element, icon } from "../dom.js";
import { safeLink } from "../text/addresses.js";
import { emojiNode } from "../text/emoji.js";
import { openListbox } from "../overlay/listbox.js";
import { entityOptions, defaultValues } from "./choices.js";
import { descriptionOf } from "./verbs.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "premium" };

function inside(component) {
  return [emojiNode(component.emoji), component.label && element("span", { class: "button__label" }, component.label)];
}

function linkButton(component) {
  const href = safeLink(component.url ?? "");
  if (!href || component.disabled) {
    return element("button", { type: "button", class: "button button--link", disabled: true }, inside(component));
  }
  return element("a", { class: "button button--link", href, target: "_blank", rel: "noopener noreferrer" },
    inside(component), icon("link"));
}

/** A message button; busy and inactive while its press is pending. */
export function drawButton(component, env) {
  if (component.style === 5) return linkButton(component);
  const isPending = env.isPending(component.custom_id);
  return element("button", {
    type: "button", class: ["button", `button--${STYLES[component.style] ?? "secondary"}`],
    disabled: Boolean(component.disabled), "aria-busy": isPending ? "true" : null, title: descriptionOf(component.custom_id),
    data: { customId: component.custom_id, style: STYLES[component.style] },
    on: { click: () => { if (!env.isPending(component.custom_id)) env.press(component); } },
  }, inside(component));
}

function optionsOf(component, store) {
  if (component.type !== 3) return entityOptions(component, store);
  return component.options.map((option) => ({
    value: option.value, label: option.label, description: option.description, emoji: option.emoji }));
}

function summary(component, options, selected) {
  const chosen = options.filter((option) => selected.includes(option.value));
  if (!chosen.length) {
    return element("span", { class: "select__hint" }, component.placeholder ?? "Make a selection");
  }
  return element("span", { class: "select__chosen" }, chosen.flatMap((option, index) =>
    [index ? ", " : null, emojiNode(option.emoji), option.emoji ? " " : null, option.label]));
}

/** A select menu of any type; `onChoose` gets the selected values. */
export function drawSelect(component, { store, isPending = () => false, onChoose, label }) {
  const options = optionsOf(component, store);
  let selected = defaultValues(component);
  const node = element("button", {
    type: "button", class: "select", role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false",
    "aria-label": label ?? component.placeholder ?? "Make a selection", disabled: Boolean(component.disabled),
    "aria-busy": isPending(component.custom_id) ? "true" : null,
    data: { customId: component.custom_id }, on: { click: open },
  }, summary(component, options, selected), icon("chevron"));

  function open() {
    if (isPending(component.custom_id)) return;
    openListbox(node, {
      label: node.getAttribute("aria-label"), options, selected,
      min: component.min_values ?? 1, max: component.max_values ?? 1, searchable: component.type !== 3, onChoose: choose,
    });
  }

  function choose(values) {
    selected = values;
    node.firstChild.replaceWith(summary(component, options, selected));
    onChoose(values);
  }

  return node;
}
