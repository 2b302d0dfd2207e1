// Commands without a response: pending or failed. Only their member sees them.

import { element, icon } from "../dom.js";
import { displayName } from "../model/store.js";
import { avatar } from "../text/avatar.js";

function state(entry, env) {
  if (!entry.failure) return element("p", { class: "thinking" }, "Sending command…");
  return [
    element("p", { class: "message__failure", role: "alert" }, icon("warning"), entry.failure),
    element("p", { class: "message__ephemeral" }, icon("eye"), "Only you can see this · ", element("button", {
      type: "button", class: "text-button", on: { click: () => env.forgetWaiting(entry.nonce) } }, "Dismiss message")),
  ];
}

/** A pending or failed command: {nonce, name, failure}. */
export function drawWaiting(entry, env) {
  return element("article", {
    class: ["message", entry.failure && "message--ephemeral"], data: { nonce: entry.nonce },
    "aria-label": env.store.commandTitle(entry.name),
  }, element("div", { class: "context" }, icon("reply"), avatar(env.store.me, "tiny"),
    element("span", { class: "context__name" }, displayName(env.store.me)), " used ",
    element("span", { class: "mention" }, env.store.commandTitle(entry.name))),
  avatar(env.store.bot),
  element("div", { class: "message__body" },
    element("header", { class: "message__header" },
      element("span", { class: "message__author" }, displayName(env.store.bot)),
      element("span", { class: "badge badge--app" }, "App")),
    state(entry, env)));
}
