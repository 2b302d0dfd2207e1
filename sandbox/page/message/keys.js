// Keyboard navigation of messages: arrow keys move focus, Escape returns to the composer.

const STEPS = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" };

function targetOf(event, list) {
  if (event.key === "Home") return list.firstElementChild;
  if (event.key === "End") return list.lastElementChild;
  const step = STEPS[event.key];
  if (!step) return null;
  return event.target.matches("[data-message-id]") ? event.target[step] : list.lastElementChild;
}

/** Moves focus through the messages of `list` with arrow keys, once `box` or a message has focus. */
export function navigateByKeys(box, list) {
  let current = null;

  function hold(node) {
    if (current) current.tabIndex = -1;
    current = node;
    current.tabIndex = 0;
  }

  list.addEventListener("focusin", (event) => {
    const message = event.target.closest("[data-message-id]");
    if (message) hold(message);
  });
  box.addEventListener("keydown", (event) => {
    const isOnMessage = event.target === box || event.target.matches("[data-message-id]");
    const next = isOnMessage ? targetOf(event, list) : null;
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}
