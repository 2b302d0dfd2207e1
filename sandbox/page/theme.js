// Light, dark, or as the system says.

import { icon, iconButton } from "./dom.js";
import { recall, remember } from "./model/memory.js";

const ORDER = ["auto", "light", "dark"];
const ICONS = { auto: "auto", light: "sun", dark: "moon" };
const NAMES = { auto: "as the system", light: "light", dark: "dark" };

function apply(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** A button that walks through the themes; the choice is kept and applied at once. */
export function createThemeButton() {
  let theme = recall("theme", "auto");
  const button = iconButton("auto", "", () => {
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
    remember("theme", theme);
    show();
  });

  function show() {
    apply(theme);
    const label = `Theme: ${NAMES[theme]}`;
    button.setAttribute("aria-label", label);
    button.title = label;
    button.replaceChildren(icon(ICONS[theme]));
  }

  show();
  return button;
}
