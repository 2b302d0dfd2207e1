// The top bar, and the banner for a lost connection.

import { element, icon, iconButton } from "./dom.js";
import { channelIcon } from "./sidebar.js";

function threadButton(channel, { onThread, onArchive, onDirect, isDirectOpen }) {
  if (channel.kind === "dm") {
    return iconButton("direct", isDirectOpen ? "Take no direct messages" : "Take direct messages", () => onDirect(!isDirectOpen), { "aria-pressed": String(isDirectOpen) });
  }
  if (channel.kind === "thread") {
    const label = channel.archived ? "Reopen thread" : "Archive thread";
    return iconButton("archive", label, () => onArchive(!channel.archived));
  }
  return iconButton("thread", channel.kind === "forum" ? "New post" : "New thread", onThread);
}

/**
 * Draws the open channel's name, state and topic. `onMenu` opens the channel list on narrow screens, `onThread` opens
 * a thread there, `onArchive` archives the open thread or reopens it, and `onDirect` changes whether the bot may write
 * to the member, as `isDirectOpen` says.
 */
export function drawTopbar(bar, channel, { onMenu, ...actions }) {
  const states = [channel.archived && "Archived", channel.locked && "Locked"].filter(Boolean);
  bar.replaceChildren(
    iconButton("menu", "Channels and members", onMenu, { class: "icon-button topbar__menu", "aria-controls": "sidebar" }),
    icon(channelIcon(channel)), element("h2", { class: "topbar__name" }, channel.name),
    ...states.map((state) => element("span", { class: "badge" }, state)),
    channel.topic ? element("p", { class: "topbar__topic" }, channel.topic) : "",
    element("span", { class: "topbar__space" }), threadButton(channel, actions));
}

/** Shows the lost-connection banner with a retry button; null hides it. */
export function drawBanner(banner, onRetry) {
  banner.hidden = !onRetry;
  if (!onRetry) return;
  banner.replaceChildren("Connection lost. Reconnecting… ",
    element("button", { type: "button", class: "text-button", on: { click: onRetry } }, "Retry now"));
}
