// Unsent drafts, one per channel, saved between visits.

import { loadValue, saveValue } from "../model/storage.js";

/**
 * The drafts of one member: {get(channelId), set(channelId, draft), files(channelId), keepFiles(channelId, files),
 * clear(channelId)}. A draft is {text} or {command, values}. `files` are those chosen for options, by the options' names;
 * a browser cannot save them, so that they last as long as the page.
 */
export function createDrafts(memberId) {
  const key = `drafts:${memberId}`;
  const drafts = loadValue(key, {});
  const chosen = new Map();
  return {
    get: (channelId) => drafts[channelId] ?? { text: "" },
    set: (channelId, draft) => {
      if (draft.text || draft.command) drafts[channelId] = draft;
      else delete drafts[channelId];
      saveValue(key, drafts);
    },
    files: (channelId) => chosen.get(channelId) ?? {},
    keepFiles: (channelId, files) => chosen.set(channelId, { ...chosen.get(channelId), ...files }),
    clear: (channelId) => {
      delete drafts[channelId];
      chosen.delete(channelId);
      saveValue(key, drafts);
    },
  };
}
