// Asks before what cannot be undone.

import { element, freshId } from "../dom.js";

/** Asks before a message is deleted. */
export function askToDelete(onYes) {
  openConfirm({ title: "Delete message", action: "Delete", onYes,
    text: "This deletes the message for everyone, with its pictures and buttons. It cannot be undone." });
}

/** Asks before the whole chat is deleted. */
export function askToStartAnew(onYes) {
  openConfirm({ title: "Clear the chat", action: "Clear", onYes,
    text: "This deletes every message and thread in all channels. Jobs, pictures and ratings stay in the database." });
}

/** Asks `title` and `text`; `onYes` runs if the button named `action` is pressed. Escape and Cancel do nothing. */
function openConfirm({ title, text, action, onYes }) {
  const [titleId, textId] = [freshId("confirm"), freshId("confirm")];
  const button = (label, look, onClick) =>
    element("button", { type: "button", class: `button button--${look}`, on: { click: onClick } }, label);
  const cancel = button("Cancel", "secondary", () => dialog.close());
  const dialog = element("dialog", {
    class: "modal", role: "alertdialog", "aria-labelledby": titleId, "aria-describedby": textId,
    on: { close: () => dialog.remove() },
  }, element("header", { class: "modal__head" }, element("h2", { class: "modal__title", id: titleId }, title)),
  element("p", { class: "modal__fields", id: textId }, text),
  element("footer", { class: "modal__foot" }, cancel, button(action, "danger", () => { dialog.close(); onYes(); })));
  document.body.append(dialog);
  dialog.showModal();
  cancel.focus();
}
