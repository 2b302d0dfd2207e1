// Requests to the sandbox. An error response becomes an ApiError with the sandbox's message.

export class ApiError extends Error {
  constructor(sentence, status = 0) {
    super(sentence);
    this.status = status;
  }
}

async function answered(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (error instanceof TypeError) throw new ApiError("Could not reach the sandbox. Is Easel still running?");
    throw error;
  }
  const body = await bodyOf(response);
  if (!response.ok) throw new ApiError(body?.message ?? `The sandbox returned HTTP ${response.status}.`, response.status);
  return body;
}

async function bodyOf(response) {
  const isJson = response.headers.get("content-type")?.includes("json");
  return isJson ? response.json() : null;
}

function send(method, path, body) {
  return answered(fetch(path, {
    method, headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  }));
}

function formOf(payload, files) {
  const form = new FormData();
  form.append("payload_json", JSON.stringify(payload));
  files.forEach((file, index) => form.append(`files[${index}]`, file, file.name));
  return form;
}

const query = (member) => (member ? `?member=${encodeURIComponent(member)}` : "");

/** The API for one member; without `member`, for the first one. */
export function createApi(member) {
  const reaction = (channelId, messageId, emoji) =>
    `/sandbox/reactions/${channelId}/${messageId}/${encodeURIComponent(emoji)}${query(member)}`;
  return {
    state: () => answered(fetch(`/sandbox/state${query(member)}`)),
    interact: (payload, files = []) => {
      const whole = { member, ...payload };
      if (!files.length) return send("POST", "/sandbox/interactions", whole);
      return answered(fetch("/sandbox/interactions", { method: "POST", body: formOf(whole, files) }));
    },
    say: (channelId, content, reference) =>
      send("POST", "/sandbox/messages", { member, channel_id: channelId, content, ...(reference && { reference }) }),
    remove: (channelId, messageId) =>
      answered(fetch(`/sandbox/messages/${channelId}/${messageId}${query(member)}`, { method: "DELETE" })),
    react: (channelId, messageId, emoji, add) =>
      answered(fetch(reaction(channelId, messageId, emoji), { method: add ? "PUT" : "DELETE" })),
    openThread: (channelId, name, content) =>
      send("POST", "/sandbox/threads", { member, channel_id: channelId, name, content }),
    takeDirectMessages: (open) => send("PUT", "/sandbox/direct-messages", { member, open }),
    chooseLocale: (locale) => send("PUT", "/sandbox/locale", { member, locale }),
    startAnew: () => send("POST", "/sandbox/fresh", { member }),
    archive: (threadId, archived) => send("PATCH", `/sandbox/threads/${threadId}`, { member, archived }),
    history: (channelId, before) =>
      send("POST", "/sandbox/history", { member, channel_id: channelId, before }),
  };
}
