// The URLs that the page links to (http and https only) and loads (this origin only).

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);
const IMAGE_NAME = /\.(png|jpe?g|gif|webp|avif|bmp)$/i;

/** The URL if it is safe to link to, else null. */
export function safeLink(text) {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
}

function isOurs(url) {
  if (url.origin === location.origin) return true;
  return LOOPBACK.has(url.hostname) && LOOPBACK.has(location.hostname) && url.port === location.port;
}

/** The URL of a file that the page may load, as a path of its own origin, else null. */
export function localAddress(text) {
  if (!text || !URL.canParse(text, location.href)) return null;
  const url = new URL(text, location.href);
  if (url.protocol === "blob:") return url.href;
  return isOurs(url) ? url.pathname + url.search : null;
}

/** The address of `media`, where "attachment://name" stands for one of the message's own files. */
export function mediaAddress(media, attachments = []) {
  const text = media?.url ?? media?.proxy_url;
  if (!text?.startsWith("attachment://")) return localAddress(text);
  const name = decodeURIComponent(text.slice("attachment://".length));
  return localAddress(attachments.find((file) => file.filename === name)?.url);
}

/** True if browsers can display the attachment as an image. */
export function isPicture({ content_type: type, filename }) {
  return type ? type.startsWith("image/") && !type.includes("svg") : IMAGE_NAME.test(filename);
}

const ID = /[_-]?(?:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|\d{16,20})/i;

/** What a file shows, in words: "a_red_circle_(id).png" is "a red circle"; a name without an id is one that somebody chose. */
export function captionOf(filename) {
  if (!ID.test(filename)) return filename;
  return filename.replace(/\.\w+$/, "").replace(ID, "").replaceAll("_", " ").trim() || "Picture";
}

/** "1.4 MB" */
export function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} KB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
