// The toolbar of a message. A single toolbar moves to the message under the pointer or focus.

import { element, iconButton } from "../dom.js";
import { has } from "../model/messages.js";
import { openEmojiPicker } from "../overlay/emoji_picker.js";
import { openListbox } from "../overlay/listbox.js";

const MESSAGE_COMMAND = 3;

function mayDelete(message, { store }) {
  if (message.author.id === store.me.id) return true;
  return Boolean(store.me.administrator) && store.channel(message.channel_id)?.kind !== "dm";
}

function apps(message, env) {
  const commands = env.store.commands.filter((command) => command.type === MESSAGE_COMMAND);
  if (!commands.length) return null;
  return iconButton("apps", "Apps", (event) => openListbox(event.currentTarget, {
    label: "Apps", min: 1, max: 1, selected: [],
    options: commands.map((command) => ({ value: command.id, label: command.name_localized ?? command.name })),
    onChoose: ([id]) => env.runOnMessage(commands.find((command) => command.id === id), message),
  }));
}

function buttonsFor(message, env) {
  const copy = iconButton("copy", "Copy text", () => env.copy(message.content));
  if (has(message, "ephemeral")) return message.content ? [copy] : [];
  return [
    iconButton("smile", "Add reaction", (event) =>
      openEmojiPicker(event.currentTarget, (emoji) => env.react(message, emoji, true))),
    iconButton("reply", "Reply", () => env.reply(message)),
    apps(message, env),
    message.content ? copy : null,
    mayDelete(message, env) && iconButton("trash", "Delete message", () => env.askToRemove(message)),
  ].filter(Boolean);
}

/** Moves the toolbar with pointer and focus inside `box`. */
export function createToolbar(box, env) {
  const bar = element("div", { class: "toolbar", role: "toolbar", "aria-label": "Message actions" });
  let owner = null;

  function attach(node) {
    if (node === owner && bar.isConnected) return;
    const message = env.store.find(env.channelId(), node.dataset.messageId);
    if (!message) return;
    owner = node;
    bar.replaceChildren(...buttonsFor(message, env));
    node.append(bar);
  }

  const arrive = (event) => {
    const node = event.target.closest("[data-message-id]");
    if (node && !bar.contains(document.activeElement)) attach(node);
    else if (node && event.type === "focusin") attach(node);
  };
  box.addEventListener("pointerover", arrive);
  box.addEventListener("focusin", arrive);
  return { renew: () => { owner = null; } };
}
