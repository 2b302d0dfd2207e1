"""The HTTP interface for members, used by the chat page and by tests. Bots use `sandbox.rest` and the Gateway.

It answers on loopback only and rejects a foreign Host or Origin. `member` is a user id. Errors are 4xx with
`{"message": a sentence for the member}`.

- `GET /` is the chat page, `GET /page/{file}` its static files.
- `GET /sandbox/state?member=ID` returns `{me, bot, members, guild, channels, commands, messages}` as that member sees
  it (without `member`, the first one): `members: [{id, username, global_name, administrator, has_installed,
  takes_direct_messages}]`, `guild: {id, name, roles}`, `channels: [{id, name, type, nsfw, kind: "text" | "forum" |
  "thread" | "dm", topic}]` (one of a server without the bot also has `{foreign_guild}`, its name; a thread has
  `{parent_id, archived, locked}`), `commands` (command objects), `messages: {channel_id: [the last 50 message
  objects, oldest first]}`.
- `GET /sandbox/members` returns all members, in the form of `members` above.
- `GET /sandbox/events?member=ID` is a WebSocket of `{t, d}`: MESSAGE_CREATE and MESSAGE_UPDATE (a message object),
  MESSAGE_DELETE `{id, channel_id}`, MESSAGE_REACTION_ADD and _REMOVE (Discord's event), COMMANDS_UPDATE `{commands}`,
  TYPING_START `{channel_id, user_id, timestamp}`, CHANNEL_CREATE, CHANNEL_UPDATE, CHANNEL_DELETE,
  THREAD_CREATE, THREAD_UPDATE and THREAD_DELETE (an entry of `channels`),
  INTERACTION_STATE `{interaction_id, nonce, state: "sent" | "acknowledged" | "failed", reason, after_ms}`,
  MODAL `{interaction_id, nonce, modal: {custom_id, title, components}}`, AUTOCOMPLETE `{nonce, choices}`.
  The first event is always READY `{}`; every event after it is delivered.
- `POST /sandbox/interactions`, JSON or multipart (`payload_json`, `files[n]`), takes
  `{member, channel_id, nonce, type: 2 | 3 | 4 | 5, data}` and returns `{interaction_id}`. `data` of a command (2)
  and of its autocomplete (4, one option `focused`): `{name, options: [{name, type, value}]}`, with subcommands nested
  as in Discord and n as the value of an attachment; of a command on a message `{name, type: 3, target_id}`;
  of a component (3): `{message_id, custom_id, component_type, values?}`; of a modal (5):
  `{interaction_id of the interaction that opened it, custom_id, components}`.
- `POST /sandbox/messages` `{member, channel_id, content, reference?}` returns the message;
  `DELETE /sandbox/messages/{channel}/{id}?member=`; `PUT` and `DELETE`
  `/sandbox/reactions/{channel}/{message}/{emoji}?member=`;
  `POST /sandbox/history` `{member, channel_id, before}` returns the 50 messages before that id, oldest first.
- `POST /sandbox/threads` `{member, channel_id, name, content?}` opens a thread, or a forum post with its first
  message, and returns the channel object; `PATCH /sandbox/threads/{thread}` `{member, archived?, locked?}`;
  `DELETE /sandbox/threads/{thread}?member=`.
- `PUT /sandbox/direct-messages` `{member, open}`: whether the member takes direct messages of the bot.
- `PUT /sandbox/locale` `{member, locale}`: the language of the member's Discord, in which commands are shown too.
- `POST /sandbox/fresh` `{member}` deletes every message and thread, for administrators.
- For tests: `PUT /sandbox/faults` (see `fault_injection.fault_from_json`) and `DELETE /sandbox/faults`;
  `POST /sandbox/gateway` `{action: "drop" | "reconnect" | "invalidate", resumable}`;
  `PATCH /sandbox/channels/{channel}` `{bot: "writes" | "reads" | "outside"}` and `DELETE /sandbox/channels/{channel}`;
  `PUT /sandbox/roles/{member}` `{roles: [ids]}` and `DELETE /sandbox/roles/{role}`, of the first guild.
"""
