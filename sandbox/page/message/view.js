// One message. An edit redraws only the changed parts, so that pictures, focus and open menus survive it.

import { element, freshId, icon } from "../dom.js";
import { has } from "../model/messages.js";
import { displayName } from "../model/store.js";
import { avatar } from "../text/avatar.js";
import { drawLine, drawMarkdown } from "../text/markdown_view.js";
import { clockTime, dayName, fullTime, messageTime } from "../text/times.js";
import { drawAttachments } from "./attachments.js";
import { drawComponents } from "./components.js";
import { drawEmbeds } from "./embeds.js";
import { Gallery } from "./pictures.js";
import { drawReactions } from "./reactions.js";

const REPLY = 19;

function commandName(message) {
  return message.interaction_metadata?.name ?? message.interaction?.name;
}

function commandContext(message, env) {
  const user = message.interaction_metadata?.user ?? message.interaction?.user;
  const name = commandName(message);
  if (!user || !name) return null;
  return element("div", { class: "context" }, icon("reply"), avatar(user, "tiny"),
    element("span", { class: "context__name" }, displayName(env.store.user(user.id) ?? user)),
    " used ", element("span", { class: "mention" }, env.store.commandTitle(name)));
}

function previewOf(message, env) {
  if (message.content) return drawLine(message.content, env.store);
  if (message.attachments?.length) return "Click to see attachment";
  return "Click to see message";
}

/** The message that `message` answers, as it is now; a loaded one may have been edited since. */
function sourceOf(message, env) {
  const source = message.referenced_message;
  return source && (env.store.find(message.channel_id, source.id) ?? source);
}

function reply(message, env) {
  const source = sourceOf(message, env);
  if (!message.message_reference || (message.type !== REPLY && !source)) return null;
  if (!source) return element("div", { class: "context" }, icon("reply"), element("em", {}, "Original message was deleted."));
  return element("button", {
    type: "button", class: "context context--jump", data: { jump: source.id },
    "aria-label": `In reply to ${displayName(source.author)}. Jump to message`, on: { click: () => env.jump(source.id) },
  }, icon("reply"), avatar(source.author, "tiny"),
  element("span", { class: "context__name" }, displayName(source.author)),
  element("span", { class: "context__text" }, previewOf(source, env)));
}

function drawContext(part, message, env) {
  part.replaceChildren(...[reply(message, env) ?? commandContext(message, env)].filter(Boolean));
}

function badges(message, env) {
  if (message.author.bot) return element("span", { class: "badge badge--app" }, "App");
  return env.store.user(message.author.id)?.administrator ? element("span", { class: "badge" }, "Admin") : null;
}

function drawHeader(part, message, env) {
  const date = new Date(message.timestamp);
  const name = displayName(env.store.user(message.author.id) ?? message.author);
  part.replaceChildren(
    element("span", { class: "message__author", id: part.dataset.nameId }, name), badges(message, env) ?? "",
    element("time", { class: "message__time", datetime: date.toISOString(), title: fullTime(date), data: { clock: "message" } },
      messageTime(date)));
}

function thinking(message) {
  return element("p", { class: "thinking" }, element("span", { class: "dots", "aria-hidden": "true" },
    element("i"), element("i"), element("i")), `${displayName(message.author)} is thinking…`);
}

function drawText(part, message, env) {
  if (has(message, "loading")) return part.replaceChildren(thinking(message));
  const words = message.content ? drawMarkdown(message.content, env.store) : [];
  const last = words.at(-1);
  if (message.edited_timestamp && last?.tagName === "P") last.append(editedMark(message));
  return part.replaceChildren(...words);
}

function editedMark(message) {
  const when = fullTime(new Date(message.edited_timestamp));
  return element("span", { class: "edited", title: `Edited ${when}` }, " (edited)");
}

function drawEphemeralNote(part, message, env) {
  if (!has(message, "ephemeral")) return part.replaceChildren();
  return part.replaceChildren(icon("eye"), "Only you can see this · ", element("button", {
    type: "button", class: "text-button", on: { click: () => env.remove(message) } }, "Dismiss message"));
}

function drawFailure(part, message, env) {
  const reason = env.failure(message.id);
  return part.replaceChildren(...(reason ? [icon("warning"), reason] : []));
}

// name, the values it depends on, how it is drawn
const PARTS = [
  ["context", (m, env) => [m.message_reference, m.referenced_message?.id, sourceOf(m, env)?.content, commandName(m)], drawContext],
  ["header", (m) => [m.author, m.timestamp], drawHeader],
  ["text", (m) => [m.content, m.edited_timestamp, has(m, "loading")], drawText],
  ["attachments", (m) => (has(m, "componentsV2") ? [] : m.attachments), (part, m, env) =>
    (has(m, "componentsV2") ? null : drawAttachments(part, m, env))],
  ["embeds", (m) => m.embeds, drawEmbeds],
  ["components", (m, env) => [m.components, env.pending], drawComponents],
  ["failure", (m, env) => env.failure(m.id), drawFailure],
  ["reactions", (m) => m.reactions, drawReactions],
  ["ephemeral", (m) => has(m, "ephemeral"), drawEphemeralNote],
];

function createParts(nameId) {
  return Object.fromEntries(PARTS.map(([name]) => [name,
    element(name === "header" ? "header" : "div", {
      class: [`message__${name}`, name === "text" && "prose"], role: name === "failure" ? "alert" : null,
      data: { part: name, nameId: name === "header" ? nameId : null } })]));
}

function scaffold(message, parts, nameId) {
  const { context, ...rest } = parts;
  return element("article", {
    class: ["message", has(message, "ephemeral") && "message--ephemeral"], tabindex: "-1", "aria-labelledby": nameId,
    data: { messageId: message.id, authorId: message.author.id },
  }, element("div", { class: "message__lead" }), context, avatar(message.author),
  element("span", { class: "message__clock", "aria-hidden": "true" }, clockTime(new Date(message.timestamp))),
  element("div", { class: "message__body" }, Object.values(rest)));
}

function leadNodes({ day, isNew }) {
  return [
    day && element("div", { class: "divider", role: "separator", "aria-label": dayName(day) }, dayName(day)),
    isNew && element("div", { class: "divider divider--new", role: "separator", "aria-label": "New messages" }, "New"),
  ].filter(Boolean);
}

/** One message on the page. */
export class MessageView {
  #shared;
  #parts;
  #drawn = {};
  #galleries = new Map();

  constructor(message, shared) {
    const nameId = freshId("author");
    this.#shared = shared;
    this.#parts = createParts(nameId);
    this.node = scaffold(message, this.#parts, nameId);
    this.update(message);
  }

  /** Redraws the parts of `message` that changed. */
  update(message) {
    this.message = message;
    const env = this.#envFor(message);
    for (const [name, facts, draw] of PARTS) {
      if (this.#isNews(name, facts(message, env))) draw(this.#parts[name], message, env);
    }
  }

  /** Draws the dividers above the message, and groups it with the previous one. */
  lead(marks) {
    this.node.classList.toggle("message--grouped", Boolean(marks.grouped));
    if (this.#isNews("lead", [marks.day?.toDateString(), marks.isNew])) this.node.firstChild.replaceChildren(...leadNodes(marks));
  }

  #isNews(name, facts) {
    const sign = JSON.stringify(facts ?? null);
    const isNews = this.#drawn[name] !== sign;
    this.#drawn[name] = sign;
    return isNews;
  }

  #envFor(message) {
    const pending = this.#shared.pendingOf(message.id);
    return {
      ...this.#shared,
      message,
      gallery: (key) => this.#gallery(key),
      pending: [...pending],
      isPending: (customId) => this.#shared.pendingOf(message.id).has(customId),
      press: (component, values) => this.#shared.pressComponent(message, component, values),
    };
  }

  #gallery(key) {
    if (!this.#galleries.has(key)) this.#galleries.set(key, new Gallery(this.#shared.openLightbox));
    return this.#galleries.get(key);
  }
}
