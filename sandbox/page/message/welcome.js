// The welcome text of a channel, with a hint for new members.

import { element, icon } from "../dom.js";
import { displayName } from "../model/store.js";
import { channelIcon } from "../sidebar.js";

function words(channel, store) {
  if (channel.kind === "dm") {
    return [displayName(store.bot), `This is the beginning of your direct message history with ${displayName(store.bot)}.`];
  }
  if (channel.kind === "thread") return [channel.name, "This is the start of the thread."];
  if (channel.kind === "forum") return [channel.name, channel.topic || "This is a forum. Its posts are below its name in the list."];
  return [`#${channel.name}`, channel.topic || `This is the start of the #${channel.name} channel.`];
}

/** The welcome nodes of a channel whose first message is loaded. */
export function drawWelcome(channel, env) {
  const [title, text] = words(channel, env.store);
  return [
    element("span", { class: "welcome__mark", "aria-hidden": "true" }, icon(channelIcon(channel))),
    element("h2", { class: "welcome__title" }, title),
    element("p", { class: "welcome__text" }, text),
    channel.kind !== "forum" && env.showsHint() && hint(env),
  ].filter(Boolean);
}

// The bot itself says in its command's description what the model can paint.
function hint(env) {
  const typed = (text) => element("kbd", {}, text);
  const description = env.describe("imagine");
  return element("div", { class: "hint" },
    element("p", {}, "New here? Click the button or type ", typed("/imagine a red circle"), " and press ", typed("Enter"),
      ". What to leave out goes behind it: ", typed("negative: blue"), ", or press ", typed("Tab"), " for the next option. ",
      "You get four pictures, with buttons to upscale, vary and rate them."),
    element("button", { type: "button", class: "button button--primary", on: { click: env.tryImagine } }, "Try /imagine"),
    description && element("p", { class: "hint__more" }, typed("/imagine"), ` ${description}`));
}
