// A modal. It stays open until the bot acknowledges the submission.

import { element, freshId, iconButton } from "../dom.js";
import { drawMarkdown } from "../text/markdown_view.js";
import { createField } from "./modal_fields.js";

const ROW = 1;
const TEXT_INPUT = 4;
const TEXT = 10;
const LABEL = 18;

// What was typed into modals that were closed unsent, by their ids and those of the fields.
const unsent = new Map();

// Each gives {node, field, wrap}: `wrap` nests the value as in the modal.
function partsOf(component, store) {
  if (component.type === TEXT) {
    return [{ node: element("div", { class: "prose" }, drawMarkdown(component.content, store)) }];
  }
  if (component.type === LABEL) {
    const field = createField(component.component, { label: component.label, description: component.description, store });
    return [{ node: field.node, field, wrap: (answer) => ({ type: LABEL, component: answer }) }];
  }
  return (component.type === ROW ? component.components : [component]).map((inner) => {
    const field = createField(inner, { label: inner.label ?? inner.placeholder ?? "Answer", store });
    return { node: field.node, field, wrap: (answer) => ({ type: ROW, components: [answer] }) };
  });
}

function answersOf(parts) {
  const files = [];
  const components = parts.filter(({ field }) => field).map(({ field, wrap }) => {
    const own = field.files();
    const indices = own.map((_, index) => files.length + index);
    files.push(...own);
    const { type, custom_id: customId } = field.component;
    return wrap({ type, custom_id: customId, ...field.answer(indices) });
  });
  return { components, files };
}

function firstProblem(parts) {
  let first = null;
  for (const { field } of parts) {
    if (!field) continue;
    const problem = field.problem();
    field.say(problem);
    if (problem) first ??= field;
  }
  return first;
}

/**
 * Opens `modal` {custom_id, title, components} with a note of where it goes; `submit(components, files)` resolves on
 * success, or rejects with the error. `onDone` gets its result once the modal is closed. What was typed into a modal
 * that was closed unsent is there again the next time, as on Discord.
 */
export function openModal(modal, { store, note, submit, onDone = () => {} }) {
  const titleId = freshId("modal");
  const parts = modal.components.flatMap((component) => partsOf(component, store));
  const typed = parts.map(({ field }) => field).filter((field) => field?.component.type === TEXT_INPUT);
  for (const { component, control } of typed) control.value = unsent.get(modal.custom_id)?.[component.custom_id] ?? control.value;
  const trouble = element("p", { class: "modal__trouble", role: "alert" });
  const send = element("button", { type: "submit", class: "button button--primary" }, "Submit");
  const form = element("form", { class: "modal__form", novalidate: true, on: { submit: onSubmit } },
    element("header", { class: "modal__head" },
      element("div", {}, element("h2", { class: "modal__title", id: titleId }, modal.title),
        note && element("p", { class: "modal__from" }, note)),
      iconButton("close", "Close", () => dialog.close())),
    element("div", { class: "modal__fields" }, parts.map((part) => part.node)), trouble,
    element("footer", { class: "modal__foot" },
      element("button", { type: "button", class: "button button--secondary", on: { click: () => dialog.close() } }, "Cancel"), send));
  const dialog = element("dialog", { class: "modal", "aria-labelledby": titleId, data: { customId: modal.custom_id } }, form);

  let isSent = false;

  async function onSubmit(event) {
    event.preventDefault();
    if (send.getAttribute("aria-busy")) return;
    const wrong = firstProblem(parts);
    if (wrong) { wrong.control.focus(); return; }
    const { components, files } = answersOf(parts);
    send.setAttribute("aria-busy", "true");
    trouble.textContent = "";
    try {
      const result = await submit(components, files);
      isSent = true;
      dialog.close();
      onDone(result);
    } catch (error) {
      trouble.textContent = error.message;
    } finally {
      send.removeAttribute("aria-busy");
    }
  }

  dialog.addEventListener("close", () => {
    const texts = Object.fromEntries(typed.map(({ component, control }) => [component.custom_id, control.value]));
    if (isSent) unsent.delete(modal.custom_id);
    else unsent.set(modal.custom_id, texts);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  parts.find(({ field }) => field)?.field.control.focus();
}
