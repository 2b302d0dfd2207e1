// The top bar, and the banner for a lost connection.

import { element, icon, iconButton } from "./dom.js";
import { channelIcon } from "./sidebar.js";

/** Draws the open channel's name and topic; `onMenu` opens the channel list on narrow screens. */
export function drawTopbar(bar, channel, onMenu) {
  bar.replaceChildren(
    iconButton("menu", "Channels and members", onMenu, { class: "icon-button topbar__menu" }),
    icon(channelIcon(channel)), element("h2", { class: "topbar__name" }, channel.name),
    channel.topic ? element("p", { class: "topbar__topic" }, channel.topic) : "");
}

/** Shows the lost-connection banner with a retry button; null hides it. */
export function drawBanner(banner, onRetry) {
  banner.hidden = !onRetry;
  if (!onRetry) return;
  banner.replaceChildren("Connection lost. Reconnecting… ",
    element("button", { type: "button", class: "text-button", on: { click: onRetry } }, "Retry now"));
}
