// The last read message per channel, saved between visits.

import { mentions } from "./messages.js";
import { isLater } from "./snowflake.js";
import { loadValue, saveValue } from "./storage.js";

/** The read state of one member; channels never opened count as read up to `store`'s newest message. */
export function createReadState(memberId, store) {
  const key = `read:${memberId}`;
  const marks = loadValue(key, {});

  const newest = (channelId) => store.log(channelId).at(-1)?.id;

  function mark(channelId) {
    const id = newest(channelId);
    if (!id || !isLater(id, marks[channelId])) return false;
    marks[channelId] = id;
    saveValue(key, marks);
    return true;
  }

  function unread(channelId) {
    const from = marks[channelId] ?? "0";
    const fresh = store.log(channelId).filter(({ id, author }) => isLater(id, from) && author.id !== memberId);
    return { count: fresh.length, named: fresh.filter((message) => mentions(message, memberId)).length,
      first: fresh[0]?.id ?? null };
  }

  for (const { id } of store.channels) if (!(id in marks)) mark(id);
  return { mark, unread };
}
