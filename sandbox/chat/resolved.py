"""Resolves the ids in a member's input to users, roles, channels and files: Discord's `resolved` data."""

from collections.abc import Sequence
from typing import Any

from sandbox.actions.uploads import Upload, store_upload
from sandbox.chat.errors import ActionError
from sandbox.payloads.interactions import ATTACHMENT_LIMIT_BYTES, resolved_member_json
from sandbox.payloads.messages import attachment_json
from sandbox.payloads.objects import channel_json, roles_json, user_json
from sandbox.state.records import Channel, Json
from sandbox.state.world import World


class Resolved:
    """The resolved data of one interaction. Each method stores the object and returns its id as the value to send."""

    def __init__(self, world: World, channel: Channel, uploads: dict[int, Upload]) -> None:
        self._world, self._channel, self._uploads = world, channel, uploads
        self.found: dict[str, Json] = {}

    def _keep(self, kind: str, key: int, body: Json) -> str:
        self.found.setdefault(kind, {})[str(key)] = body
        return str(key)

    def user(self, name: str, value: Any) -> str:
        """Resolve a user, also as a member of the guild if they are in it. Raises: ActionError when there is none."""
        user = self._world.users.get(_number(value))
        if user is None:
            raise ActionError(f"{name} must be a member.")
        guild_id = self._channel.guild_id
        if guild_id and self._world.guild(guild_id).has_member(user.id):
            self._keep("members", user.id, resolved_member_json(self._world, guild_id, user))
        return self._keep("users", user.id, user_json(user))

    def role(self, name: str, value: Any) -> str:
        """Resolve a role of the guild. Raises: ActionError when there is none."""
        guild = self._world.guilds.get(self._channel.guild_id or 0)
        roles = {int(role["id"]): role for role in roles_json(self._world, guild)} if guild else {}
        if _number(value) not in roles:
            raise ActionError(f"{name} must be a role.")
        return self._keep("roles", _number(value), roles[_number(value)])

    def mentionable(self, name: str, value: Any) -> str:
        """Resolve a user or a role. Raises: ActionError when it is neither."""
        return self.user(name, value) if _number(value) in self._world.users else self.role(name, value)

    def channel(self, name: str, value: Any, kinds: Sequence[int] = ()) -> str:
        """Resolve a channel of the guild, of one of these types if any are named. Raises: ActionError for another."""
        channel = self._world.channels.get(_number(value))
        if channel is None or channel.guild_id is None or channel.guild_id != self._channel.guild_id:
            raise ActionError(f"{name} must be a channel.")
        if kinds and channel.type not in kinds:
            raise ActionError(f"{name} must be a channel of another type.")
        permissions = {"permissions": str(self._world.permissions(self._world.application.id, channel))}
        return self._keep("channels", channel.id, channel_json(self._world, channel) | permissions)

    def file(self, name: str, value: Any) -> str:
        """Store an uploaded file by its index. Raises: ActionError when it is missing or larger than 10 MiB."""
        upload = self._uploads.get(_number(value, -1))
        if upload is None:
            raise ActionError(f"{name} requires a file.")
        if len(upload.content) > ATTACHMENT_LIMIT_BYTES:
            raise ActionError(f"{upload.filename} is too large. The limit is 10 MiB per file.", 413)
        attachment = store_upload(self._world, upload, ephemeral=True)
        return self._keep("attachments", attachment.id, attachment_json(self._world, self._channel.id, attachment))

    def in_body(self) -> Json:
        """Return the `resolved` field, empty when nothing was resolved."""
        return {"resolved": self.found} if self.found else {}


def _number(value: Any, otherwise: int = 0) -> int:
    return int(value) if str(value).isdecimal() else otherwise
