// Pending interactions by nonce: component presses, commands, modal submissions and autocompletes.

import { freshNonce } from "./model/snowflake.js";

const COMMAND = 2;
const COMPONENT = 3;
const AUTOCOMPLETE = 4;
const MODAL = 5;
const LONGEST_WAIT = 20000;
const SILENCE = "The application did not respond.";

/**
* Hooks: `send(payload, files)` sends an interaction; `drawMessage(id)` and `drawWaiting()` redraw what is pending;
* `openModal(modal, submit)` opens a modal.
 */
export class Interactions {
  #hooks;
  #open = new Map();
  #failures = new Map();

  constructor(hooks) {
    this.#hooks = hooks;
  }

  /** Presses a message's component. */
  async press(message, component, values) {
    this.#failures.delete(message.id);
    const nonce = this.#start({
      kind: "press", messageId: message.id, customId: component.custom_id, channelId: message.channel_id,
      draw: () => this.#hooks.drawMessage(message.id),
      onFail: (entry, reason) => { this.#failures.set(message.id, reason); this.#end(entry.nonce); },
    });
    const data = {
      message_id: message.id, custom_id: component.custom_id, component_type: component.type, ...(values && { values }) };
    try {
      await this.#ask(nonce, { channel_id: message.channel_id, type: COMPONENT, data });
    } catch (error) {
      this.#fail(nonce, error.message);
    }
  }

  /** Sends a command; rejects if the sandbox refuses it. */
  async run(channelId, data, files, name) {
    const nonce = this.#start({
      kind: "command", channelId, name, draw: this.#hooks.drawWaiting,
      onFail: (entry, reason) => { entry.failure = reason; this.#hooks.drawWaiting(); },
    });
    try {
      await this.#ask(nonce, { channel_id: channelId, type: COMMAND, data }, files);
    } catch (error) {
      this.#end(nonce);
      throw error;
    }
  }

  /** Resolves to the bot's autocomplete choices. */
  complete(channelId, data) {
    return this.#promised("autocomplete", channelId, { type: AUTOCOMPLETE, data });
  }

  /** Handles an event of the socket and ignores other types. */
  handle(type, event) {
    const handlers = {
      INTERACTION_STATE: () => this.#onState(event),
      MODAL: () => this.#onModal(event),
      AUTOCOMPLETE: () => this.#end(event.nonce)?.resolve(event.choices ?? []),
    };
    handlers[type]?.();
  }

  /** Completes the pending command that `message` responds to. */
  settle(message) {
    const source = message.interaction_metadata?.id;
    for (const entry of [...this.#open.values()]) {
      const isAnswer = entry.nonce === message.nonce || (source && entry.interactionId === source);
      if (isAnswer && entry.kind === "command") this.#end(entry.nonce);
    }
  }

  /** Forgets why presses failed, once the sandbox is back or the bot answers again. */
  recover() {
    const ids = [...this.#failures.keys()];
    this.#failures.clear();
    for (const id of ids) this.#hooks.drawMessage(id);
  }

  /** Removes a failed command. */
  forget(nonce) {
    this.#end(nonce);
  }

  /** The custom ids of a message's components with a pending press. */
  pendingOf(messageId) {
    return new Set([...this.#open.values()].filter((entry) => entry.messageId === messageId).map((entry) => entry.customId));
  }

  /** Why the last press on a message failed, or null. */
  failure(messageId) {
    return this.#failures.get(messageId) ?? null;
  }

  /** A channel's commands without a response: {nonce, name, failure}. */
  waitingIn(channelId) {
    return [...this.#open.values()].filter((entry) => entry.kind === "command" && entry.channelId === channelId);
  }

  #start(entry) {
    const nonce = freshNonce();
    const timer = setTimeout(() => this.#fail(nonce, SILENCE), LONGEST_WAIT);
    this.#open.set(nonce, { ...entry, nonce, timer });
    entry.draw?.();
    return nonce;
  }

  #end(nonce) {
    const entry = this.#open.get(nonce);
    if (!entry) return null;
    clearTimeout(entry.timer);
    this.#open.delete(nonce);
    entry.draw?.();
    return entry;
  }

  #fail(nonce, reason) {
    const entry = this.#open.get(nonce);
    if (!entry || entry.failure) return;
    clearTimeout(entry.timer);
    entry.onFail(entry, reason || SILENCE);
  }

  async #ask(nonce, payload, files) {
    const answer = await this.#hooks.send({ ...payload, nonce }, files);
    const entry = this.#open.get(nonce);
    if (entry) entry.interactionId = answer?.interaction_id;
  }

  #promised(kind, channelId, payload, files) {
    return new Promise((resolve, reject) => {
      const onFail = (entry, reason) => { this.#end(entry.nonce); reject(new Error(reason)); };
      const nonce = this.#start({ kind, channelId, resolve, onFail });
      this.#ask(nonce, { channel_id: channelId, ...payload }, files).catch((error) => this.#fail(nonce, error.message));
    });
  }

  #onState({ nonce, state, reason }) {
    if (state === "failed") this.#fail(nonce, reason);
    if (state === "acknowledged") this.recover();
    const isDone = state === "acknowledged" && this.#open.get(nonce)?.kind !== "autocomplete";
    if (isDone) this.#end(nonce)?.resolve?.();
  }

  #onModal({ nonce, interaction_id: interactionId, modal }) {
    const source = this.#end(nonce);
    if (!source) return;
    this.#hooks.openModal(modal, (components, files) => this.#promised("modal", source.channelId, {
      type: MODAL, data: { interaction_id: interactionId, custom_id: modal.custom_id, components },
    }, files));
  }
}
