// The emoji picker: Easel's rating emoji first.

import { element } from "../dom.js";
import { openPopup } from "./popup.js";

const COLUMNS = 8;
const EMOJI = [
  ["😍", "love"], ["🙂", "like"], ["☹️", "dislike"], ["😖", "hate"], ["❤️", "heart"], ["⭐", "star"], ["✉️", "envelope"], ["❌", "cross"],
  ["👍", "thumbs up"], ["👎", "thumbs down"], ["👏", "clapping"], ["🎉", "party"], ["🎨", "palette"], ["🔥", "fire"], ["✨", "sparkles"], ["👀", "eyes"],
  ["😀", "grinning"], ["😂", "laughing"], ["😮", "astonished"], ["😢", "crying"], ["🤔", "thinking"], ["🙏", "thanks"], ["💯", "hundred"], ["✅", "check mark"],
];

const STEPS = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS };

function onKey(event) {
  const step = STEPS[event.key];
  if (!step) return;
  const buttons = [...event.currentTarget.children];
  const at = buttons.indexOf(document.activeElement) + step;
  event.preventDefault();
  buttons[(at + buttons.length) % buttons.length].focus();
}

/** Opens the picker at `anchor`; `onPick` gets the emoji. */
export function openEmojiPicker(anchor, onPick) {
  const pick = (emoji) => { close(); onPick(emoji); };
  const grid = element("div", { class: "emoji-grid", role: "group", "aria-label": "Reactions", on: { keydown: onKey } },
    EMOJI.map(([emoji, name]) => element("button", {
      type: "button", class: "emoji-grid__one", "aria-label": name, title: name, on: { click: () => pick(emoji) } }, emoji)));
  const close = openPopup(anchor, grid, { align: "end" });
  grid.firstChild.focus();
}
