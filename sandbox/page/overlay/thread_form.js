// The form that opens a thread in a channel, or a post in a forum.

import { openModal } from "./modal.js";

const ROW = 1;
const TEXT_INPUT = 4;
const LINE = 1;
const PARAGRAPH = 2;

function input(name, label, style, longest) {
  return { type: ROW, components: [
    { type: TEXT_INPUT, custom_id: name, label, style, required: true, min_length: 1, max_length: longest }] };
}

/** Asks for a name, and for a post also for its first message; `open(name, content)` opens it, `onOpened` gets it. */
export function openThreadForm(parent, { store, open, onOpened }) {
  const isForum = parent.kind === "forum";
  const name = input("name", "Name", LINE, 100);
  const components = isForum ? [name, input("content", "First message", PARAGRAPH, 2000)] : [name];
  const title = isForum ? `New post in ${parent.name}` : `New thread in #${parent.name}`;
  openModal({ custom_id: `thread:${parent.id}`, title, components }, { store, onDone: onOpened,
    submit: (answers) => open(...answers.map((row) => row.components[0].value)) });
}
