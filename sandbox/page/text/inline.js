// Parses Discord's inline markdown to nodes {type, ...}.

import { safeLink } from "./addresses.js";

const PLAIN = /[\s\S]+?(?=[\\`<[@*_~|]|https?:\/\/|$)/y;

const text = (value) => ({ type: "text", value });
const around = (type) => (match, inner) => ({ type, children: inner(match[1]) });

const MESSAGE = /^https:\/\/(?:\w+\.)?discord(?:app)?\.com\/channels\/(?:\d+|@me)\/(\d+)\/(\d+)$/;

function link(address, children, original) {
  const href = safeLink(address);
  if (!href) return text(original);
  const [, channelId, messageId] = MESSAGE.exec(href) ?? [];
  return { type: "link", href, children, channelId, messageId };
}

// Tried in this order at each position; the first match wins.
const RULES = [
  [/\\([^0-9A-Za-z\s])/y, (match) => text(match[1])],
  [/(`+)([\s\S]*?[^`])\1(?!`)/y, (match) => ({ type: "code", value: match[2].trim() || match[2] })],
  [/<@!?(\d+)>/y, (match) => ({ type: "user", id: match[1] })],
  [/<@&(\d+)>/y, (match) => ({ type: "role", id: match[1] })],
  [/<#(\d+)>/y, (match) => ({ type: "channel", id: match[1] })],
  [/<\/([^:>]{1,100}):(\d+)>/y, (match) => ({ type: "command", name: match[1] })],
  [/<a?:(\w+):(\d+)>/y, (match) => text(`:${match[1]}:`)],
  [/<t:(-?\d{1,12})(?::([tTdDfFR]))?>/y, (match) => ({ type: "time", seconds: Number(match[1]), style: match[2] })],
  [/@(everyone|here)\b/y, (match) => ({ type: "everyone", value: match[0] })],
  [/<(https?:\/\/[^\s>]+)>/y, (match) => link(match[1], [text(match[1])], match[0])],
  [/\[((?:\\.|[^\]\n])+)\]\(\s*<?(https?:\/\/[^\s)>]+)>?\s*\)/y,
    (match, inner) => link(match[2], inner(match[1], { links: false }), match[0])],
  [/https?:\/\/[^\s<]*[^\s<.,:;"')\]!?*_~|]/y, (match) => link(match[0], [text(match[0])], match[0])],
  [/\*\*\*([^*]+)\*\*\*/y,
    (match, inner) => ({ type: "strong", children: [{ type: "emphasis", children: inner(match[1]) }] })],
  [/\*\*([\s\S]+?)\*\*(?!\*)/y, around("strong")],
  [/__([\s\S]+?)__(?!_)/y, around("underline")],
  [/~~([\s\S]+?)~~(?!~)/y, around("struck")],
  [/\|\|([\s\S]+?)\|\|/y, around("spoiler")],
  [/\*(?!\s)((?:\*\*|[^*])+?)(?<!\s)\*(?!\*)/y, around("emphasis")],
  [/(?<!\w)_((?:__|[^_])+?)_(?!\w)/y, around("emphasis")],
];

const isLink = (node) => node.type === "link";
const unlinked = (node) => (isLink(node) ? node.children : [node]);

function firstMatch(source, at) {
  for (const [pattern, build] of RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match) return [match, build];
  }
  return null;
}

function plain(source, at) {
  PLAIN.lastIndex = at;
  return PLAIN.exec(source)[0];
}

function push(nodes, node) {
  const last = nodes.at(-1);
  if (node.type === "text" && last?.type === "text") last.value += node.value;
  else nodes.push(node);
}

function inner(part, { links = true } = {}) {
  const nodes = inlineNodes(part);
  return links ? nodes : nodes.flatMap(unlinked);
}

/**
 * The nodes of `source`; total, and never slower than its length squared. Marks end at their nearest partner, so
 * nesting is never deeper than there are kinds of marks.
 */
export function inlineNodes(source) {
  const nodes = [];
  for (let at = 0; at < source.length;) {
    const found = firstMatch(source, at);
    const taken = found ? found[0][0] : plain(source, at);
    push(nodes, found ? found[1](found[0], inner) : text(taken));
    at += taken.length;
  }
  return nodes;
}
