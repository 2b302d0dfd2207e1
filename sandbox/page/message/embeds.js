// Embeds: the framed cards of messages.

import { element } from "../dom.js";
import { localAddress, safeLink } from "../text/addresses.js";
import { drawLine, drawMarkdown } from "../text/markdown_view.js";
import { messageTime, fullTime } from "../text/times.js";

/** "#rrggbb" of Discord's integer colours. */
export function colourText(colour) {
  return `#${colour.toString(16).padStart(6, "0")}`;
}

function linked(url, children) {
  const href = url && safeLink(url);
  return href ? element("a", { href, target: "_blank", rel: "noopener noreferrer" }, children) : children;
}

function picture(media, role, env, index) {
  if (!media?.url) return null;
  const url = localAddress(media.url);
  if (!url) return externalPicture(media.url);
  const gallery = env.gallery(`embed-${index}-${role}`);
  gallery.update([{ url, width: media.width, height: media.height, alt: "", name: role }]);
  return element("div", { class: `embed__${role}` }, gallery.node);
}

/** The placeholder of an external picture, which the page never loads. */
export function externalPicture(address) {
  const href = safeLink(address);
  return element("p", { class: "external-picture" }, "External picture from ",
    href ? linked(href, new URL(href).host) : "an unknown host", " is not loaded.");
}

function author({ name, url }) {
  return element("div", { class: "embed__author" }, linked(url, name));
}

function field({ name, value, inline }, store) {
  return element("div", { class: ["embed__field", inline && "embed__field--inline"] },
    element("dt", {}, drawLine(name, store)), element("dd", { class: "prose" }, drawMarkdown(value, store)));
}

function footer(embed) {
  const date = embed.timestamp && new Date(embed.timestamp);
  return element("footer", { class: "embed__footer" },
    [embed.footer?.text, date && element("time", {
      datetime: date.toISOString(), title: fullTime(date), data: { clock: "message" } }, messageTime(date))]
      .filter(Boolean).flatMap((part, index) => (index ? [" • ", part] : [part])));
}

function embedCard(embed, env, index) {
  const { store } = env;
  return element("article", {
    class: ["embed", embed.thumbnail && "embed--thumbnail"],
    vars: embed.color == null ? {} : { accent: colourText(embed.color) },
  }, element("div", { class: "embed__words" },
    embed.author?.name && author(embed.author),
    embed.title && element("div", { class: "embed__title" }, linked(embed.url, drawLine(embed.title, store))),
    embed.description && element("div", { class: "embed__text prose" }, drawMarkdown(embed.description, store)),
    embed.fields?.length && element("dl", { class: "embed__fields" },
      embed.fields.map((entry) => field(entry, store)))),
  picture(embed.thumbnail, "thumbnail", env, index), picture(embed.image, "image", env, index),
  (embed.footer?.text || embed.timestamp) && footer(embed));
}

/** Draws `message`'s embeds into `part`. */
export function drawEmbeds(part, message, env) {
  part.replaceChildren(...(message.embeds ?? []).map((embed, index) => embedCard(embed, env, index)));
}
