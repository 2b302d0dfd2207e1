// Default avatars, drawn from names: the sandbox stores no avatars.

import { element } from "../dom.js";
import { displayName } from "../model/store.js";

const HUES = 8;

/** A round avatar with the user's initial; decorative, since the name is always beside it. */
export function avatar(user, size = "normal") {
  const hue = user?.bot ? "bot" : Number(BigInt(user?.id ?? 0) % BigInt(HUES));
  const letter = [...displayName(user)][0].toUpperCase();
  return element("span", { class: ["avatar", `avatar--${size}`], "aria-hidden": "true", data: { hue } },
    user?.bot ? null : letter);
}
