// The field of an attachment option: chosen, pasted or dropped, with a preview.

import { element, icon } from "../dom.js";
import { sizeText } from "../text/addresses.js";

/** Discord's attachment limit without Nitro. */
const LARGEST = 10 * 1024 * 1024;

function preview(file) {
  if (!file.type.startsWith("image/")) return icon("file");
  const address = URL.createObjectURL(file);
  return element("img", { class: "slot__preview", src: address, alt: "", on: { load: () => URL.revokeObjectURL(address) } });
}

/** An attachment field: like other fields, plus `accept(file)` for a pasted or dropped file. */
export function createFileField(option, { onChange }, slot) {
  let file = null;
  const chooser = element("input", { type: "file", class: "visually-hidden", tabindex: "-1", "aria-hidden": "true",
    on: { change: () => { if (chooser.files[0]) accept(chooser.files[0]); } } });
  const button = element("button", {
    type: "button", class: "slot__file", "aria-label": `${option.name}: ${option.description}`,
    on: { click: () => chooser.click() } });
  const node = slot(option, [button, chooser], "slot--file");

  function draw() {
    button.replaceChildren(...(file
      ? [preview(file), element("span", { class: "slot__file-name" }, file.name), element("small", {}, sizeText(file.size))]
      : [icon("plus"), "Choose, paste or drop a file"]));
    button.setAttribute("aria-label", `${option.name}: ${file ? file.name : option.description}`);
  }

  function accept(next) {
    file = next;
    draw();
    onChange();
  }

  function problem() {
    if (!file) return option.required ? "This option is required. Choose a file." : null;
    return file.size > LARGEST ? `Your file is too large (${sizeText(file.size)}). The limit is 10 MB.` : null;
  }

  draw();
  return {
    option, node, control: button, value: () => file, text: () => file?.name ?? "", problem, accept,
    suggest: async () => [], choose: () => {}, isList: false, isFile: true, focus: () => button.focus(),
    fill: (kept) => {
      file = kept || null;
      draw();
    },
  };
}
