// Parses Discord's block markdown to a tree: headings, quotes, lists, subtext, code blocks.

import { inlineNodes } from "./inline.js";

const FENCE = /```(?:([A-Za-z0-9+#._-]*)\n)?([\s\S]*?)```/g;
const HEADING = /^(#{1,3})\s+(.+)$/;
const SUBTEXT = /^-#\s+(.+)$/;
const QUOTE = /^> ?(.*)$/;
const QUOTE_REST = /^>>> ?/;
const ITEM = /^(\s*)(?:[-*]|(\d{1,9})\.)\s+(.*)$/;
const DEEPEST = 4;

/** The blocks of `source`, in order. */
export function parseMarkdown(source) {
  return blocksOf(source, 0);
}

function blocksOf(source, depth) {
  if (depth > DEEPEST) return [paragraph(source)];
  const rest = /^>>> ?/m.exec(source);
  const fences = [...source.matchAll(FENCE)];
  if (rest && !fences.some((fence) => covers(fence, rest.index))) {
    return [...blocksOf(source.slice(0, rest.index).replace(/\n$/, ""), depth + 1),
      quote(source.slice(rest.index).replace(QUOTE_REST, ""), depth)];
  }
  return fenced(source, fences, depth);
}

const covers = (fence, at) => fence.index <= at && at < fence.index + fence[0].length;

function fenced(source, fences, depth) {
  const blocks = [];
  let at = 0;
  for (const fence of fences) {
    blocks.push(...lineBlocks(source.slice(at, fence.index).replace(/\n$/, ""), depth));
    blocks.push({ type: "code-block", language: fence[1] ?? "", value: fence[2].replace(/^\n|\n$/g, "") });
    at = fence.index + fence[0].length;
  }
  return [...blocks, ...lineBlocks(source.slice(at).replace(at ? /^\n/ : /^$/, ""), depth)];
}

const paragraph = (source) => ({ type: "paragraph", children: inlineNodes(source) });
const quote = (source, depth) => ({ type: "quote", children: blocksOf(source, depth + 1) });

function item(match) {
  return { depth: Math.min(Math.floor(match[1].length / 2), 4), children: inlineNodes(match[3]) };
}

// Each reads the lines from `at` and returns [block, number of lines], or null without a match.
const READERS = [
  (lines, at) => {
    const match = HEADING.exec(lines[at]);
    return match && [{ type: "heading", level: match[1].length, children: inlineNodes(match[2]) }, 1];
  },
  (lines, at) => {
    const match = SUBTEXT.exec(lines[at]);
    return match && [{ type: "subtext", children: inlineNodes(match[1]) }, 1];
  },
  (lines, at, depth) => {
    const quoted = takeWhile(lines, at, QUOTE);
    return quoted.length ? [quote(quoted.map((match) => match[1]).join("\n"), depth), quoted.length] : null;
  },
  (lines, at) => {
    const items = takeWhile(lines, at, ITEM);
    if (!items.length) return null;
    const start = items[0][2] === undefined ? null : Number(items[0][2]);
    return [{ type: "list", start, items: items.map(item) }, items.length];
  },
];

function takeWhile(lines, at, pattern) {
  const matches = [];
  for (let index = at; index < lines.length; index += 1) {
    const match = pattern.exec(lines[index]);
    if (!match) break;
    matches.push(match);
  }
  return matches;
}

function lineBlocks(source, depth) {
  if (!source) return [];
  const lines = source.split("\n");
  const blocks = [];
  let plain = [];
  const flush = () => {
    if (plain.length) blocks.push(paragraph(plain.join("\n")));
    plain = [];
  };
  for (let at = 0; at < lines.length;) {
    const read = READERS.map((reader) => reader(lines, at, depth)).find(Boolean);
    if (read) { flush(); blocks.push(read[0]); at += read[1]; }
    else { plain.push(lines[at]); at += 1; }
  }
  flush();
  return blocks;
}
