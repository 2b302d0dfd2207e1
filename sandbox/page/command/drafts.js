// Unsent drafts, one per channel, saved between visits.

import { loadValue, saveValue } from "../model/storage.js";

/** The drafts of one member: {get(channelId), set(channelId, draft)}; a draft is {text} or {command, values}. */
export function createDrafts(memberId) {
  const key = `drafts:${memberId}`;
  const drafts = loadValue(key, {});
  return {
    get: (channelId) => drafts[channelId] ?? { text: "" },
    set: (channelId, draft) => {
      if (draft.text || draft.command) drafts[channelId] = draft;
      else delete drafts[channelId];
      saveValue(key, drafts);
    },
  };
}
