// Reactions of a message: emoji, count, and whether the member reacted.

import { element } from "../dom.js";
import { emojiKey, emojiNode } from "../text/emoji.js";

function pill(reaction, message, env) {
  const { emoji, count, me } = reaction;
  const label = count === 1 ? "1 reaction" : `${count} reactions`;
  return element("button", {
    type: "button", class: "reaction", "aria-pressed": me ? "true" : "false",
    "aria-label": `${emoji.name}, ${label}${me ? ", including yours" : ""}`,
    data: { emoji: emoji.name }, on: { click: () => env.react(message, emojiKey(emoji), !me) },
  }, emojiNode(emoji), element("span", { class: "reaction__count" }, String(count)));
}

/** Draws `message`'s reactions into `part`; focus stays on the one that had it. */
export function drawReactions(part, message, env) {
  const focused = part.contains(document.activeElement) ? document.activeElement.dataset.emoji : null;
  part.replaceChildren(...(message.reactions ?? []).map((reaction) => pill(reaction, message, env)));
  if (focused) part.querySelector(`[data-emoji="${CSS.escape(focused)}"]`)?.focus();
}
