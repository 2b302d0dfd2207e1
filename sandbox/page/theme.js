// The theme: light, dark or system.

import { icon, iconButton } from "./dom.js";
import { loadValue, saveValue } from "./model/storage.js";

const ORDER = ["auto", "light", "dark"];
const ICONS = { auto: "auto", light: "sun", dark: "moon" };
const NAMES = { auto: "system", light: "light", dark: "dark" };

function apply(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** A button that cycles through the themes and saves the choice. */
export function createThemeButton() {
  let theme = loadValue("theme", "auto");
  const button = iconButton("auto", "", () => {
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
    saveValue("theme", theme);
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
