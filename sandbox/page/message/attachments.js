// Attachments: pictures in a gallery, other files as download cards.

import { element, icon } from "../dom.js";
import { isPicture, localAddress, sizeText } from "../text/addresses.js";

const SPOILER = /^SPOILER_/;

/** The gallery item of a picture attachment. */
export function pictureOf(file) {
  return {
    url: localAddress(file.url), width: file.width, height: file.height, name: file.filename,
    alt: file.description ?? "", spoiler: SPOILER.test(file.filename),
  };
}

/** A card for a file that is not drawn: name, size, download. */
export function fileCard({ name, size, url }) {
  const label = element("span", { class: "file__name" }, name);
  return element("div", { class: "file" }, icon("file"),
    element("div", { class: "file__what" },
      url ? element("a", { href: url, download: name }, label) : label,
      size == null ? null : element("span", { class: "file__size" }, sizeText(size))));
}

/** Draws `message`'s attachments into `part`. */
export function drawAttachments(part, message, env) {
  const files = message.attachments ?? [];
  const pictures = files.filter((file) => isPicture(file) && localAddress(file.url));
  const others = files.filter((file) => !pictures.includes(file));
  const gallery = env.gallery("attachments");
  if (pictures.length) {
    gallery.update(pictures.map(pictureOf));
    if (gallery.node.parentNode !== part) part.prepend(gallery.node);
  } else {
    gallery.update([]);
    gallery.node.remove();
  }
  for (const card of part.querySelectorAll(":scope > .file")) card.remove();
  part.append(...others.map((file) =>
    fileCard({ name: file.filename, size: file.size, url: localAddress(file.url) })));
}
