// The question before an age-restricted channel opens; asked once for each member and channel.

import { element, icon } from "./dom.js";
import { recall, remember } from "./model/memory.js";

const keyOf = (memberId, channelId) => `gate:${memberId}:${channelId}`;

/** True where the member still has to be asked. */
export function isGated(memberId, channel) {
  return Boolean(channel.nsfw) && !recall(keyOf(memberId, channel.id), false);
}

/** Asks in `box`; `onPass` runs once the member says yes. */
export function drawGate(box, { memberId, channel, onPass, onBack }) {
  const yes = element("button", { type: "button", class: "button button--danger", on: { click: () => {
    remember(keyOf(memberId, channel.id), true);
    onPass();
  } } }, "I am 18 or older");
  box.replaceChildren(
    element("span", { class: "welcome__mark", "aria-hidden": "true" }, icon("warning")),
    element("h2", { class: "welcome__title" }, `#${channel.name} is age-restricted`),
    element("p", { class: "welcome__text" }, "You must be at least eighteen years old to see this channel. Are you sure you want to go on?"),
    element("div", { class: "gate__choices" },
      element("button", { type: "button", class: "button button--secondary", on: { click: onBack } }, "Go back"), yes));
  yes.focus();
}
