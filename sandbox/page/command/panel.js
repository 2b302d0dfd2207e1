// The panel above the message box: commands to choose from, or the hint and suggestions of the active option.

import { element } from "../dom.js";
import { ActiveOption, optionNode } from "../overlay/options.js";

function optionsText(entry) {
  return entry.options.map((option) => (option.required ? option.name : `${option.name}?`)).join("  ");
}

function entryRow(entry) {
  return { value: entry.name, label: `/${entry.name}`, description: entry.description, lead: optionsText(entry), pick: entry };
}

function choiceRow(choice) {
  return { ...choice, value: String(choice.value), pick: choice };
}

function hint(entry, field) {
  return element("div", { class: "panel__hint" },
    element("span", { class: "panel__command" }, `/${entry.name}`),
    element("span", { class: "panel__about" }, field
      ? [element("b", {}, field.option.name), " ", field.option.description, field.option.required ? "" : " (optional)"]
      : entry.description));
}

function moreOptions(rest, onAdd) {
  if (!rest.length) return null;
  return element("div", { class: "panel__more", role: "group", "aria-label": "More options" },
    element("span", { class: "panel__more-label" }, "More options"),
    rest.map((option) => element("button", {
      type: "button", class: "panel__add", title: option.description, data: { addOption: option.name },
      on: { click: () => onAdd(option) } }, `+ ${option.name}`)));
}

/** The panel in `node`: one list at a time; the focused control's aria-activedescendant follows the active row. */
export class Panel {
  #node;
  #list = element("div", { class: "listbox", role: "listbox", id: "command-panel" });
  #active = null;
  #rows = [];
  #onPick = null;

  constructor(node) {
    this.#node = node;
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => {
      const row = event.target.closest('[role="option"]');
      if (row) { this.#active.set(row); this.take(); }
    });
  }

  get isOpen() { return !this.#node.hidden; }

  get hasActive() { return this.isOpen && !this.#list.hidden && Boolean(this.#active?.node); }

  /** What the active row stands for. */
  get active() { return this.#rows[[...this.#list.children].indexOf(this.#active.node)].pick; }

  /** Shows commands; the first is active, so that Enter selects it. */
  showEntries(entries, holder, onPick) {
    this.#list.setAttribute("aria-label", "Commands");
    this.#fill(entries.map(entryRow), holder, onPick);
    this.#active.first();
    this.#node.replaceChildren(this.#list);
    this.#node.hidden = !entries.length;
  }

  /** Shows the hint of `field` (or of the command), its suggestions and the unused options. */
  showField({ entry, field, rest, suggestions }, { onPick, onAdd }) {
    this.#list.setAttribute("aria-label", field ? `Suggestions for ${field.option.name}` : "Suggestions");
    this.#fill(suggestions.map(choiceRow), field?.control, (choice) => onPick(field, choice));
    if (field?.text().trim() && field.problem()) this.#active.first();
    this.#node.replaceChildren(hint(entry, field), this.#list, ...[moreOptions(rest, onAdd)].filter(Boolean));
    this.#node.hidden = false;
  }

  hide() {
    this.#node.hidden = true;
    this.#active?.set(null);
  }

  /** Selects the active row; false if there is none. */
  take() {
    if (!this.hasActive) return false;
    this.#onPick(this.active);
    return true;
  }

  /** Moves by arrow keys; true if it handled the key. */
  move(event) {
    return this.isOpen && !this.#list.hidden && this.#active.key(event);
  }

  #fill(rows, holder, onPick) {
    this.#active?.set(null);
    this.#rows = rows;
    this.#onPick = onPick;
    this.#list.replaceChildren(...rows.map((row) => optionNode(row)));
    this.#list.hidden = !rows.length;
    this.#active = new ActiveOption(this.#list, holder ?? this.#list);
  }
}
