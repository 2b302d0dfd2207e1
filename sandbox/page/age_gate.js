// The age gate of age-restricted channels, shown once per member and channel.

import { element, icon } from "./dom.js";
import { loadValue, saveValue } from "./model/storage.js";

const keyOf = (memberId, channelId) => `gate:${memberId}:${channelId}`;

/** True if the member has not passed the age gate. */
export function isGated(memberId, channel) {
  return Boolean(channel.nsfw) && !loadValue(keyOf(memberId, channel.id), false);
}

/** Draws the age gate in `box`; `onPass` runs once the member confirms. */
export function drawAgeGate(box, { memberId, channel, onPass, onBack }) {
  const yes = element("button", { type: "button", class: "button button--danger", on: { click: () => {
    saveValue(keyOf(memberId, channel.id), true);
    onPass();
  } } }, "I am 18 or older");
  box.replaceChildren(
    element("span", { class: "welcome__mark", "aria-hidden": "true" }, icon("warning")),
    element("h2", { class: "welcome__title" }, `#${channel.name} is age-restricted`),
    element("p", { class: "welcome__text" }, "You must be at least 18 years old to view this channel."),
    element("div", { class: "gate__choices" },
      element("button", { type: "button", class: "button button--secondary", on: { click: onBack } }, "Go back"), yes));
  yes.focus();
}
