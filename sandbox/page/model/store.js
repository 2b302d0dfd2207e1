// Everything that one member can see: members, channels, messages, commands. Each change is reported
// to the listener as {kind, ...}.

import { PAGE, mergeFresh, insertMessage, applyReaction } from "./messages.js";

const MESSAGE_COMMAND = 3;
const EMPTY = { me: null, bot: null, guild: null, members: [], channels: [], commands: [] };

function identified(snapshot) {
  const id = snapshot.me?.id ?? snapshot.me;
  const me = { ...snapshot.me, ...snapshot.members.find((member) => member.id === id) };
  return { ...EMPTY, ...snapshot, me };
}

/** The display name of a user or member object. */
export function displayName(user) {
  return user?.global_name || user?.username || "Unknown user";
}

/**
* Reports to its listener: start, catch-up, add {message}, update {message, old}, remove {message}, channels, commands and
 * typing {channelId, userId}.
 */
export class Store {
  #known = EMPTY;
  #logs = new Map();
  #complete = new Set();
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
  }

  get me() { return this.#known.me; }

  get bot() { return this.#known.bot; }

  get guild() { return this.#known.guild; }

  get members() { return this.#known.members; }

  get channels() { return this.#known.channels; }

  get commands() { return this.#known.commands; }

  get roles() { return this.#known.guild?.roles ?? []; }

  /** What a command is called: with a slash, but for those of a message's menu. */
  commandTitle(name) {
    const entry = this.commands.find((command) => command.type === MESSAGE_COMMAND && command.name === name);
    return entry ? entry.name_localized ?? entry.name : `/${name}`;
  }

  channel(id) {
    return this.channels.find((channel) => channel.id === id);
  }

  /** The member, or the bot, of that id. */
  user(id) {
    return [...this.members, this.bot].find((user) => user?.id === id);
  }

  /** The known messages of a channel, oldest first. */
  log(channelId) {
    return this.#logs.get(channelId) ?? [];
  }

  find(channelId, id) {
    return this.log(channelId).find((message) => message.id === id);
  }

  /** True if the channel's first known message is its oldest. */
  isComplete(channelId) {
    return this.#complete.has(channelId);
  }

  /** Loads the state of a new member. */
  start(snapshot) {
    this.#logs = new Map();
    this.#complete.clear();
    this.#take(snapshot);
    this.#onChange({ kind: "start" });
  }

  /** Updates the state after a reconnect; loaded history stays. */
  catchUp(snapshot) {
    this.#take(snapshot);
    this.#onChange({ kind: "catch-up" });
  }

  /** Adds history; none means that there is no more. */
  addOlder(channelId, messages) {
    if (!messages.length) this.#complete.add(channelId);
    this.#logs.set(channelId, messages.reduce(insertMessage, this.log(channelId)));
  }

  /** Applies an event of the socket and ignores other types. */
  apply(type, event) {
    const handlers = {
      MESSAGE_CREATE: () => this.#create(event),
      MESSAGE_UPDATE: () => this.#update(event),
      MESSAGE_DELETE: () => this.#remove(event),
      MESSAGE_REACTION_ADD: () => this.#react(event, 1),
      MESSAGE_REACTION_REMOVE: () => this.#react(event, -1),
      COMMANDS_UPDATE: () => this.#set({ commands: event.commands }, "commands"),
      CHANNEL_CREATE: () => this.#addChannel(event),
      CHANNEL_UPDATE: () => this.#replaceChannel(event),
      CHANNEL_DELETE: () => this.#removeChannel(event),
      THREAD_CREATE: () => this.#addChannel(event),
      THREAD_UPDATE: () => this.#replaceChannel(event),
      THREAD_DELETE: () => this.#removeChannel(event),
      TYPING_START: () => this.#onChange({ kind: "typing", channelId: event.channel_id, userId: event.user_id }),
    };
    handlers[type]?.();
  }

  #take(snapshot) {
    const old = this.#logs;
    this.#known = identified(snapshot);
    this.#logs = new Map(this.channels.map(({ id }) => {
      const fresh = snapshot.messages[id] ?? [];
      if (fresh.length < PAGE) this.#complete.add(id);
      return [id, mergeFresh(old.get(id) ?? [], fresh)];
    }));
  }

  #set(change, kind) {
    this.#known = { ...this.#known, ...change };
    this.#onChange({ kind });
  }

  #replaceChannel(changed) {
    this.#set({ channels: this.channels.map((channel) => (channel.id === changed.id ? changed : channel)) }, "channels");
  }

  #removeChannel(removed) {
    this.#set({ channels: this.channels.filter(({ id }) => id !== removed.id) }, "channels");
  }

  #addChannel(added) {
    if (this.channel(added.id)) { this.#replaceChannel(added); return; }
    this.#complete.add(added.id);
    this.#set({ channels: [...this.channels, added] }, "channels");
  }

  #create(message) {
    const old = this.find(message.channel_id, message.id);
    this.#logs.set(message.channel_id, insertMessage(this.log(message.channel_id), message));
    this.#onChange(old ? { kind: "update", message, old } : { kind: "add", message });
  }

  #update(change) {
    const old = this.find(change.channel_id, change.id);
    if (!old) return;
    const message = { ...old, ...change };
    this.#logs.set(change.channel_id, this.log(change.channel_id).map((other) => (other === old ? message : other)));
    this.#onChange({ kind: "update", message, old });
  }

  #remove({ id, channel_id: channelId }) {
    const message = this.find(channelId, id);
    if (!message) return;
    this.#logs.set(channelId, this.log(channelId).filter((other) => other !== message));
    this.#onChange({ kind: "remove", message });
  }

  #react(event, step) {
    const message = this.find(event.channel_id, event.message_id);
    if (message) this.#update(applyReaction(message, event.emoji, step, event.user_id === this.me.id));
  }
}
