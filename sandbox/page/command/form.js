// The form of one command: its name, required options, and optional ones on request.

import { element, freshId, iconButton, isCaretAt, textButton } from "../dom.js";
import { createField, isFile } from "./fields.js";
import { autocompleteData, commandData } from "./payload.js";
import { firstOption, splitNamed, wordsOf } from "./typed.js";

const PAUSE = 120;
const REMOVE = { class: "icon-button slot__remove", tabindex: "-1" };

/**
 * The form for `entry`. Hooks: `leave(text)`, `submit(data, files)` (resolves once settled), `complete(data)`,
 * `say(words, ...actions)` and `changed()`.
 */
export class CommandForm {
  #store;
  #panel;
  #hooks;
  #fields = [];
  #active = null;
  // Those that Tab opened: an empty one closes when Tab goes on.
  #isByTab = new WeakSet();
  // Those that were removed with words or a file, by their option.
  #removed = new Map();
  #questions = 0;
  #timer = null;
  #places = element("div", { class: "form__places" });
  #name;
  #bare;

  constructor(entry, { store, panel, hooks }) {
    this.entry = entry;
    this.#store = store;
    this.#panel = panel;
    this.#hooks = hooks;
    this.#name = element("span", {
      class: "form__name", tabindex: "-1", id: freshId("form"),
      on: { keydown: (event) => this.#onBareKey(event), focusin: () => this.#showBare() },
    }, `/${entry.name}`);
    // Takes the role of a field if the command has no options.
    this.#bare = { control: this.#name, text: () => "", isList: false, focus: () => this.#name.focus() };
    this.node = element("div", { class: "form", role: "group", "aria-label": `/${entry.name}` }, this.#name, this.#places,
      iconButton("close", "Cancel command", () => hooks.leave(this.words()), { class: "icon-button form__leave" }));
  }

  /** Shows every required option, and each whose text is in `values` or whose file is in `files`. */
  fill(values, files) {
    for (const option of this.entry.options) {
      const given = (isFile(option) ? files : values)[option.name];
      if (option.required || given) this.#add(option).fill(given ?? "");
    }
  }

  /** The text of every option that is not a file. */
  values() {
    const typed = this.#fields.filter((field) => !field.isFile);
    return Object.fromEntries(typed.map((field) => [field.option.name, field.text()]));
  }

  /** The file of every option that takes one; undefined without one. */
  files() {
    return Object.fromEntries(this.entry.options.filter(isFile).map((each) => [each.name, this.#fieldOf(each)?.value()]));
  }

  /** What was typed, as one text. */
  words() {
    return wordsOf(this.entry, this.values());
  }

  /** Focuses the first invalid field, else the last one. */
  focus() {
    (this.#wrongField() ?? this.#fields.at(-1) ?? this.#bare).focus();
  }

  /** Adds `file` to an empty attachment option; false if there is none. */
  acceptFile(file) {
    const empty = this.#fields.find((field) => field.isFile && !field.value());
    const option = this.#rest().find(isFile);
    const target = empty ?? (option && this.#add(option));
    target?.accept(file);
    target?.focus();
    return Boolean(target);
  }

  /** Sends the command, or shows the first error and focuses its field. */
  async submit() {
    if (this.node.hasAttribute("aria-busy")) return;
    const wrong = this.#wrongField();
    if (wrong) {
      wrong.focus();
      wrong.node.classList.add("slot--wrong");
      this.#hooks.say(`${wrong.option.name}: ${wrong.problem()}`);
      return;
    }
    const { data, files } = commandData(this.entry, this.#fields);
    this.node.setAttribute("aria-busy", "true");
    await this.#hooks.submit(data, files);
    this.node.removeAttribute("aria-busy");
  }

  #wrongField() {
    return this.#fields.find((field) => field.problem());
  }

  #rest() {
    return this.entry.options.filter((option) => !this.#fieldOf(option));
  }

  #next(field, step) {
    return this.#fields[this.#fields.indexOf(field) + step];
  }

  #add(option) {
    const field = createField(option, {
      store: this.#store,
      complete: (asking) => this.#hooks.complete(autocompleteData(this.entry, this.#fields, asking)),
      onChange: () => this.#changed(),
    });
    this.#insert(field);
    field.node.addEventListener("focusin", () => this.#activate(field));
    field.node.addEventListener("keydown", (event) => this.#onKey(event, field));
    field.control.addEventListener("input", (event) => {
      if (!event.isComposing) this.#spread(field);
      this.#changed();
    });
    if (!option.required) field.node.append(iconButton("close", `Remove ${option.name}`, () => this.#drop(field), REMOVE));
    return field;
  }

  #insert(field) {
    const { options } = this.entry;
    this.#fields.push(field);
    this.#fields.sort((a, b) => options.indexOf(a.option) - options.indexOf(b.option));
    const following = this.#next(field, 1);
    this.#places.insertBefore(field.node, following?.node ?? null);
  }

  /** Moves the words after an option's name in `field` to that option, and focuses the last one: "a fox negative: blue". */
  #spread(field, rules) {
    if (field.isFile) return;
    const isStart = field.text().trimStart().toLowerCase().startsWith(`${field.option.name}:`);
    const free = this.entry.options.filter((option) => (option === field.option ? isStart : !this.#fieldOf(option)?.text()));
    const { own, named } = splitNamed(field.text(), free, rules);
    if (!named.length) return;
    field.fill(own);
    let last = field;
    for (const [option, words] of named) {
      last = this.#fieldOf(option) ?? this.#add(option);
      last.fill(words);
    }
    last.focus();
  }

  #fieldOf(option) {
    return this.#fields.find((field) => field.option === option);
  }

  #drop(field) {
    const neighbour = this.#next(field, -1) ?? this.#next(field, 1) ?? this.#bare;
    this.#remove(field);
    neighbour.focus();
    this.#changed();
    if (!field.text().trim()) return;
    this.#removed.set(field.option, field);
    this.#hooks.say(`${field.option.name} was removed. `, textButton("Undo", () => this.#reopen(field.option)));
  }

  /** Shows `option` with what it held when it was removed. */
  #reopen(option) {
    const removed = this.#removed.get(option);
    this.#remove(this.#fieldOf(option));
    if (removed) this.#insert(removed);
    (removed ?? this.#add(option)).focus();
    this.#changed();
  }

  #remove(field) {
    this.#fields = this.#fields.filter((other) => other !== field);
    field?.node.remove();
  }

  #changed() {
    this.#hooks.say(null);
    for (const field of this.#fields) field.node.classList.remove("slot--wrong");
    this.#hooks.changed();
    if (!this.#active) return;
    clearTimeout(this.#timer);
    if (this.#active.option.autocomplete) this.#timer = setTimeout(() => this.#suggest(this.#active), PAUSE);
    else this.#suggest(this.#active); // Before the next key, however fast it comes: Tab takes from the list.
  }

  #activate(field) {
    this.#active = field;
    this.#suggest(field);
  }

  async #suggest(field) {
    this.#questions += 1;
    const question = this.#questions;
    const isCurrent = () => question === this.#questions && this.#active === field && this.node.isConnected;
    if (!field.isList) { this.#show(field, []); return; }
    try {
      const suggestions = await field.suggest();
      if (isCurrent()) this.#show(field, suggestions);
    } catch (error) {
      if (isCurrent()) this.#hooks.say(`Could not load suggestions: ${error.message}`);
    }
  }

  #show(field, suggestions) {
    this.#panel.showField({ entry: this.entry, field, rest: this.#rest(), suggestions }, {
      onPick: (picked, choice) => this.#pick(picked, choice),
      onAdd: (option) => this.#reopen(option),
    });
  }

  #showBare() {
    this.#active = null;
    this.#show(null, []);
  }

  #pick(field, choice) {
    field.choose(choice);
    this.#hooks.changed();
    const following = this.#next(field, 1);
    if (following) following.focus();
    else this.#show(field, []);
  }

  #onBareKey(event) {
    const uses = {
      Enter: () => this.submit(),
      Escape: () => this.#hooks.leave(this.words()),
      Backspace: () => this.#hooks.leave(this.words() || `/${this.entry.name}`),
    };
    if (uses[event.key]) {
      event.preventDefault();
      uses[event.key]();
    } else this.#beginWith(event);
  }

  // Of a command whose options are all optional: what is typed after its name goes into the first one.
  #beginWith(event) {
    const option = firstOption(this.entry);
    const isTyped = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (option && isTyped && !this.#fields.length) this.#add(option).focus();
  }

  // Each returns true if it handled the key.
  #keys = {
    Enter: (field) => {
      if (field.isList && this.#panel.take()) return true;
      this.#spread(field, { isFinal: true });
      this.submit();
      return true;
    },
    Tab: (field, event) => this.#tab(field, event.shiftKey),
    Escape: (field) => {
      if (this.#panel.hasActive) this.#panel.hide();
      else this.#hooks.leave(this.words());
      return true;
    },
    Backspace: (field) => {
      if (field.text() || !isCaretAt(field.control, false)) return false;
      if (!field.option.required) this.#drop(field);
      else if (this.words()) return false;
      else this.#hooks.leave(`/${this.entry.name}`);
      return true;
    },
    ArrowRight: (field) => this.#cross(field, 1),
    ArrowLeft: (field) => this.#cross(field, -1),
  };

  // To the next option; after the last one that is shown, the following one opens. At the end, Tab leaves the form.
  #tab(field, isBack) {
    if (!isBack && field.isList && this.#panel.hasActive) {
      field.choose(this.#panel.active);
      this.#hooks.changed();
    } else this.#spread(field, { isFinal: true });
    if (this.#active !== field) return true;
    const target = this.#next(field, isBack ? -1 : 1) ?? (isBack ? null : this.#openAfter(field));
    target?.focus();
    if (target && this.#isByTab.has(field) && !field.text().trim()) this.#remove(field);
    return Boolean(target);
  }

  #openAfter({ option }) {
    const { options } = this.entry;
    const following = options.slice(options.indexOf(option) + 1).find((each) => !this.#fieldOf(each));
    if (!following) return null;
    const field = this.#add(following);
    this.#isByTab.add(field);
    return field;
  }

  #cross(field, step) {
    const other = this.#next(field, step);
    if (!other || !isCaretAt(field.control, step > 0)) return false;
    other.focus();
    return true;
  }

  #onKey(event, field) {
    const isTheirs = event.target !== field.control;
    if (isTheirs || event.isComposing || (event.key === "Enter" && (event.shiftKey || field.isFile))) return;
    if (this.#panel.move(event) || this.#keys[event.key]?.(field, event)) event.preventDefault();
  }
}
