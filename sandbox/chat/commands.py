"""Validates a member's command like Discord's client and builds the interaction data."""

from collections.abc import Callable
from typing import Any

from sandbox.actions.uploads import Upload
from sandbox.chat.errors import ActionError
from sandbox.chat.resolved import Resolved
from sandbox.chat.views import message_for_member, usable_commands
from sandbox.payloads.messages import message_json
from sandbox.state.records import Channel, Command, Json
from sandbox.state.world import World

LONGEST_TEXT = 6000
CHAT_INPUT, MESSAGE_COMMAND = 1, 3
SUBCOMMANDS = (1, 2)


def command_data(
    world: World, member_id: int, channel: Channel, data: Json, uploads: dict[int, Upload], *, complete: bool
) -> Json:
    """Return the interaction data of a command.

    complete: False for autocomplete, where options may be missing and values are not checked against choices.
    Raises: ActionError for invalid input.
    """
    if data.get("type") == MESSAGE_COMMAND:
        return _message_command_data(world, member_id, channel, data)
    command = _command_named(world, member_id, channel, data.get("name"), CHAT_INPUT)
    resolved = Resolved(world, channel, uploads)
    options = _options(resolved, command.body.get("options", []), data.get("options") or [], complete)
    body: Json = {"id": str(command.id), "name": command.body["name"], "type": command.body["type"]}
    if options:
        body["options"] = options
    return body | resolved.in_body() | ({"guild_id": str(command.guild_id)} if command.guild_id else {})


def _message_command_data(world: World, member_id: int, channel: Channel, data: Json) -> Json:
    """Return the interaction data of a command on a message. Raises: ActionError when the member cannot see that."""
    command = _command_named(world, member_id, channel, data.get("name"), MESSAGE_COMMAND)
    message = message_for_member(world, member_id, channel, data.get("target_id"))
    target = str(message.id)
    body: Json = {"id": str(command.id), "name": command.body["name"], "type": MESSAGE_COMMAND, "target_id": target}
    # Without the intent for what members write, an application sees it in the target of a command all the same.
    return body | {"resolved": {"messages": {target: message_json(world, message, member_id)}}}


def _command_named(world: World, member_id: int, channel: Channel, name: Any, kind: int) -> Command:
    usable = usable_commands(world, member_id, channel)
    found = [command for command in usable if command.body["name"] == name and command.body["type"] == kind]
    if not found:
        raise ActionError(f"The command {'/' if kind == CHAT_INPUT else ''}{name} is not available here.", 404)
    # A guild command takes precedence over a global one of the same name.
    return max(found, key=lambda command: command.guild_id is not None)


def _options(resolved: Resolved, declared: list[Json], given: list[Json], complete: bool) -> list[Json]:
    by_name = {option["name"]: option for option in declared}
    for option in given:
        if option.get("name") not in by_name:
            raise ActionError(f"Unknown option: {option.get('name')}.")
    names = {option["name"] for option in given}
    missing = [option["name"] for option in declared if option.get("required") and option["name"] not in names]
    if complete and missing:
        raise ActionError(f"The option {missing[0]} is required.")
    if complete and not given and any(option["type"] in SUBCOMMANDS for option in declared):
        raise ActionError("Choose a subcommand.")
    return [_option(resolved, by_name[option["name"]], option, complete) for option in given]


def _option(resolved: Resolved, declared: Json, given: Json, complete: bool) -> Json:
    kind = declared["type"]
    body: Json = {"name": declared["name"], "type": kind}
    if kind in SUBCOMMANDS:
        return body | {"options": _options(resolved, declared.get("options", []), given.get("options") or [], complete)}
    if given.get("focused"):
        return body | {"value": str(given.get("value", "")), "focused": True}
    value = VALUES[kind](resolved, declared, given.get("value"))
    if complete:
        _check_choice(declared, value)
    return body | {"value": value}


def _check_choice(declared: Json, value: Any) -> None:
    choices = [choice["value"] for choice in declared.get("choices", ())]
    if choices and value not in choices:
        raise ActionError(f"Choose one of the listed values for {declared['name']}.")


def _text(resolved: Resolved, declared: Json, value: Any) -> str:
    text, name = str(value), declared["name"]
    longest, shortest = declared.get("max_length", LONGEST_TEXT), declared.get("min_length", 0)
    if len(text) > longest:
        raise ActionError(f"{name} must be {longest} characters or fewer.")
    if len(text) < shortest or not text:
        raise ActionError(f"{name} must be at least {max(1, shortest)} characters.")
    return text


def _whole_number(resolved: Resolved, declared: Json, value: Any) -> int:
    if isinstance(value, bool) or not _is_number(value, int):
        raise ActionError(f"{declared['name']} must be a whole number.")
    return int(_in_range(declared, int(value)))


def _number(resolved: Resolved, declared: Json, value: Any) -> float:
    if isinstance(value, bool) or not _is_number(value, float):
        raise ActionError(f"{declared['name']} must be a number.")
    return _in_range(declared, float(value))


def _is_number(value: Any, kind: Callable[[Any], float]) -> bool:
    try:
        kind(value)
    except (TypeError, ValueError):
        return False
    return True


def _in_range(declared: Json, value: float) -> float:
    smallest, largest = declared.get("min_value"), declared.get("max_value")
    if smallest is not None and value < smallest:
        raise ActionError(f"{declared['name']} must be at least {smallest}.")
    if largest is not None and value > largest:
        raise ActionError(f"{declared['name']} must be at most {largest}.")
    return value


def _truth(resolved: Resolved, declared: Json, value: Any) -> bool:
    if value not in (True, False):
        raise ActionError(f"{declared['name']} must be true or false.")
    return bool(value)


VALUES: dict[int, Callable[[Resolved, Json, Any], Any]] = {
    3: _text,
    4: _whole_number,
    5: _truth,
    6: lambda resolved, declared, value: resolved.user(declared["name"], value),
    7: lambda resolved, declared, value: resolved.channel(declared["name"], value, declared.get("channel_types", ())),
    8: lambda resolved, declared, value: resolved.role(declared["name"], value),
    9: lambda resolved, declared, value: resolved.mentionable(declared["name"], value),
    10: _number,
    11: lambda resolved, declared, value: resolved.file(declared["name"], value),
}
