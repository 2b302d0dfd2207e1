// Values saved in the browser: theme, drafts, read state, age gates. Without storage access
// nothing is saved.

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

/** The value saved under `key`, or `fallback`. */
export function loadValue(key, fallback) {
  return attempt(() => parse(localStorage.getItem(PREFIX + key))) ?? fallback;
}

/** Saves `value` under `key`; null and undefined remove it. */
export function saveValue(key, value) {
  attempt(() => {
    if (value == null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  });
}
