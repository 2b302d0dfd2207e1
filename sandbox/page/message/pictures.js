// Pictures in a message: one large, several as a mosaic. Their space is reserved before they load, and when an edit
// replaces a picture, the old one stays until the new one is decoded.

import { element, icon } from "../dom.js";
import { captionOf } from "../text/addresses.js";

const LARGEST_LEFT_SMALL = 48;

function ratioOf({ width, height }) {
  return width && height ? width / height : 1;
}

/** A URL without its signature, which changes while the picture stays the same. */
const fileOf = (url) => url.split("?")[0];

function imageOf(item, attributes) {
  return element("img", {
    src: item.url, alt: item.alt, width: item.width, height: item.height, draggable: "false", decoding: "async", ...attributes });
}

class Tile {
  #item = null;
  #onOpen;
  #cover = element("span", { class: "picture__cover" }, icon("eye"), "Spoiler");
  node = element("button", { type: "button", class: "picture", on: { click: () => this.#open() } });

  constructor(onOpen) {
    this.#onOpen = onOpen;
  }

  update(item) {
    const old = this.#item;
    this.#item = item;
    this.#describe(old);
    if (!old) this.#showFirst();
    else if (this.#isOther(old, item)) this.#replace();
  }

  #isOther(old, item) {
    const hasFailed = this.node.dataset.state === "failed";
    return fileOf(old.url) !== fileOf(item.url) || (hasFailed && old.url !== item.url);
  }

  #open() {
    if (this.node.dataset.hidden === "true") {
      this.node.dataset.hidden = "false";
      this.#cover.remove();
    } else this.#onOpen();
  }

  #describe(old) {
    const { alt, name, spoiler, width } = this.#item;
    this.node.setAttribute("aria-label", `Enlarge picture: ${alt || captionOf(name)}`);
    this.node.classList.toggle("picture--small", (width || Infinity) <= LARGEST_LEFT_SMALL);
    if (old?.spoiler === spoiler) return;
    this.node.dataset.hidden = String(Boolean(spoiler));
    if (spoiler) this.node.append(this.#cover);
    else this.#cover.remove();
  }

  #place(image, state) {
    const old = this.node.querySelector("img");
    if (old) old.replaceWith(image);
    else this.node.prepend(image);
    this.node.dataset.state = state;
    this.node.style.setProperty("--ratio", ratioOf(this.#item));
  }

  #showFirst() {
    const image = imageOf(this.#item, { loading: "lazy" });
    image.addEventListener("load", () => { this.node.dataset.state = "shown"; });
    image.addEventListener("error", () => this.#fail());
    this.#place(image, "loading");
  }

  async #replace() {
    const item = this.#item;
    const image = imageOf(item);
    this.node.dataset.state = "replacing";
    const isReady = await image.decode().then(() => true, () => false);
    if (item !== this.#item && fileOf(item.url) !== fileOf(this.#item.url)) return;
    if (isReady) this.#place(image, "shown");
    else this.#fail();
  }

  #fail() {
    this.node.dataset.state = "failed";
    this.node.setAttribute("aria-label", `Could not load picture: ${this.#item.alt || captionOf(this.#item.name)}`);
  }
}

/** A gallery of pictures: {url, width, height, alt, name, spoiler} each. */
export class Gallery {
  #tiles = [];
  #items = [];
  #openLightbox;
  node = element("div", { class: "gallery" });

  constructor(openLightbox) {
    this.#openLightbox = openLightbox;
  }

  update(items) {
    if (items.length !== this.#tiles.length) this.#lay(items.length);
    this.#items = items;
    this.#tiles.forEach((tile, index) => tile.update(items[index]));
  }

  #lay(count) {
    this.#tiles = Array.from({ length: count }, (_, index) =>
      new Tile(() => this.#openLightbox(this.#items, index)));
    this.node.replaceChildren(...this.#tiles.map((tile) => tile.node));
    this.node.dataset.count = String(count);
    this.node.dataset.rest = String(count % 3);
  }
}
