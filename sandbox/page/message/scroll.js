// Scroll position of the log: pinned to the newest message, or fixed while others arrive.

import { prefersStillness } from "../dom.js";

const NEAR = 60;
const HISTORY_AT = 400;

/** Watches `box` around `list`; calls `onTop` near the top and `onPin` when pinned or unpinned. */
export function createScroll(box, list, { onTop, onPin }) {
  let pinned = true;

  const distance = () => box.scrollHeight - box.scrollTop - box.clientHeight;

  function toEnd() {
    box.scrollTop = box.scrollHeight;
    pin(true);
  }

  function pin(value) {
    if (pinned === value) return;
    pinned = value;
    onPin(value);
  }

  function settle() {
    if (pinned) box.scrollTop = box.scrollHeight;
  }

  box.addEventListener("scroll", () => {
    pin(distance() < NEAR);
    if (box.scrollTop < HISTORY_AT) onTop();
  }, { passive: true });
  const observer = new ResizeObserver(settle);
  observer.observe(list);
  observer.observe(box);

  /** Runs `change` without moving the visible messages. */
  function still(change) {
    const before = box.scrollHeight - box.scrollTop;
    change();
    if (!pinned) box.scrollTop = box.scrollHeight - before;
  }

  function reveal(node) {
    node.scrollIntoView({ block: "center", behavior: prefersStillness() ? "auto" : "smooth" });
  }

  return { toEnd, still, reveal, isPinned: () => pinned, hasRoom: () => box.scrollHeight <= box.clientHeight };
}
