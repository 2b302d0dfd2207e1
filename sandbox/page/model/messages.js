// Pure changes to lists of Discord messages: insert, merge, react. Lists are oldest first and never changed in place.

import { compareIds, isLater } from "./snowflake.js";

export const PAGE = 50;
export const FLAGS = { ephemeral: 1 << 6, loading: 1 << 7, componentsV2: 1 << 15 };

/** True if `message` has the flag of that name. */
export function has(message, flag) {
  return Boolean((message.flags ?? 0) & FLAGS[flag]);
}

/** True if the message mentions the member. */
export function mentions(message, memberId) {
  const named = message.mentions?.some((user) => user.id === memberId);
  return Boolean(named || message.mention_everyone);
}

/** The list with `message` inserted by id; one with the same id is replaced. */
export function insertMessage(list, message) {
  const rest = list.filter((other) => other.id !== message.id);
  const at = rest.findIndex((other) => compareIds(other.id, message.id) > 0);
  return at < 0 ? [...rest, message] : [...rest.slice(0, at), message, ...rest.slice(at)];
}

/** The list after a reconnect: `fresh` replaces everything from its first message on, except ephemeral messages. */
export function mergeFresh(list, fresh) {
  const ids = new Set(fresh.map((message) => message.id));
  const ephemeral = list.filter((message) => has(message, "ephemeral") && !ids.has(message.id));
  if (fresh.length < PAGE) return sorted([...fresh, ...ephemeral]);
  const overlaps = list.some((message) => ids.has(message.id));
  const older = overlaps ? list.filter((message) => isLater(fresh[0].id, message.id)) : [];
  return sorted([...new Set([...older, ...fresh, ...ephemeral])]);
}

function sorted(list) {
  return list.sort((a, b) => compareIds(a.id, b.id));
}

const isSame = (a, b) => (a.id || b.id ? a.id === b.id : a.name === b.name);

/** The message after a member added (`change` 1) or removed (-1) a reaction. */
export function applyReaction(message, emoji, change, isMine) {
  const reactions = message.reactions ?? [];
  const known = reactions.find((reaction) => isSame(reaction.emoji, emoji));
  const next = { emoji, count: (known?.count ?? 0) + change, me: isMine ? change > 0 : Boolean(known?.me) };
  const rest = known
    ? reactions.map((reaction) => (reaction === known ? next : reaction))
    : [...reactions, next];
  return { ...message, reactions: rest.filter((reaction) => reaction.count > 0) };
}
