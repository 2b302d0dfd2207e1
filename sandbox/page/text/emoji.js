// Emoji as Discord sends them: {id, name}. Custom emoji are shown by name, since their images are on Discord's CDN.

import { element } from "../dom.js";

/** The emoji as a node, or null without one. */
export function emojiNode(emoji) {
  if (!emoji?.name) return null;
  const isCustom = Boolean(emoji.id);
  return element("span", { class: ["emoji", isCustom && "emoji--named"] }, isCustom ? `:${emoji.name}:` : emoji.name);
}

/** The emoji in the form of the sandbox's URLs. */
export function emojiKey(emoji) {
  return emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name;
}
