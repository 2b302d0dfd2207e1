// The scrolling message list of one channel: keyed nodes, dividers, history, pending commands.

import { element } from "../dom.js";
import { has } from "../model/messages.js";
import { isLater } from "../model/snowflake.js";
import { isSameDay } from "../text/times.js";
import { navigateByKeys } from "./keys.js";
import { createScroll } from "./scroll.js";
import { MessageView } from "./view.js";
import { drawWaiting } from "./waiting.js";
import { drawWelcome } from "./welcome.js";

const STEP = 50;
const GROUP_FOR = 7 * 60 * 1000;
const REPLY_TYPES = new Set([19, 20]);

function continues(message, previous) {
  if (!previous || previous.author.id !== message.author.id) return false;
  if (has(message, "ephemeral") || has(previous, "ephemeral")) return false;
  if (REPLY_TYPES.has(message.type) || message.message_reference || message.interaction_metadata) return false;
  return new Date(message.timestamp) - new Date(previous.timestamp) < GROUP_FOR;
}

function marksOf(message, previous, firstNew) {
  const date = new Date(message.timestamp);
  const isNewDay = !previous || !isSameDay(date, new Date(previous.timestamp));
  const isNew = message.id === firstNew;
  return { day: isNewDay ? date : null, isNew, grouped: !isNewDay && !isNew && continues(message, previous) };
}

/** Lives in `box`. `hooks`: `loadOlder(channelId)` resolves once older messages are in the store; `onPin` as it says. */
export class MessageLog {
  #box;
  #jump;
  #env;
  #hooks;
  #scroll;
  #welcome = element("div", { class: "welcome" });
  #list = element("div", { class: "log__messages" });
  #waiting = element("div", { class: "log__waiting" });
  #views = new Map();
  #channel = null;
  #firstNew = null;
  #oldest = null;
  #isLoading = false;
  // What arrived below the view: new messages, and pictures of older ones.
  #unseen = new Set();

  constructor(box, jump, env, hooks) {
    this.#box = box;
    this.#jump = jump;
    this.#env = env;
    this.#hooks = hooks;
    const inner = element("div", { class: "log__inner" }, this.#welcome, this.#list, this.#waiting);
    box.append(inner);
    this.#scroll = createScroll(box, inner, { onTop: () => this.#older(), onPin: (pinned) => this.#onPin(pinned) });
    jump.addEventListener("click", this.#scroll.toEnd);
    navigateByKeys(box, this.#list);
  }

  get isPinned() { return this.#scroll.isPinned(); }

  /** Shows `channel`, with a divider before `firstNew`. */
  show(channel, firstNew) {
    this.#channel = channel;
    this.#firstNew = firstNew;
    this.#oldest = this.#startOf(firstNew);
    this.#views.clear();
    this.#list.replaceChildren();
    this.#box.setAttribute("aria-label", `Messages in ${channel.name}`);
    this.#box.setAttribute("aria-live", "off");
    this.sync();
    this.drawWaiting();
    this.toEnd();
    this.#unseen.clear();
    this.#jump.hidden = true;
    this.#fillUp();
    requestAnimationFrame(() => this.#box.setAttribute("aria-live", "polite"));
  }

  /** Updates the list to the store's messages, changing only what differs. */
  sync() {
    const wanted = this.#wanted();
    const ids = new Set(wanted.map((message) => message.id));
    for (const [id, { node }] of this.#views) {
      if (!ids.has(id)) { node.remove(); this.#views.delete(id); }
    }
    let place = this.#list.firstChild;
    for (const message of wanted) {
      const node = this.#nodeOf(message);
      if (node === place) place = place.nextSibling;
      else this.#list.insertBefore(node, place);
    }
    this.#mark();
  }

  /** Shows a message that has just arrived. */
  add(message) {
    this.sync();
    this.#count(message);
  }

  /** Shows an edited message, and its words above the answers to it; its first pictures count as news. */
  update(message, old) {
    this.#views.get(message.id)?.update(message);
    for (const view of this.#views.values()) {
      if (view.message.message_reference?.message_id === message.id) view.update(view.message);
    }
    if (old.attachments?.length || !message.attachments?.length) return;
    this.#count(message);
    if (this.#isBeforeWhispers(message)) this.#scroll.showAbove(this.#views.get(message.id).node);
  }

  /** Redraws a message after a change outside it, such as a pending press. */
  refresh(id) {
    const view = this.#views.get(id);
    view?.update(view.message);
  }

  /** Removes a message; its focus moves to a neighbour. */
  remove(message) {
    const node = this.#views.get(message.id)?.node;
    if (!node) return;
    const neighbour = node.nextElementSibling ?? node.previousElementSibling;
    if (node.contains(document.activeElement)) neighbour?.focus();
    this.#scroll.still(() => this.sync());
  }

  drawWaiting() {
    if (!this.#channel) return;
    const entries = this.#env.waitingIn(this.#channel.id);
    this.#waiting.replaceChildren(...entries.map((entry) => drawWaiting(entry, this.#env)));
  }

  /** Scrolls to a message and focuses it; false if it is not loaded. */
  reveal(id) {
    if (this.#env.store.find(this.#channel.id, id) && !this.#views.has(id)) this.#reachBackTo(id);
    const node = this.#views.get(id)?.node;
    if (!node) return false;
    this.#scroll.reveal(node);
    node.focus({ preventScroll: true });
    node.classList.remove("message--found");
    requestAnimationFrame(() => node.classList.add("message--found"));
    return true;
  }

  toEnd() {
    this.#scroll.toEnd();
  }

  focus() {
    (this.#list.lastElementChild ?? this.#box).focus();
  }

  // An opened channel draws only its newest messages; older known ones are drawn on scrolling up.
  #startOf(firstNew) {
    const messages = this.#env.store.log(this.#channel.id);
    const from = messages.at(-STEP)?.id ?? null;
    return from && firstNew && isLater(from, firstNew) ? firstNew : from;
  }

  #wanted() {
    return this.#env.store.log(this.#channel.id).filter(({ id }) => !this.#oldest || !isLater(this.#oldest, id));
  }

  #hidden() {
    return this.#env.store.log(this.#channel.id).filter(({ id }) => this.#oldest && isLater(this.#oldest, id));
  }

  #reachBackTo(id) {
    this.#oldest = id;
    this.#scroll.still(() => this.sync());
  }

  #nodeOf(message) {
    const known = this.#views.get(message.id);
    if (known) {
      if (known.message !== message) known.update(message);
      return known.node;
    }
    const view = new MessageView(message, this.#env);
    this.#views.set(message.id, view);
    return view.node;
  }

  #mark() {
    let previous = null;
    for (const message of this.#wanted()) {
      this.#views.get(message.id).lead(marksOf(message, previous, this.#firstNew));
      previous = message;
    }
    this.drawWelcome();
  }

  /** Draws what stands above the oldest message. */
  drawWelcome() {
    const isComplete = !this.#hidden().length && this.#env.store.isComplete(this.#channel.id);
    this.#welcome.replaceChildren(...(isComplete
      ? drawWelcome(this.#channel, this.#env)
      : [element("p", { class: "older" }, "Loading older messages…")]));
  }

  // Whether only messages for this member alone follow: a long one would hide the pictures that were waited for.
  #isBeforeWhispers(message) {
    const wanted = this.#wanted();
    const after = wanted.slice(wanted.findIndex(({ id }) => id === message.id) + 1);
    return after.length > 0 && after.length < wanted.length && after.every((later) => has(later, "ephemeral"));
  }

  #onPin(pinned) {
    this.#jump.hidden = pinned;
    if (pinned) this.#unseen.clear();
    this.#labelJump();
    if (pinned) this.#hooks.onPin();
  }

  #count({ id }) {
    const node = this.#views.get(id)?.node;
    if (this.#scroll.isPinned() || !node || !this.#scroll.isBelow(node)) return;
    this.#unseen.add(id);
    this.#labelJump();
  }

  #labelJump() {
    const count = this.#unseen.size;
    this.#jump.classList.toggle("jump--news", count > 0);
    this.#jump.textContent = count ? `${count} new ${count === 1 ? "message" : "messages"} · Jump to present` : "Jump to present";
  }

  // Without overflow there is no scrolling, so history loads until the log is full.
  async #fillUp() {
    const before = this.#env.store.log(this.#channel.id).length;
    if (!this.#scroll.hasRoom()) return;
    await this.#older();
    if (this.#env.store.log(this.#channel.id).length > before) await this.#fillUp();
  }

  async #older() {
    const channel = this.#channel;
    if (this.#isLoading || !channel) return;
    const hidden = this.#hidden();
    if (hidden.length) { this.#reachBackTo((hidden.at(-STEP) ?? hidden[0]).id); return; }
    if (this.#env.store.isComplete(channel.id)) return;
    this.#oldest = null;
    this.#isLoading = true;
    this.#box.setAttribute("aria-busy", "true");
    try {
      await this.#hooks.loadOlder(channel.id);
      if (channel === this.#channel) this.#scroll.still(() => this.sync());
    } finally {
      this.#isLoading = false;
      this.#box.removeAttribute("aria-busy");
    }
  }
}
