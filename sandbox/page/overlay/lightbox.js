// The lightbox: one picture at a time, with arrow keys and download.

import { element, icon, iconButton } from "../dom.js";
import { captionOf } from "../text/addresses.js";

function captionText(item, index, count) {
  const size = item.width ? ` · ${item.width} × ${item.height}` : "";
  return `${item.alt || captionOf(item.name)}${size}${count > 1 ? ` · ${index + 1} of ${count}` : ""}`;
}

/** One lightbox for the page; pictures are {url, alt, name, width, height}. */
export class Lightbox {
  #items = [];
  #index = 0;
  #picture = element("img", { class: "lightbox__picture", alt: "" });
  #caption = element("p", { class: "lightbox__caption" });
  #keep = element("a", { class: "button button--secondary", download: "" }, icon("download"), "Download");
  #stage = element("div", { class: "lightbox__stage" }, this.#picture);
  #steps;
  #dialog;

  constructor() {
    const step = (name, label, by) =>
      iconButton(name, label, () => this.#step(by), { class: "icon-button lightbox__step" });
    this.#steps = [step("left", "Previous picture", -1), step("right", "Next picture", 1)];
    const bar = element("div", { class: "lightbox__bar" }, this.#caption,
      iconButton("zoom", "View full size", () => this.#toggleSize()), this.#keep,
      iconButton("close", "Close", () => this.#dialog.close()));
    this.#dialog = element("dialog", {
      class: "lightbox", "aria-label": "Picture",
      on: {
        keydown: (event) => this.#onKey(event), click: (event) => this.#onClick(event),
        close: () => this.#picture.removeAttribute("src"),
      },
    }, bar, this.#steps[0], this.#stage, this.#steps[1]);
    document.body.append(this.#dialog);
  }

  /** Shows `items` from `index` on; closing gives focus back. */
  open(items, index) {
    this.#items = items;
    this.#index = index;
    this.#show();
    this.#dialog.showModal();
  }

  #show() {
    const item = this.#items[this.#index];
    this.#picture.src = item.url;
    this.#picture.alt = item.alt || captionOf(item.name);
    this.#caption.textContent = captionText(item, this.#index, this.#items.length);
    this.#keep.href = item.url;
    this.#keep.download = item.name;
    this.#stage.classList.remove("lightbox__stage--full");
    for (const button of this.#steps) button.hidden = this.#items.length < 2;
  }

  #step(by) {
    this.#index = (this.#index + by + this.#items.length) % this.#items.length;
    this.#show();
  }

  #toggleSize() {
    this.#stage.classList.toggle("lightbox__stage--full");
  }

  #onKey(event) {
    const keys = {
      ArrowLeft: () => this.#step(-1), ArrowRight: () => this.#step(1),
      z: () => this.#toggleSize(), d: () => this.#keep.click(),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  }

  #onClick(event) {
    if (event.target === this.#picture) this.#toggleSize();
    else if (event.target === this.#dialog || event.target === this.#stage) this.#dialog.close();
  }
}
