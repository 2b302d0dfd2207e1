// The typing indicator of the open channel. An entry expires after ten seconds, or with the user's message.

import { displayName } from "./model/store.js";

const STAYS = 10000;

/** The typing indicator in `node`. */
export function createTyping(node, store) {
  const signs = new Map();
  let shown = null;
  const keyOf = (channelId, userId) => `${channelId}/${userId}`;

  function draw() {
    const names = [...signs.values()].filter((sign) => sign.channelId === shown).map(({ userId }) => displayName(store.user(userId)));
    node.textContent = names.length ? `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} typing…` : "";
  }

  function stop(channelId, userId) {
    const key = keyOf(channelId, userId);
    clearTimeout(signs.get(key)?.timer);
    if (signs.delete(key)) draw();
  }

  function note(channelId, userId) {
    if (userId === store.me.id) return;
    stop(channelId, userId);
    signs.set(keyOf(channelId, userId), { channelId, userId, timer: setTimeout(() => stop(channelId, userId), STAYS) });
    draw();
  }

  return { note, stop, show: (channelId) => { shown = channelId; draw(); } };
}
