// Assembles the page: one member, one open channel, and the handlers of store changes.

import { MessageBar } from "./command/bar.js";
import { createDrafts } from "./command/drafts.js";
import { drawAgeGate, isGated } from "./age_gate.js";
import { Interactions } from "./interactions.js";
import { createToolbar } from "./message/actions.js";
import { MessageLog } from "./message/log.js";
import { createApi } from "./model/api.js";
import { has } from "./model/messages.js";
import { loadValue, saveValue } from "./model/storage.js";
import { createReadState } from "./model/read_state.js";
import { subscribe } from "./model/subscription.js";
import { Store, displayName } from "./model/store.js";
import { askToDelete, askToStartAnew } from "./overlay/confirm.js";
import { Lightbox } from "./overlay/lightbox.js";
import { openModal } from "./overlay/modal.js";
import { createNotices } from "./overlay/notices.js";
import { openThreadForm } from "./overlay/thread_form.js";
import { drawChannels, drawMember, drawTools } from "./sidebar.js";
import { drawLine } from "./text/markdown_view.js";
import { refreshTimes } from "./text/times.js";
import { createThemeButton } from "./theme.js";
import { drawBanner, drawTopbar } from "./topbar.js";
import { createTyping } from "./typing.js";

const TICK = 20000;
const RETRY = 2000;
const at = (id) => document.getElementById(id);
const place = new URLSearchParams(location.search);

const store = new Store((change) => changes[change.kind](change));
const { notify, clearErrors } = createNotices(at("notices"));
const lightbox = new Lightbox();
const typing = createTyping(at("typing"), store);
const themeButton = createThemeButton();
let api = createApi(place.get("member"));
let connection = null;
let readState = null;
let drafts = null;
let current = null;
let opening = null;

const interactions = new Interactions({
  send: (payload, files) => api.interact(payload, files),
  drawMessage: (id) => log.refresh(id),
  drawWaiting: () => log.drawWaiting(),
  openModal: (modal, submit) => openModal(modal, { store, submit,
    note: `This form will be submitted to ${displayName(store.bot)}. Do not share passwords or other sensitive information.` }),
});

async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    notify(error.message, "error");
    return undefined;
  }
}

/** The state and actions that messages use. */
const env = {
  store,
  channelId: () => current?.id,
  openLightbox: (...pictures) => lightbox.open(...pictures),
  pressComponent: (...press) => interactions.press(...press),
  pendingOf: (id) => interactions.pendingOf(id),
  failure: (id) => interactions.failure(id),
  waitingIn: (channelId) => interactions.waitingIn(channelId),
  forgetWaiting: (nonce) => interactions.forget(nonce),
  showsHint: () => !loadValue("used-command", false),
  describe: (name) => store.commands.find((command) => command.name === name)?.description,
  tryImagine: () => bar.tryCommand("imagine"),
  reply: (message) => bar.reply(message),
  react: (message, emoji, add) => attempt(() => api.react(message.channel_id, message.id, emoji, add)),
  remove: (message) => attempt(() => api.remove(message.channel_id, message.id)),
  askToRemove: (message) => askToDelete(() => env.remove(message)),
  jump: (id) => { if (!log.reveal(id)) notify("That message is not loaded or was deleted."); },
  copy: (text) => attempt(async () => { await navigator.clipboard.writeText(text); notify("Copied to clipboard."); }),
  runOnMessage: (command, message) => attempt(() => interactions.run(message.channel_id,
    { id: command.id, name: command.name, type: command.type, target_id: message.id }, [], command.name)),
};

const log = new MessageLog(at("log"), at("jump"), env, { loadOlder, onPin: readCurrent });
const toolbar = createToolbar(at("log"), env);
const bar = new MessageBar(at("composer"), {
  store, notify, drafts: () => drafts, focusLog: () => log.focus(),
  say: (channelId, content, reference) => api.say(channelId, content, reference),
  complete: (channelId, data) => interactions.complete(channelId, data),
  run: async (channelId, data, files, name) => {
    await interactions.run(channelId, data, files, name);
    saveValue("used-command", true);
    log.toEnd();
  },
});

const changes = {
  start,
  "catch-up": () => { onChannels(); if (isOpen(current.id)) log.sync(); bar.renew(); },
  add: ({ message }) => onAdd(message),
  update: ({ message, old }) => { if (isOpen(message.channel_id)) log.update(message, old); },
  remove: ({ message }) => { if (isOpen(message.channel_id)) log.remove(message); drawSidebar(); },
  channels: onChannels,
  commands: () => { bar.renew(); if (isOpen(current?.id)) log.drawWelcome(); },
  typing: ({ channelId, userId }) => typing.note(channelId, userId),
};

/** True if that channel's messages are on the page. */
function isOpen(channelId) {
  return Boolean(current) && current.id === channelId && !isGated(store.me.id, current);
}

async function loadOlder(channelId) {
  const older = await attempt(() => api.history(channelId, store.log(channelId)[0]?.id));
  if (older) store.addOlder(channelId, older);
}

function drawSidebar() {
  drawChannels(at("channels"), { store, currentId: current?.id, unreadOf: readState.unread, onOpen: openChannel });
  const named = store.channels.reduce((sum, { id }) => sum + readState.unread(id).named, 0);
  document.title = `${named ? `(${named}) ` : ""}${current?.name ?? "Easel"} · Easel sandbox`;
}

function readCurrent() {
  if (!isOpen(current?.id) || document.hidden || !log.isPinned) return;
  if (readState.mark(current.id)) drawSidebar();
}

function openChannel(id) {
  current = store.channel(id) ?? store.channels[0];
  place.set("channel", current.id);
  place.set("member", store.me.id);
  history.replaceState(null, "", `?${place}`);
  showSidebar(false);
  drawHead();
  typing.show(current.id);
  if (isGated(store.me.id, current)) showAgeGate();
  else showLog();
  drawSidebar();
}

function drawHead() {
  const { id } = current;
  drawTopbar(at("topbar"), current, {
    onMenu: () => showSidebar(true),
    onThread: () => openThreadForm(store.channel(id), {
      store, open: (name, content) => api.openThread(id, name, content), onOpened: showThread }),
    onArchive: (archived) => attempt(() => api.archive(id, archived)),
    isDirectOpen: store.me.takes_direct_messages !== false,
    onDirect: (open) => attempt(async () => {
      await api.takeDirectMessages(open);
      store.me.takes_direct_messages = open;
      drawHead();
    }),
  });
}

/** Opens a thread, now or as soon as the page hears of it. */
function showThread({ id }) {
  opening = store.channel(id) ? null : id;
  if (!opening) openChannel(id);
}

function showParts({ gated }) {
  const silent = gated || current.kind === "forum";
  for (const [part, hidden] of [["stage", gated], ["composer", silent], ["gate", !gated]]) at(part).hidden = hidden;
}

function showAgeGate() {
  const channel = current;
  showParts({ gated: true });
  drawAgeGate(at("gate"), {
    memberId: store.me.id, channel,
    onPass: () => openChannel(channel.id), onBack: () => openChannel(store.channels[0].id),
  });
}

function showLog() {
  showParts({ gated: false });
  log.show(current, readState.unread(current.id).first);
  toolbar.renew();
  bar.show(current);
  if (!matchMedia("(pointer: coarse)").matches) bar.focus();
  readCurrent();
}

// On a narrow screen, the sidebar lies over the rest.
function showSidebar(open) {
  const wasOpen = !at("scrim").hidden;
  at("sidebar").classList.toggle("sidebar--open", open);
  at("scrim").hidden = !open;
  at("main").inert = open;
  if (open) at("channels").querySelector("[aria-current]")?.focus();
  else if (wasOpen) at("topbar").querySelector(".topbar__menu")?.focus();
}

function onEscape(event) {
  const isOver = document.querySelector("dialog[open], :popover-open");
  if (event.key === "Escape" && !isOver && !at("scrim").hidden) showSidebar(false);
}

function start() {
  readState = createReadState(store.me.id, store);
  drafts = createDrafts(store.me.id);
  at("guild-name").textContent = store.guild.name;
  drawMember(at("member-area"), { store, onSwitch: switchMember, onLocale: chooseLocale, themeButton });
  drawTools(at("sidebar-tools"), { store, onAnew: () => askToStartAnew(() => attempt(() => api.startAnew())) });
  const direct = current?.kind === "dm" && store.channels.find(({ kind }) => kind === "dm");
  openChannel(direct?.id ?? current?.id ?? place.get("channel"));
}

function onAdd(message) {
  interactions.settle(message);
  typing.stop(message.channel_id, message.author.id);
  if (isOpen(message.channel_id)) {
    log.add(message);
    if (message.author.id === store.me.id) log.toEnd();
    // An answer for the member alone is read wherever they are.
    else if (has(message, "ephemeral") && !log.isPinned && message.content) notify(drawLine(message.content, store));
    readCurrent();
  }
  drawSidebar();
}

function onChannels() {
  const still = store.channel(current.id);
  if (!still) {
    notify(`#${current.name} was deleted.`);
    openChannel(store.channels[0].id);
    return;
  }
  current = still;
  if (opening && store.channel(opening)) showThread({ id: opening });
  drawHead();
  drawSidebar();
}

async function chooseLocale(locale) {
  await attempt(() => api.chooseLocale(locale));
  await switchMember(store.me.id);
}

async function switchMember(id) {
  bar.leave();
  connection?.close();
  api = createApi(id);
  await enter();
}

/** The state, or null if the request fails. An unknown member falls back to the first one. */
async function firstState() {
  try {
    return await api.state();
  } catch (error) {
    if (error.status !== 404 || !place.get("member")) return null;
    place.delete("member");
    api = createApi(null);
    return firstState();
  }
}

/** Loads the member's state, then subscribes to events. */
async function enter() {
  const snapshot = await firstState();
  if (!snapshot) {
    drawBanner(at("banner"), () => location.reload());
    setTimeout(enter, RETRY);
    return;
  }
  api = createApi(snapshot.me.id);
  store.start(snapshot);
  connection = subscribe(snapshot.me.id, {
    state: () => attempt(() => api.state()),
    onState: (fresh) => { store.catchUp(fresh); recover(); },
    onEvent: (type, event) => { interactions.handle(type, event); store.apply(type, event); },
    onLost: () => drawBanner(at("banner"), () => connection.retry()),
  });
}

/** Takes back what was said of a sandbox that could not be reached. */
function recover() {
  drawBanner(at("banner"), null);
  clearErrors();
  bar.recover();
  interactions.recover();
}

addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  bar.acceptFiles(event.dataTransfer.files);
});
at("log").addEventListener("keydown", (event) => {
  if (event.key === "Escape") bar.focus();
});
document.addEventListener("visibilitychange", readCurrent);
at("scrim").addEventListener("click", () => showSidebar(false));
document.addEventListener("keydown", onEscape);
matchMedia("(max-width: 760px)").addEventListener("change", () => showSidebar(false));
at("log").addEventListener("click", ({ target }) => {
  const { jumpChannel, jumpMessage } = target.closest("[data-jump-message]")?.dataset ?? {};
  if (!jumpMessage) return;
  if (jumpChannel !== current.id) openChannel(jumpChannel);
  env.jump(jumpMessage);
});
setInterval(() => refreshTimes(at("log")), TICK);
enter();
