// The line above the messages, and the banner that tells of a lost connection.

import { element, icon, iconButton } from "./dom.js";
import { markOf } from "./sidebar.js";

/** Names the open channel; `onMenu` opens the channel list on narrow screens. */
export function drawTopbar(bar, channel, onMenu) {
  bar.replaceChildren(
    iconButton("menu", "Channels and members", onMenu, { class: "icon-button topbar__menu" }),
    icon(markOf(channel)), element("h2", { class: "topbar__name" }, channel.name),
    channel.topic ? element("p", { class: "topbar__topic" }, channel.topic) : "");
}

/** Shows that the connection is gone, with `onRetry` at hand; null says that it is back. */
export function drawBanner(banner, onRetry) {
  banner.hidden = !onRetry;
  if (!onRetry) return;
  banner.replaceChildren("The connection to Easel was lost. Trying again… ",
    element("button", { type: "button", class: "text-button", on: { click: onRetry } }, "Try now"));
}
