// The component tree of a message, versions 1 and 2, drawn node by node.

import { element } from "../dom.js";
import { localAddress, mediaAddress } from "../text/addresses.js";
import { drawMarkdown } from "../text/markdown_view.js";
import { fileCard } from "./attachments.js";
import { drawButton, drawSelect } from "./controls.js";
import { colourText, externalPicture } from "./embeds.js";

function select(component, env) {
  return drawSelect(component, { ...env, onChoose: (values) => env.press(component, values) });
}

function mediaItem({ media, description, spoiler }, env) {
  const url = mediaAddress(media, env.message.attachments);
  const file = env.message.attachments?.find((attachment) => localAddress(attachment.url) === url);
  return {
    url, width: media.width ?? file?.width, height: media.height ?? file?.height,
    alt: description ?? "", name: file?.filename ?? "picture", spoiler,
  };
}

function media(items, key, env) {
  const known = items.map((item) => mediaItem(item, env));
  const here = known.filter((item) => item.url);
  if (!here.length) return externalPicture(items[0]?.media.url ?? "");
  const gallery = env.gallery(key);
  gallery.update(here);
  return gallery.node;
}

function container(component, env, key) {
  const accent = component.accent_color;
  return element("div", {
    class: ["container", accent != null && "container--accent", component.spoiler && "container--spoiler"],
    vars: accent == null ? {} : { accent: colourText(accent) },
    on: component.spoiler ? { click: (event) => event.currentTarget.classList.remove("container--spoiler") } : {},
  }, draw(component.components, env, key));
}

function file(component, env) {
  const url = mediaAddress(component.file, env.message.attachments);
  const known = env.message.attachments?.find((attachment) => localAddress(attachment.url) === url);
  const name = component.name ?? known?.filename ?? component.file.url.split("/").pop();
  return fileCard({ name, size: component.size ?? known?.size, url });
}

const DRAWERS = {
  1: (component, env, key) => element("div", { class: "row" }, draw(component.components, env, key)),
  2: drawButton,
  3: select,
  5: select,
  6: select,
  7: select,
  8: select,
  9: (component, env, key) => element("div", { class: "section" },
    element("div", { class: "section__words" }, draw(component.components, env, key)),
    draw([component.accessory], env, `${key}-accessory`)),
  10: (component, env) => element("div", { class: "prose" }, drawMarkdown(component.content, env.store)),
  11: (component, env, key) => element("div", { class: "thumbnail" }, media([component], key, env)),
  12: (component, env, key) => media(component.items, key, env),
  13: file,
  14: ({ divider = true, spacing = 1 }) =>
    element("hr", { class: ["separator", !divider && "separator--bare", spacing === 2 && "separator--wide"] }),
  17: container,
};

function draw(components, env, key) {
  return components.map((component, index) => DRAWERS[component.type]?.(component, env, `${key}-${index}`));
}

/** Draws `message`'s components into `part`; focus stays on the control that had it. */
export function drawComponents(part, message, env) {
  const focused = part.contains(document.activeElement) ? document.activeElement.dataset.customId : null;
  part.replaceChildren(...draw(message.components ?? [], env, "c").filter(Boolean));
  if (!focused) return;
  const again = part.querySelector(`[data-custom-id="${CSS.escape(focused)}"]:not(:disabled)`);
  (again ?? part.closest("[data-message-id]"))?.focus({ preventScroll: true });
}
