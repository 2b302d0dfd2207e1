// Option lists with one active row: drawing and keyboard navigation.

import { element, freshId, icon } from "../dom.js";
import { avatar } from "../text/avatar.js";
import { emojiNode } from "../text/emoji.js";

/** An option row of {value, label, description, emoji, user, lead}; `marks` ticks the chosen ones. */
export function optionNode(option, { isSelected = false, marks = false } = {}) {
  return element("div", {
    class: "option", role: "option", id: freshId("option"), "aria-selected": String(isSelected), data: { value: option.value },
  }, option.user ? avatar(option.user, "small") : emojiNode(option.emoji),
  element("span", { class: "option__words" },
    element("span", { class: "option__label" }, option.label),
    option.description && element("span", { class: "option__note" }, option.description)),
  option.lead && element("span", { class: "option__lead" }, option.lead),
  marks && isSelected ? icon("check") : null);
}

/** The active row of `box`, mirrored in aria-activedescendant of `holder`, which has the focus. */
export class ActiveOption {
  #box;
  #holder;
  #node = null;

  constructor(box, holder) {
    this.#box = box;
    this.#holder = holder;
  }

  get node() { return this.#node; }

  get #rows() { return [...this.#box.querySelectorAll('[role="option"]')]; }

  set(node) {
    this.#node?.classList.remove("option--active");
    this.#node = node ?? null;
    if (!node) { this.#holder.removeAttribute("aria-activedescendant"); return; }
    node.classList.add("option--active");
    node.scrollIntoView({ block: "nearest" });
    this.#holder.setAttribute("aria-activedescendant", node.id);
  }

  first() {
    this.set(this.#rows[0]);
  }

  /** Moves with the up and down arrows; true if it handled the key. */
  key(event) {
    const rows = this.#rows;
    const isPlain = !event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (!rows.length || !isPlain || !(event.key in steps)) return false;
    event.preventDefault();
    const at = rows.indexOf(this.#node);
    const from = at < 0 && event.key === "ArrowUp" ? 0 : at;
    this.set(rows[(from + steps[event.key] + rows.length) % rows.length]);
    return true;
  }
}
