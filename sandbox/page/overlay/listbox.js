// The popup list of a select: single or multiple choice, with search.

import { element } from "../dom.js";
import { ActiveOption, optionNode } from "./options.js";
import { openPopup } from "./popup.js";

const SEARCH_FROM = 8;

function matches(option, text) {
  return `${option.label} ${option.description ?? ""}`.toLowerCase().includes(text.trim().toLowerCase());
}

function toggled(selected, value, max) {
  if (selected.includes(value)) return selected.filter((other) => other !== value);
  return selected.length < max ? [...selected, value] : selected;
}

const isSame = (a, b) => a.length === b.length && a.every((value) => b.includes(value));

class Listbox {
  #asked;
  #chosen;
  #isMany;
  #close;
  #active;
  #search = null;
  #done = null;
  #box;

  constructor(anchor, asked) {
    this.#asked = asked;
    this.#chosen = asked.selected;
    this.#isMany = asked.max > 1;
    this.#box = this.#createBox();
    if (asked.searchable || asked.options.length > SEARCH_FROM) this.#search = this.#createSearch();
    if (this.#isMany) this.#done = this.#createDone();
    this.#active = new ActiveOption(this.#box, this.#search ?? this.#box);
    const content = element("div", { class: "popup__list", on: { keydown: (event) => this.#onKey(event) } },
      this.#search, this.#box, this.#done);
    this.#draw();
    this.#close = openPopup(anchor, content, { onClose: () => this.#settle(), wide: true });
    (this.#search ?? this.#box).focus();
  }

  #createBox() {
    const onClick = (event) => {
      const row = event.target.closest('[role="option"]');
      if (row) { this.#active.set(row); this.#pick(row.dataset.value); }
    };
    return element("div", {
      class: "listbox", role: "listbox", tabindex: "0", "aria-label": this.#asked.label,
      "aria-multiselectable": this.#isMany ? "true" : null, on: { click: onClick } });
  }

  #createSearch() {
    return element("input", {
      type: "search", class: "popup__search", placeholder: "Search", "aria-label": `Search: ${this.#asked.label}`,
      autocomplete: "off", on: { input: () => this.#draw() } });
  }

  #createDone() {
    return element("button", { type: "button", class: "button button--primary", on: { click: () => this.#close() } }, "Done");
  }

  #draw() {
    const at = this.#active.node?.dataset.value;
    const shown = this.#asked.options.filter((option) => matches(option, this.#search?.value ?? ""));
    this.#box.replaceChildren(...shown.map((option) =>
      optionNode(option, { isSelected: this.#chosen.includes(option.value), marks: true })));
    if (!shown.length) this.#box.append(element("p", { class: "listbox__none" }, "No results."));
    this.#active.set([...this.#box.children].find((node) => node.dataset.value === at));
    if (!this.#active.node) this.#active.first();
    if (this.#done) this.#done.disabled = this.#chosen.length < this.#asked.min;
  }

  #pick(value) {
    if (this.#isMany) {
      this.#chosen = toggled(this.#chosen, value, this.#asked.max);
      this.#draw();
      return;
    }
    this.#chosen = this.#asked.min === 0 && this.#chosen.includes(value) ? [] : [value];
    this.#close();
    this.#asked.onChoose(this.#chosen);
  }

  #settle() {
    const isFresh = !isSame(this.#chosen, this.#asked.selected);
    if (this.#isMany && isFresh && this.#chosen.length >= this.#asked.min) this.#asked.onChoose(this.#chosen);
  }

  #onKey(event) {
    if (this.#active.key(event)) return;
    const isPick = event.key === "Enter" || (event.key === " " && event.target !== this.#search);
    if (!isPick || event.target === this.#done || !this.#active.node) return;
    event.preventDefault();
    this.#pick(this.#active.node.dataset.value);
  }
}

/**
 * Opens a list at `anchor`. With `max` 1 a choice closes it; otherwise "Done" or leaving it does. `onChoose` gets the
 * values once: any one choice, or several if they changed and are at least `min`.
 */
export function openListbox(anchor, { min = 1, max = 1, searchable = false, ...asked }) {
  return new Listbox(anchor, { min, max, searchable, ...asked });
}
