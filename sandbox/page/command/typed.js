// Commands written out by hand: "/imagine a fox negative: blue" names its options in the text, as on Discord.

import { TYPES } from "./fields.js";

// A blank before the slash or after it, or a mark after the name, is no reason to post a command to everybody.
const COMMAND = /^\s*\/\s*([\p{L}\p{N}_-]+)[:,.;!?]*(?=\s|$)/u;

/** `text` if it is written like a command, from the slash on, without blanks around that and marks after the name; else null. */
export function commandText(text) {
  return COMMAND.test(text) ? text.replace(COMMAND, "/$1") : null;
}

/** The first word of a command's text. */
export function typedName(text) {
  return COMMAND.exec(text)[1];
}

const isTyped = ({ type }) => type !== TYPES.attachment;

/** The option that words without a name belong to. */
export function firstOption(entry) {
  const options = entry.options.filter(isTyped);
  return options.find(({ required }) => required) ?? options[0];
}

/**
 * {own, named}: the words of `text` before the first named option, and [option, words] of each that is named. A name
 * counts once, after a blank or at the start, and not before two colons: "model::2" is a weight. One at the very end
 * counts if `isFinal`: more may follow while it is typed.
 */
export function splitNamed(text, options, { isFinal = false } = {}) {
  const byName = new Map(options.filter(isTyped).map((option) => [option.name.toLowerCase(), option]));
  const names = [...byName.keys()].join("|");
  const end = isFinal ? "(?!:)" : "(?=[^:])";
  const marks = names ? [...text.matchAll(new RegExp(`(?<=^|\\s)(${names}):${end}`, "giu"))] : [];
  const first = marks.filter((mark, at) => at === marks.findIndex((other) => same(other[1], mark[1])));
  const ends = [...first.slice(1).map(({ index }) => index), text.length];
  return {
    own: first.length ? text.slice(0, first[0].index).trim() : text,
    named: first.map((mark, at) => [byName.get(mark[1].toLowerCase()), part(text, mark, ends[at])]),
  };
}

function part(text, mark, end) {
  const words = text.slice(mark.index + mark[0].length, end).trimStart();
  return end < text.length ? words.trimEnd() : words;
}

function same(a, b) {
  return a.toLowerCase() === b.toLowerCase();
}

/** The text of each option of `entry` in the words after a command's name. */
export function valuesOf(entry, words) {
  const { own, named } = splitNamed(words, entry.options, { isFinal: true });
  const values = Object.fromEntries(named.map(([option, text]) => [option.name, text]));
  const first = firstOption(entry);
  return first && own ? { ...values, [first.name]: own } : values;
}

/** `values` written out, so that `valuesOf` reads them again. */
export function wordsOf(entry, values) {
  const first = firstOption(entry);
  const named = entry.options.filter((option) => option !== first && values[option.name]?.trim())
    .map(({ name }) => `${name}: ${values[name].trim()}`);
  return [first && values[first.name], ...named].filter(Boolean).join(" ");
}
