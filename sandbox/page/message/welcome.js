// The beginning of a channel: what it is and, for newcomers, the first thing to try.

import { element, icon } from "../dom.js";
import { displayName } from "../model/store.js";

function words(channel, store) {
  if (channel.kind === "dm") {
    return [displayName(store.bot), `This is the beginning of your direct messages with ${displayName(store.bot)}. Nobody else sees them.`];
  }
  return [`#${channel.name}`, channel.topic || `This is the beginning of #${channel.name}.`];
}

/** The nodes that open a channel whose first message is loaded. */
export function drawWelcome(channel, env) {
  const [title, text] = words(channel, env.store);
  return [
    element("span", { class: "welcome__mark", "aria-hidden": "true" }, icon(channel.kind === "dm" ? "direct" : "hash")),
    element("h2", { class: "welcome__title" }, title),
    element("p", { class: "welcome__text" }, text),
    env.showsHint() && hint(env),
  ].filter(Boolean);
}

function hint(env) {
  return element("div", { class: "hint" },
    element("p", {}, "New here? Type ", element("kbd", {}, "/imagine"), ", describe a picture, and press Enter. ",
      "Four pictures appear; the buttons below them enlarge, vary and rate."),
    element("button", { type: "button", class: "button button--primary", on: { click: env.tryImagine } }, "Try /imagine"));
}
