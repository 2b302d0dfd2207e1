// Toasts that disappear by themselves or when dismissed.

import { element, iconButton } from "../dom.js";

const STAY = 7000;

/** {notify(text, kind), clearErrors()}; text may be nodes, kind is "error" or "info". */
export function createNotices(box) {
  function notify(text, kind = "info") {
    const close = () => notice.remove();
    const notice = element("div", { class: `notice notice--${kind}`, role: kind === "error" ? "alert" : null },
      element("span", {}, text), iconButton("close", "Dismiss", close));
    box.append(notice);
    setTimeout(close, STAY);
  }

  function clearErrors() {
    for (const notice of box.querySelectorAll(".notice--error")) notice.remove();
  }

  return { notify, clearErrors };
}
