// What was asked of the bot and not answered yet: presses, commands, modal answers, autocompletes, each by its nonce.

import { freshNonce } from "./model/snowflake.js";

const COMMAND = 2;
const COMPONENT = 3;
const AUTOCOMPLETE = 4;
const MODAL = 5;
const LONGEST_WAIT = 20000;
const SILENCE = "The application did not respond.";

/**
 * Hooks: `send(payload, files)` asks the sandbox; `drawMessage(id)` and `drawWaiting()` draw again what waits or waits
 * no more; `openModal(modal, submit)` opens a form.
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

  /** Sends a command; rejects where the sandbox refuses it, and then nothing is left waiting. */
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

  /** Resolves to the bot's choices for a command being typed. */
  complete(channelId, data) {
    return this.#promised("autocomplete", channelId, { type: AUTOCOMPLETE, data });
  }

  /** Hears an event of the socket; those of other kinds are not its business. */
  handle(type, event) {
    const handlers = {
      INTERACTION_STATE: () => this.#onState(event),
      MODAL: () => this.#onModal(event),
      AUTOCOMPLETE: () => this.#end(event.nonce)?.resolve(event.choices ?? []),
    };
    handlers[type]?.();
  }

  /** Ends the waiting of the command that `message` answers. */
  settle(message) {
    const source = message.interaction_metadata?.id;
    for (const entry of [...this.#open.values()]) {
      const isAnswer = entry.nonce === message.nonce || (source && entry.interactionId === source);
      if (isAnswer && entry.kind === "command") this.#end(entry.nonce);
    }
  }

  /** Forgets a command that failed. */
  forget(nonce) {
    this.#end(nonce);
  }

  /** The ids of a message's components whose press waits for an answer. */
  pendingOf(messageId) {
    return new Set([...this.#open.values()].filter((entry) => entry.messageId === messageId).map((entry) => entry.customId));
  }

  /** Why the last press on a message failed, or null. */
  failure(messageId) {
    return this.#failures.get(messageId) ?? null;
  }

  /** A channel's commands without an answer: {nonce, name, failure}. */
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
