// What the browser remembers between visits: theme, drafts, read marks, gates. A browser that refuses storage
// only forgets.

const PREFIX = "easel:";

function parse(text) {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function attempt(action) {
  try {
    return action();
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}

/** The value kept under `key`, or `fallback`. */
export function recall(key, fallback) {
  return attempt(() => parse(localStorage.getItem(PREFIX + key))) ?? fallback;
}

/** Keeps `value` under `key`; null and undefined forget it. */
export function remember(key, value) {
  attempt(() => {
    if (value == null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  });
}
