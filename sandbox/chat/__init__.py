"""The members' side of the local Discord: what the chat page and tests see and do. Bots never come here.

All of it is loopback only; a foreign Host or Origin is refused. `member` is a user id. Errors are 4xx with
`{"message": one plain sentence}`.

- `GET /` is the chat page, `GET /page/{file}` its static files.
- `GET /sandbox/state?member=ID` answers `{me, bot, members, guild, channels, commands, messages}` as that member
  sees it (without `member`, the first one): `members: [{id, username, global_name, administrator}]`,
  `guild: {id, name, roles}`, `channels: [{id, name, type, nsfw, kind: "text" | "dm", topic}]`, `commands`
  Discord's command objects, `messages: {channel_id: [the last 50 message objects, oldest first]}`.
- `GET /sandbox/members` answers everybody who can be played, as in `members` above.
- `GET /sandbox/events?member=ID` is a WebSocket of `{t, d}`: MESSAGE_CREATE and MESSAGE_UPDATE (a message object),
  MESSAGE_DELETE `{id, channel_id}`, MESSAGE_REACTION_ADD and _REMOVE (Discord's event), COMMANDS_UPDATE `{commands}`,
  TYPING_START `{channel_id, user_id, timestamp}`, CHANNEL_UPDATE and CHANNEL_DELETE (an entry of `channels`),
  INTERACTION_STATE `{interaction_id, nonce, state: "sent" | "acknowledged" | "failed", reason, after_ms}`,
  MODAL `{interaction_id, nonce, modal: {custom_id, title, components}}`, AUTOCOMPLETE `{nonce, choices}`.
  The first one is always READY `{}`: from then on nothing is missed.
- `POST /sandbox/interactions`, JSON or multipart (`payload_json`, `files[n]`), takes
  `{member, channel_id, nonce, type: 2 | 3 | 4 | 5, data}` and answers `{interaction_id}`. `data` of a command (2)
  and of its autocomplete (4, one option `focused`): `{name, options: [{name, type, value}]}`, subcommands nested as in
  Discord, an attachment's value being its n; of a component (3): `{message_id, custom_id, component_type, values?}`;
  of a modal (5): `{interaction_id of the one that opened it, custom_id, components}`.
- `POST /sandbox/messages` `{member, channel_id, content, reference?}` answers the message;
  `DELETE /sandbox/messages/{channel}/{id}?member=`; `PUT` and `DELETE`
  `/sandbox/reactions/{channel}/{message}/{emoji}?member=`;
  `POST /sandbox/history` `{member, channel_id, before}` answers the 50 messages before that id, oldest first.
- For tests: `PUT /sandbox/faults` (see `faults.fault_from_json`) and `DELETE /sandbox/faults`;
  `POST /sandbox/gateway` `{action: "drop" | "reconnect" | "invalidate", resumable}`;
  `PATCH /sandbox/channels/{channel}` `{bot: "writes" | "reads" | "outside"}` and `DELETE /sandbox/channels/{channel}`.
"""
