// The sidebar: channels with unread marks, and the current member.

import { element, icon, iconButton } from "./dom.js";
import { displayName } from "./model/store.js";
import { avatar } from "./text/avatar.js";
import { openListbox } from "./overlay/listbox.js";

const ICONS = { dm: "direct", forum: "forum", thread: "thread" };

/** The icon of a channel. */
export function channelIcon(channel) {
  return ICONS[channel.kind] ?? (channel.nsfw ? "adult" : "hash");
}

/** What is to be said of a channel's kind and state. */
export function channelNotes({ kind, nsfw, archived, locked }) {
  return [kind === "forum" && "forum", kind === "thread" && "thread", nsfw && "age-restricted", archived && "archived", locked && "locked"]
    .filter(Boolean);
}

function describe(channel, { count, named }) {
  const notes = [...channelNotes(channel), count && `${count} unread`, named && `${named} ${named > 1 ? "mentions" : "mention"}`].filter(Boolean);
  return [channel.name, ...notes].join(", ");
}

function channelLink(channel, { isCurrent, unread, onOpen }) {
  return element("button", {
    type: "button", class: ["channel", unread.count > 0 && "channel--unread", channel.archived && "channel--archived"], "aria-current": isCurrent ? "page" : null,
    "aria-label": describe(channel, unread), data: { channelId: channel.id }, on: { click: () => onOpen(channel.id) },
  }, icon(channelIcon(channel)), element("span", { class: "channel__name" }, channel.name),
  unread.named > 0 && element("span", { class: "channel__count", "aria-hidden": "true" }, String(unread.named)));
}

function list(channels, draw, threadsOf) {
  return channels.map((channel) => element("li", {}, draw(channel), threadList(channel, threadsOf(channel), draw)));
}

function threadList(parent, threads, draw) {
  if (!threads.length) return null;
  const label = parent.kind === "forum" ? `Posts in ${parent.name}` : `Threads in ${parent.name}`;
  return element("ul", { class: "channels__list channels__list--threads", "aria-label": label }, list(threads, draw, () => []));
}

function group(title, channels, draw, threadsOf) {
  if (!channels.length) return [];
  return [element("h2", { class: "channels__title" }, title),
    element("ul", { class: "channels__list" }, list(channels, draw, threadsOf))];
}

/** Draws the channel list into `nav`, keeping focus on the channel that had it. */
export function drawChannels(nav, { store, currentId, unreadOf, onOpen }) {
  const focused = nav.contains(document.activeElement) ? document.activeElement.dataset.channelId : null;
  const draw = (channel) =>
    channelLink(channel, { isCurrent: channel.id === currentId, unread: unreadOf(channel.id), onOpen });
  const threadsOf = ({ id }) => store.channels.filter(({ parent_id: parentId }) => parentId === id);
  const isTop = ({ kind, foreign_guild: foreign }) => kind !== "dm" && kind !== "thread" && !foreign;
  const foreign = Object.entries(Object.groupBy(store.channels.filter((channel) => channel.foreign_guild), (channel) => channel.foreign_guild));
  nav.replaceChildren(
    ...group("Channels", store.channels.filter(isTop), draw, threadsOf),
    ...group("Direct messages", store.channels.filter(({ kind }) => kind === "dm"), draw, threadsOf),
    ...foreign.flatMap(([name, channels]) => group(`${name}, without ${store.bot.global_name ?? store.bot.username}`, channels.filter(({ kind }) => kind !== "thread"), draw, threadsOf)));
  if (focused) nav.querySelector(`[data-channel-id="${focused}"]`)?.focus();
}

/** Draws what an administrator can do with the whole chat into `place`. */
export function drawTools(place, { store, onAnew }) {
  place.replaceChildren(store.me.administrator ? iconButton("anew", "Clear the chat", onAnew) : "");
}

function memberOption(member) {
  return { value: member.id, label: displayName(member), description: `@${member.username}`, user: member,
    lead: member.administrator ? "Admin" : null };
}

const LOCALES = { "en-US": "English", de: "Deutsch", fr: "Français" };

/** A button to choose the language of the member's Discord. */
function localeButton({ me }, onLocale) {
  const button = element("button", {
    type: "button", class: "locale", "aria-haspopup": "listbox", "aria-expanded": "false", title: "Language of your Discord",
    "aria-label": `Language of your Discord: ${LOCALES[me.locale] ?? me.locale}`,
    on: { click: () => openListbox(button, {
      label: "Language of your Discord", selected: [me.locale], onChoose: ([locale]) => onLocale(locale),
      options: Object.entries(LOCALES).map(([value, label]) => ({ value, label, description: value })),
    }) },
  }, me.locale.slice(0, 2).toUpperCase());
  return button;
}

/** Draws the current member into `foot`, as a button to switch members. */
export function drawMember(foot, { store, onSwitch, onLocale, themeButton }) {
  const { me } = store;
  const button = element("button", {
    type: "button", class: "member", "aria-haspopup": "listbox", "aria-expanded": "false",
    "aria-label": `You are ${displayName(me)}${me.administrator ? ", administrator" : ""}. Switch member`,
    on: { click: () => openListbox(button, {
      label: "Switch member", options: store.members.map(memberOption), selected: [me.id], onChoose: ([id]) => onSwitch(id),
    }) },
  }, avatar(me), element("span", { class: "member__words" },
    element("span", { class: "member__name" }, displayName(me), me.administrator ? element("span", { class: "badge" }, "Admin") : null),
    element("span", { class: "member__note" }, "Switch")), icon("chevron"));
  foot.replaceChildren(button, localeButton(store, onLocale), themeButton);
}
