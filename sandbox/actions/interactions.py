"""The lifecycle of an interaction: sent, then a response within three seconds or failure; the token lasts 15 minutes.

It applies responses to messages and publishes events; it knows no HTTP.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sandbox.actions.follow_up_limit import check_follow_ups
from sandbox.actions.message_forms import Form, edited_message, new_message
from sandbox.state.errors import ErrorCode, api_error
from sandbox.state.flags import MessageFlags
from sandbox.state.records import CallbackType, Interaction, InteractionType, Json, Message, MessageType, WorldEvent
from sandbox.state.threads import check_takes_edits, check_takes_responses
from sandbox.state.world import World
from sandbox.validation.commands import check_choices
from sandbox.validation.modals import check_modal
from sandbox.validation.problems import Problems
from sandbox.validation.shapes import CHOICE, validate_shape

RESPONSE_DEADLINE = timedelta(seconds=3)
TOKEN_LIFETIME = timedelta(minutes=15)
FORGET_EVERY = 500
NO_RESPONSE = "The application did not respond"

UPDATES = (CallbackType.DEFERRED_UPDATE, CallbackType.UPDATE_MESSAGE)


def send_interaction(world: World, **fields: Any) -> Interaction:
    """Send a new interaction to the bot and start its response deadline. `fields` are those of `Interaction`."""
    interaction = Interaction(
        id=world.snowflakes.next(),
        token=secrets.token_urlsafe(120),
        created_at=world.clock.now(),
        **fields,
    )
    world.interactions[interaction.id] = interaction
    if len(world.interactions) % FORGET_EVERY == 0:
        forget_old_interactions(world)
    world.interaction_ids[interaction.token] = interaction.id
    world.deadlines[interaction.id] = world.clock.call_after(RESPONSE_DEADLINE, lambda: _fail(world, interaction.id))
    _publish_state(world, interaction, "sent")
    world.publish(
        WorldEvent(
            kind="INTERACTION_CREATE",
            channel_id=interaction.channel_id,
            data={"interaction": interaction},
            to_members=False,
        )
    )
    return interaction


def forget_old_interactions(world: World) -> None:
    """Remove the interactions whose token has expired and that no message names, nor a modal of another one."""
    named = {message.interaction_id for log in world.messages.values() for message in log.values()}
    named |= {item.opener_id for item in world.interactions.values() if item.id in named}
    oldest = world.clock.now() - TOKEN_LIFETIME
    for item in tuple(world.interactions.values()):
        if item.created_at < oldest and item.id not in named and item.id not in world.deadlines:
            del world.interactions[item.id]
            world.interaction_ids.pop(item.token, None)


def _fail(world: World, interaction_id: int) -> None:
    del world.deadlines[interaction_id]
    failed = replace(world.interactions[interaction_id], failed=True)
    world.interactions[interaction_id] = failed
    _publish_state(world, failed, "failed", NO_RESPONSE)


def _publish_state(world: World, interaction: Interaction, state: str, reason: str | None = None) -> None:
    waited = world.clock.now() - interaction.created_at
    data: Json = {"interaction_id": str(interaction.id), "nonce": interaction.nonce, "state": state, "reason": reason}
    data |= {"after_ms": waited / timedelta(milliseconds=1)}
    _publish_to_member(world, interaction, "INTERACTION_STATE", data)


def _publish_to_member(world: World, interaction: Interaction, kind: str, data: Json) -> None:
    world.publish(
        WorldEvent(
            kind=kind, channel_id=interaction.channel_id, data=data, visible_to=interaction.member_id, to_bot=False
        )
    )


def respond_to_interaction(
    world: World, interaction_id: int, token: str, form: Form
) -> tuple[Interaction, CallbackType]:
    """Apply the bot's only response to an interaction and return the interaction.

    Raises: ApiError 10062 when it is unknown or failed, 40060 when it already has a response, 50035 for
    an invalid response.
    """
    interaction = world.interactions.get(interaction_id)
    if interaction is None or interaction.token != token or interaction.failed:
        raise api_error(ErrorCode.UNKNOWN_INTERACTION)
    if interaction.callback_type is not None:
        raise api_error(ErrorCode.ALREADY_ACKNOWLEDGED)
    callback_type = _callback_type(interaction, form.payload)
    data = validate_shape(form.payload.get("data") or {}, {}, ("data",))
    changes = RESPONSES[callback_type](world, interaction, Form(payload=data, uploads=form.uploads))
    answered = replace(interaction, callback_type=callback_type, acknowledged_at=world.clock.now(), **changes)
    world.interactions[interaction_id] = answered
    world.deadlines.pop(interaction_id)()
    _publish_state(world, answered, "acknowledged")
    return answered, callback_type


def _callback_type(interaction: Interaction, payload: Json) -> CallbackType:
    fitting = {CallbackType.PONG, CallbackType.MESSAGE, CallbackType.DEFERRED_MESSAGE, CallbackType.MODAL}
    if interaction.type is InteractionType.AUTOCOMPLETE:
        fitting = {CallbackType.AUTOCOMPLETE_RESULT}
    if interaction.type is InteractionType.MODAL_SUBMIT:
        fitting.remove(CallbackType.MODAL)
    if interaction.message_id is not None:
        fitting |= set(UPDATES)
    problems = Problems()
    problems.choice(("type",), payload.get("type"), sorted(int(kind) for kind in fitting))
    problems.raise_if_any()
    return CallbackType(payload["type"])


def _post(world: World, interaction: Interaction, form: Form) -> Json:
    return {"response_id": _post_message(world, interaction, form).id}


def _post_message(world: World, interaction: Interaction, form: Form) -> Message:
    _check_takes_response(world, interaction, form.payload)
    message = new_message(
        world,
        form,
        channel_id=interaction.channel_id,
        interaction_id=interaction.id,
        **_visibility(interaction, form.payload),
        **_response_kind(interaction),
    )
    world.add_message(message)
    return message


def _check_takes_response(world: World, interaction: Interaction, payload: Json) -> None:
    channel = world.channel(interaction.channel_id)
    # Nobody else sees an ephemeral message, so a locked thread takes it.
    if not _visibility(interaction, payload):
        check_takes_responses(world, channel, world.application.id)


def _response_kind(interaction: Interaction) -> Json:
    if interaction.message_id is not None:
        return {"type": MessageType.REPLY, "reference": (interaction.channel_id, interaction.message_id)}
    return {"type": MessageType.CHAT_INPUT_COMMAND}


def _visibility(interaction: Interaction, payload: Json) -> Json:
    if int(payload.get("flags") or 0) & MessageFlags.EPHEMERAL:
        return {"flags": int(MessageFlags.EPHEMERAL), "visible_to": interaction.member_id}
    return {}


def _defer_message(world: World, interaction: Interaction, form: Form) -> Json:
    _check_takes_response(world, interaction, form.payload)
    visibility = _visibility(interaction, form.payload)
    flags = visibility.pop("flags", 0) | int(MessageFlags.LOADING)
    message = Message(
        id=world.snowflakes.next(),
        channel_id=interaction.channel_id,
        author_id=world.application.id,
        created_at=world.clock.now(),
        flags=flags,
        interaction_id=interaction.id,
        **visibility,
        **_response_kind(interaction),
    )
    world.add_message(message)
    return {"response_id": message.id}


def _update(world: World, interaction: Interaction, form: Form) -> Json:
    message = world.message(interaction.channel_id, interaction.message_id or 0)
    check_takes_edits(world, world.channel(message.channel_id), world.application.id)
    world.update_message(edited_message(world, message, form))
    return {"response_id": message.id}


def _defer_update(world: World, interaction: Interaction, form: Form) -> Json:
    return {"response_id": interaction.message_id}


def _offer_choices(world: World, interaction: Interaction, form: Form) -> Json:
    choices = validate_shape(form.payload, {"choices": [CHOICE]}, ("data",)).get("choices") or []
    problems = Problems()
    check_choices(problems, ("data", "choices"), choices)
    problems.raise_if_any()
    _publish_to_member(world, interaction, "AUTOCOMPLETE", {"nonce": interaction.nonce, "choices": choices})
    return {}


def _open_modal(world: World, interaction: Interaction, form: Form) -> Json:
    check_modal(form.payload)
    data = {"interaction_id": str(interaction.id), "nonce": interaction.nonce, "modal": form.payload}
    _publish_to_member(world, interaction, "MODAL", data)
    return {"modal": form.payload}


def _pong(world: World, interaction: Interaction, form: Form) -> Json:
    return {}


RESPONSES: dict[CallbackType, Callable[[World, Interaction, Form], Json]] = {
    CallbackType.PONG: _pong,
    CallbackType.MESSAGE: _post,
    CallbackType.DEFERRED_MESSAGE: _defer_message,
    CallbackType.DEFERRED_UPDATE: _defer_update,
    CallbackType.UPDATE_MESSAGE: _update,
    CallbackType.AUTOCOMPLETE_RESULT: _offer_choices,
    CallbackType.MODAL: _open_modal,
}


def interaction_by_token(world: World, token: str) -> Interaction:
    """Return the interaction of a webhook token.

    Raises: ApiError 10015 when it is unknown or has no response yet, 50027 when the token has expired.
    """
    interaction = world.interactions.get(world.interaction_ids.get(token, 0))
    if interaction is None:
        raise api_error(ErrorCode.UNKNOWN_WEBHOOK)
    if world.clock.now() - interaction.created_at >= TOKEN_LIFETIME:
        raise api_error(ErrorCode.EXPIRED_TOKEN)
    if interaction.callback_type is None:
        raise api_error(ErrorCode.UNKNOWN_WEBHOOK)
    return interaction


def original_response(world: World, interaction: Interaction) -> Message:
    """Return the `@original` message. Raises: ApiError 10008 when there is none."""
    return world.message(interaction.channel_id, interaction.response_id or 0)


def message_of_interaction(world: World, interaction: Interaction, message_id: int) -> Message:
    """Return the interaction's response or one of its followups.

    Raises: ApiError 10008 for any other.
    """
    message = world.message(interaction.channel_id, message_id)
    if message.interaction_id != interaction.id and message.id != interaction.response_id:
        raise api_error(ErrorCode.UNKNOWN_MESSAGE)
    return message


def edit_response_message(world: World, message: Message, form: Form) -> Message:
    """Edit a response or followup and return it. Editing a deferred response completes it.

    Raises: ApiError as `edited_message`, and 50083 or 160005 in a thread that takes no edits.
    """
    check_takes_edits(world, world.channel(message.channel_id), world.application.id)
    is_loading = bool(message.flags & MessageFlags.LOADING)
    changed = edited_message(world, replace(message, flags=message.flags & ~int(MessageFlags.LOADING)), form)
    changed = replace(changed, edited_at=None) if is_loading else changed
    world.update_message(changed)
    return changed


def follow_up(world: World, interaction: Interaction, form: Form) -> Message:
    """Post a followup and return it. The first one after a deferred response completes that response.

    Raises: ApiError 10003 when the channel was deleted, 50083 in a locked thread.
    """
    channel = world.channel(interaction.channel_id)
    original = world.messages[channel.id].get(interaction.response_id or 0)
    if original and original.flags & MessageFlags.LOADING:
        return edit_response_message(world, original, form)
    _check_takes_response(world, interaction, form.payload)
    check_follow_ups(world, interaction)
    message = new_message(
        world,
        form,
        channel_id=interaction.channel_id,
        interaction_id=interaction.id,
        **_visibility(interaction, form.payload),
        **_followup_kind(interaction),
    )
    world.add_message(message)
    return message


def _followup_kind(interaction: Interaction) -> Json:
    if interaction.response_id is None:
        return {}
    return {"type": MessageType.REPLY, "reference": (interaction.channel_id, interaction.response_id)}
