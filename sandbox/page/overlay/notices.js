// Toasts that disappear by themselves or when dismissed.

import { element, iconButton } from "../dom.js";

const STAY = 7000;

/** tell(text, kind): kind is "error" or "info". */
export function createNotices(box) {
  return (text, kind = "info") => {
    const close = () => notice.remove();
    const notice = element("div", { class: `notice notice--${kind}`, role: kind === "error" ? "alert" : null },
      element("span", {}, text), iconButton("close", "Dismiss", close));
    box.append(notice);
    setTimeout(close, STAY);
  };
}
