// Faces for people and the bot, drawn from their names: the sandbox keeps no avatars.

import { element } from "../dom.js";
import { displayName } from "../model/store.js";

const HUES = 8;

/** A round mark with the person's first letter; decorative, as the name always stands beside it. */
export function avatar(user, size = "normal") {
  const hue = user?.bot ? "bot" : Number(BigInt(user?.id ?? 0) % BigInt(HUES));
  const letter = [...displayName(user)][0].toUpperCase();
  return element("span", { class: ["avatar", `avatar--${size}`], "aria-hidden": "true", data: { hue } },
    user?.bot ? null : letter);
}
