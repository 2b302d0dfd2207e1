// What a member has read: one mark per channel, kept between visits.

import { mentions } from "./messages.js";
import { isLater } from "./snowflake.js";
import { recall, remember } from "./memory.js";

/** The read marks of one member; channels never opened count as read up to `store`'s newest message. */
export function createReading(memberId, store) {
  const key = `read:${memberId}`;
  const marks = recall(key, {});

  const newest = (channelId) => store.log(channelId).at(-1)?.id;

  function mark(channelId) {
    const id = newest(channelId);
    if (!id || !isLater(id, marks[channelId])) return false;
    marks[channelId] = id;
    remember(key, marks);
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
