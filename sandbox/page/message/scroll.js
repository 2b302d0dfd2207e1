// Scroll position of the log: pinned to the newest message, or fixed while others arrive.

import { prefersStillness } from "../dom.js";

// How far from the end still counts as at the end.
const NEAR = 60;
const HISTORY_AT = 400;

/** Watches `box` around `list`; calls `onTop` near the top and `onPin` when pinned or unpinned. */
export function createScroll(box, list, { onTop, onPin }) {
  let pinned = true;
  let top = 0;

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

  // Only scrolling up unpins: what arrives below also grows the distance to the end, before the view has followed.
  box.addEventListener("scroll", () => {
    if (distance() < NEAR) pin(true);
    else if (box.scrollTop < top) pin(false);
    top = box.scrollTop;
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

  /** Leaves the end for the top of `node` if that is above the view. */
  function showAbove(node) {
    const hidden = box.getBoundingClientRect().top - node.getBoundingClientRect().top;
    if (!pinned || hidden <= 0) return;
    pin(false);
    box.scrollTop -= hidden;
  }

  const isBelow = (node) => node.getBoundingClientRect().bottom > box.getBoundingClientRect().bottom;

  return { toEnd, still, reveal, showAbove, isBelow, isPinned: () => pinned, hasRoom: () => box.scrollHeight <= box.clientHeight };
}
