// Asks before what cannot be undone.

import { element, freshId } from "../dom.js";

/** Asks `title` and `text`; `onYes` runs if the button named `action` is pressed. Escape and Cancel do nothing. */
export function openConfirm({ title, text, action, onYes }) {
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
