// Renders markdown trees; names of members, channels and roles come from the store.

import { element } from "../dom.js";
import { displayName } from "../model/store.js";
import { parseMarkdown } from "./markdown.js";
import { inlineNodes } from "./inline.js";
import { fullTime, stampText } from "./times.js";

const JUMBO = /^(?:\p{Extended_Pictographic}[\u{fe0f}\u{200d}\u{1f3fb}-\u{1f3ff}\p{Extended_Pictographic}]*\s*){1,12}$/u;

function spoiler(children) {
  const reveal = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    for (const name of ["role", "tabindex", "aria-label"]) cover.removeAttribute(name);
    cover.classList.add("spoiler--open");
  };
  const cover = element("span", {
    class: "spoiler", role: "button", tabindex: "0", "aria-label": "Spoiler, press to reveal",
    on: { click: reveal, keydown: reveal },
  }, element("span", { class: "spoiler__text" }, children));
  return cover;
}

function time({ seconds, style }) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return `<t:${seconds}>`;
  return element("time", {
    class: "stamp", datetime: date.toISOString(), title: fullTime(date), data: { clock: style === "R" ? "relative" : null },
  }, stampText(date, style));
}

function mention(mark, name, extra) {
  return element("span", { class: ["mention", extra] }, mark + name);
}

// The page handles clicks on links to messages of its own channels.
function link({ href, channelId, messageId, children }, draw, store) {
  const channel = channelId && store.channel(channelId);
  if (!channel) return element("a", { href, target: "_blank", rel: "noopener noreferrer" }, draw(children));
  return element("button", { type: "button", class: "mention mention--message", title: "Jump to message",
    data: { jumpChannel: channelId, jumpMessage: messageId } }, `${channel.kind === "dm" ? "@" : "#"}${channel.name} › message`);
}

const INLINE = {
  text: ({ value }) => value,
  code: ({ value }) => element("code", {}, value),
  strong: (node, draw) => element("strong", {}, draw(node.children)),
  emphasis: (node, draw) => element("em", {}, draw(node.children)),
  underline: (node, draw) => element("u", {}, draw(node.children)),
  struck: (node, draw) => element("s", {}, draw(node.children)),
  spoiler: (node, draw) => spoiler(draw(node.children)),
  link,
  user: ({ id }, draw, store) =>
    mention("@", displayName(store.user(id)), id === store.me?.id && "mention--me"),
  role: ({ id }, draw, store) => mention("@", store.roles.find((role) => role.id === id)?.name ?? "role"),
  channel: ({ id }, draw, store) => mention("#", store.channel(id)?.name ?? "unknown"),
  command: ({ name }) => mention("/", name),
  everyone: ({ value }) => mention("", value, "mention--me"),
  time,
};

function inline(nodes, store) {
  const draw = (children) => inline(children, store);
  return nodes.map((node) => INLINE[node.type](node, draw, store));
}

function list({ start, items }, store) {
  const rows = items.map((item) =>
    element("li", { vars: { depth: item.depth } }, inline(item.children, store)));
  return start === null ? element("ul", {}, rows) : element("ol", { start }, rows);
}

const BLOCKS = {
  paragraph: (node, store) => element("p", {}, inline(node.children, store)),
  heading: (node, store) => element(`h${node.level + 2}`, { class: `heading heading--${node.level}` }, inline(node.children, store)),
  subtext: (node, store) => element("p", { class: "subtext" }, inline(node.children, store)),
  quote: (node, store) => element("blockquote", {}, blocks(node.children, store)),
  "code-block": ({ language, value }) =>
    element("pre", { tabindex: "0", data: { language: language || null } }, element("code", {}, value)),
  list,
};

function blocks(nodes, store) {
  return nodes.map((node) => BLOCKS[node.type](node, store));
}

/** The nodes of a message's text; a text of only a few emoji is drawn large. */
export function drawMarkdown(source, store) {
  const drawn = blocks(parseMarkdown(source), store);
  if (JUMBO.test(source)) drawn[0]?.classList.add("jumbo");
  return drawn;
}

/** The nodes of text on one line, such as an embed's title or a reply's preview. */
export function drawLine(source, store) {
  return inline(inlineNodes(source.replace(/\s*\n\s*/g, " ")), store);
}
