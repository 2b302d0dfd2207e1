// What somebody began to write and did not send, one draft per channel, kept between visits.

import { recall, remember } from "../model/memory.js";

/** The drafts of one member: {get(channelId), set(channelId, draft)}; a draft is {text} or {command, values}. */
export function createDrafts(memberId) {
  const key = `drafts:${memberId}`;
  const drafts = recall(key, {});
  return {
    get: (channelId) => drafts[channelId] ?? { text: "" },
    set: (channelId, draft) => {
      if (draft.text || draft.command) drafts[channelId] = draft;
      else delete drafts[channelId];
      remember(key, drafts);
    },
  };
}
