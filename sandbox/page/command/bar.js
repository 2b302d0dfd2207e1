// The message box: messages, replies and commands.

import { element, icon, iconButton, textButton } from "../dom.js";
import { displayName } from "../model/store.js";
import { entriesOf, matching, matchTyped, nearest, usable } from "./catalog.js";
import { CommandForm } from "./form.js";
import { Panel } from "./panel.js";
import { commandText, typedName, valuesOf } from "./typed.js";

const LONGEST = 2000;
const COUNT_FROM = 1800;

/**
 * The composer in `box`. `env`: store, say(channelId, content, reference), run(channelId, data, files, name),
 * complete(channelId, data), drafts(), focusLog() and tell(text).
 */
export class MessageBar {
  #env;
  #channel = null;
  #form = null;
  #replyTo = null;
  #isUnreachable = false;
  #panelNode = element("div", { class: "panel", hidden: true });
  #panel = new Panel(this.#panelNode);
  #trouble = element("p", { class: "composer__trouble", role: "alert" });
  #replying = element("div", { class: "replying", hidden: true });
  #count = element("span", { class: "composer__count", role: "status" });
  #text;
  #send;

  constructor(box, env) {
    this.#env = env;
    this.#text = element("textarea", {
      class: "composer__text", id: "message-box", rows: 1, enterkeyhint: "send", autocomplete: "off",
      "aria-autocomplete": "list", "aria-controls": "command-panel",
      on: {
        input: () => this.#onInput(), keydown: (event) => this.#onKey(event), focus: () => this.#suggest(),
        blur: () => { if (!this.#form) this.#panel.hide(); },
      },
    });
    this.#send = iconButton("send", "Send", () => (this.#form ? this.#form.submit() : this.#sendText()),
      { class: "icon-button composer__send" });
    box.append(this.#replying, this.#trouble, element("div", { class: "composer__row" },
      iconButton("apps", "Commands", () => this.#startCommand(), { class: "icon-button composer__apps" }),
      this.#text, this.#count, this.#send), this.#panelNode);
    box.addEventListener("paste", (event) => {
      if (this.acceptFiles(event.clipboardData.files)) event.preventDefault();
    });
  }

  /** Opens `channel` with its draft. */
  show(channel) {
    this.keep();
    this.#channel = channel;
    const draft = this.#env.drafts().get(channel.id);
    const entry = draft.command && this.#entries().find(({ name }) => name === draft.command);
    this.reply(null);
    this.#close(draft.text ?? "");
    if (entry) this.#open(entry, draft.values);
    else if (draft.command) this.#close([`/${draft.command}`, ...Object.values(draft.values)].filter(Boolean).join(" "));
    this.#panel.hide();
    const places = { dm: `@${displayName(this.#env.store.bot)}`, thread: `“${channel.name}”` };
    const place = places[channel.kind] ?? `#${channel.name}`;
    this.#text.setAttribute("aria-label", `Message ${place}`);
    this.#text.placeholder = `Message ${place}, or / for commands`;
  }

  /** Saves the channel's draft. */
  keep() {
    if (!this.#channel) return;
    const form = this.#form;
    this.#env.drafts().set(this.#channel.id,
      form ? { command: form.entry.name, values: form.values() } : { text: this.#text.value });
    if (form) this.#env.drafts().keepFiles(this.#channel.id, form.files());
  }

  /** Saves the draft and closes the channel. */
  leave() {
    this.keep();
    this.#channel = null;
  }

  focus() {
    (this.#form ?? this.#text).focus();
  }

  /** Updates the suggestions after the commands changed, while the box has the focus. */
  renew() {
    if (this.#channel && document.activeElement === this.#text) this.#suggest();
  }

  /** Removes the error of a request that could not reach the sandbox, once it is back. */
  recover() {
    if (this.#isUnreachable) this.#say(null);
  }

  /** Replies to `message` with the next message; null cancels. */
  reply(message) {
    this.#replyTo = message;
    this.#replying.hidden = !message;
    if (!message) return;
    this.#replying.replaceChildren(icon("reply"),
      element("span", {}, "Replying to ", element("b", {}, displayName(message.author))),
      iconButton("close", "Cancel reply", () => { this.reply(null); this.#text.focus(); }));
    if (this.#form) this.#close(this.#form.words());
    this.#text.focus();
  }

  /** Opens the command of that name with the words that are in the box. */
  tryCommand(name) {
    const entry = this.#entries().find((each) => each.name === name);
    if (!entry) this.#sayNoCommands();
    else if (this.#form?.entry.name === name) this.#form.focus();
    else this.#begin(entry, this.#form?.words() ?? this.#plainWords());
  }

  /** Adds files to the open command; true if there were any. */
  acceptFiles(files) {
    if (!files.length || !this.#channel) return false;
    const taken = [...files].filter((file) => this.#form?.acceptFile(file));
    if (!taken.length) this.#env.notify("To upload a file, type / and choose a command with a file option.");
    return true;
  }

  #entries() {
    return usable(entriesOf(this.#env.store.commands), this.#channel, this.#env.store.me);
  }

  #say(words, ...actions) {
    this.#isUnreachable = false;
    this.#trouble.replaceChildren(...[words, ...actions].filter(Boolean));
  }

  #sayError(error) {
    this.#say(error.message);
    this.#isUnreachable = error.status === 0;
  }

  #sayNoCommands() {
    this.#say(`${displayName(this.#env.store.bot)} has no commands here yet. They appear once the bot has started.`);
  }

  /** The words in the box, without the name of a command. */
  #plainWords() {
    const typed = commandText(this.#text.value);
    if (typed) return typed.slice(typedName(typed).length + 1).trim();
    return this.#text.value.trim() === "/" ? "" : this.#text.value;
  }

  /** [entry, words] of the command that is written in the box, or null. */
  #spelled(text) {
    const typed = commandText(text);
    return typed && matchTyped(this.#entries(), typed);
  }

  #suggest() {
    if (this.#form) return;
    const { value } = this.#text;
    if (!value.startsWith("/") || value.includes("\n")) { this.#panel.hide(); return; }
    const found = matching(this.#entries(), value.slice(1));
    this.#panel.showEntries(found, this.#text, (entry) => this.#begin(entry));
  }

  #measure() {
    const { length } = this.#text.value;
    this.#count.textContent = length > COUNT_FROM ? String(LONGEST - length) : "";
    this.#count.classList.toggle("composer__count--over", length > LONGEST);
    this.#send.hidden = !this.#form && !this.#text.value.trim();
  }

  #onInput() {
    this.#say(null);
    const spelled = this.#spelled(this.#text.value);
    if (spelled) { this.#begin(...spelled); return; }
    this.#suggest();
    this.#measure();
    this.keep();
  }

  #begin(entry, words = "") {
    this.#open(entry, valuesOf(entry, words));
    this.#form.focus();
  }

  #open(entry, values) {
    const hooks = {
      say: (words, ...actions) => this.#say(words, ...actions),
      changed: () => this.keep(),
      complete: (data) => this.#env.complete(this.#channel.id, data),
      leave: (words) => { this.#close(words); this.#text.focus(); this.#suggest(); },
      submit: (data, files) => this.#run(data, files),
    };
    this.#form?.node.remove();
    this.#form = new CommandForm(entry, { store: this.#env.store, panel: this.#panel, hooks });
    this.#form.fill(values, this.#env.drafts().files(this.#channel.id));
    this.#text.after(this.#form.node);
    this.#text.hidden = true;
    this.#text.value = "";
    this.#measure();
    this.keep();
  }

  #close(words) {
    this.#form?.node.remove();
    this.#form = null;
    this.#panel.hide();
    this.#say(null);
    this.#text.hidden = false;
    this.#text.value = words;
    this.#measure();
    this.keep();
  }

  async #run(data, files) {
    const form = this.#form;
    const channelId = this.#channel.id;
    try {
      await this.#env.run(channelId, data, files, form.entry.name);
    } catch (error) {
      this.#sayError(error);
      return;
    }
    this.#env.drafts().clear(channelId);
    if (this.#form === form) { this.#close(""); this.#text.focus(); }
  }

  // A command whose list was closed opens; for an unknown one, the member says what they meant.
  #sendCommand(words) {
    const spelled = this.#spelled(`${words} `);
    if (spelled) { this.#begin(spelled[0], spelled[1].trimEnd()); return; }
    const name = typedName(words);
    const rest = commandText(words).slice(name.length + 1).trim();
    const near = nearest(this.#entries(), name);
    this.#panel.hide();
    this.#say(`There is no command /${name} here. `,
      near ? textButton(`Use /${near.name}`, () => this.#begin(near, rest)) : textButton("See the commands", () => this.#offer(rest)),
      textButton("Send as a message", () => this.#sendText({ onPurpose: true })));
  }

  async #sendText({ onPurpose = false } = {}) {
    const words = this.#text.value.trim();
    const channelId = this.#channel.id;
    if (!words) return;
    if (!onPurpose && commandText(words)) { this.#sendCommand(words); return; }
    if (words.length > LONGEST) { this.#say(`Your message is too long: ${words.length} of ${LONGEST} characters.`); return; }
    try {
      await this.#env.say(channelId, words, this.#replyTo?.id);
    } catch (error) {
      this.#sayError(error);
      return;
    }
    this.#env.drafts().clear(channelId);
    if (this.#channel?.id !== channelId) return;
    this.#close("");
    this.reply(null);
  }

  // Each returns true if it handled the key.
  #keys = {
    Enter: (event) => {
      if (event.shiftKey) return false;
      if (!this.#panel.take()) this.#sendText();
      return true;
    },
    Tab: (event) => !event.shiftKey && this.#panel.take(),
    Escape: () => {
      const uses = this.#panel.isOpen || this.#replyTo;
      if (this.#panel.isOpen) this.#panel.hide();
      else this.reply(null);
      return Boolean(uses);
    },
    ArrowUp: () => {
      if (this.#text.value) return false;
      this.#env.focusLog();
      return true;
    },
  };

  #onKey(event) {
    if (event.isComposing) return;
    if (this.#panel.move(event) || this.#keys[event.key]?.(event)) event.preventDefault();
  }

  #startCommand() {
    if (this.#form) return;
    const words = this.#plainWords();
    if (!this.#text.value) this.#text.value = "/";
    if (words) this.#offer(words);
    else { this.#text.focus(); this.#onInput(); }
  }

  /** Shows every command; the chosen one opens with `words`. */
  #offer(words) {
    this.#text.focus();
    this.#panel.showEntries(this.#entries(), this.#text, (entry) => this.#begin(entry, words));
  }
}
