// Popups at a control, in the top layer. Escape and outside clicks close them and restore focus.

import { element } from "../dom.js";

const GAP = 6;
const EDGE = 8;

function place(panel, anchor, align) {
  const around = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = innerHeight - around.bottom - GAP - EDGE;
  const top = below >= height || below >= around.top ? around.bottom + GAP : around.top - GAP - height;
  const wanted = align === "end" ? around.right - width : around.left;
  panel.style.left = `${Math.max(EDGE, Math.min(wanted, innerWidth - width - EDGE))}px`;
  panel.style.top = `${Math.max(EDGE, Math.min(top, innerHeight - height - EDGE))}px`;
}

/** Opens `content` in a panel at `anchor`; returns close(). `onClose` runs once, however it closes. */
export function openPopup(anchor, content, { onClose = () => {}, align = "start", wide = false } = {}) {
  const panel = element("div", { class: "popup", popover: "auto" }, content);
  const home = anchor.closest("dialog") ?? document.body;
  home.append(panel);
  if (wide) panel.style.minWidth = `${anchor.offsetWidth}px`;
  anchor.setAttribute("aria-expanded", "true");
  panel.showPopover();
  place(panel, anchor, align);

  const move = () => place(panel, anchor, align);
  addEventListener("resize", move);
  const sizes = new ResizeObserver(move);
  sizes.observe(panel);
  panel.addEventListener("toggle", ({ newState }) => {
    if (newState !== "closed") return;
    removeEventListener("resize", move);
    sizes.disconnect();
    anchor.setAttribute("aria-expanded", "false");
    const hadFocus = panel.contains(document.activeElement) || document.activeElement === document.body;
    panel.remove();
    if (hadFocus) anchor.focus({ preventScroll: true });
    onClose();
  });
  return () => { if (panel.isConnected) panel.hidePopover(); };
}
