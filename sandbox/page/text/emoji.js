// Emoji as Discord sends them: {id, name}. Custom emoji live on Discord's servers, so here they show their name.

import { element } from "../dom.js";

/** The emoji as a node, or null where there is none. */
export function emojiNode(emoji) {
  if (!emoji?.name) return null;
  const isCustom = Boolean(emoji.id);
  return element("span", { class: ["emoji", isCustom && "emoji--named"] }, isCustom ? `:${emoji.name}:` : emoji.name);
}

/** How the sandbox writes an emoji in an address. */
export function emojiKey(emoji) {
  return emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name;
}
