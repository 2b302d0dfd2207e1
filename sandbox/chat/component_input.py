"""Validates a button press or select menu choice like Discord's client and builds the interaction data."""

from collections.abc import Callable
from typing import Any

from sandbox.chat.errors import ActionError
from sandbox.chat.resolved import Resolved
from sandbox.payloads.components import component_by_custom_id
from sandbox.state.records import Channel, Json, Message
from sandbox.state.world import World
from sandbox.validation.components import SELECTS


def component_data(world: World, channel: Channel, message: Message, data: Json) -> Json:
    """Return the interaction data of a component. Raises: ActionError when it does not exist or is disabled."""
    custom_id = data.get("custom_id")
    component = component_by_custom_id(message.components, str(custom_id))
    if component is None or message.author_id != world.application.id:
        raise ActionError("This component does not exist.", 404)
    if component.get("disabled"):
        raise ActionError("This component is disabled.")
    kind = component["type"]
    if data.get("component_type", kind) != kind:
        raise ActionError("The component type does not match.")
    body: Json = {"custom_id": custom_id, "component_type": kind, "id": component["id"]}
    return body | _selection(world, channel, component, data.get("values")) if kind in SELECTS else body


def _selection(world: World, channel: Channel, select: Json, values: Any) -> Json:
    chosen = list(values) if isinstance(values, list) else []
    if not select["min_values"] <= len(chosen) <= select["max_values"]:
        raise ActionError(f"Choose {select['min_values']} to {select['max_values']}options.")
    resolved = Resolved(world, channel, {})
    return {"values": [selected_value(resolved, select, value) for value in chosen]} | resolved.in_body()


def selected_value(resolved: Resolved, select: Json, value: Any) -> str:
    """Return one selected value of a select menu. Raises: ActionError when it is not one of the options."""
    if select["type"] in ENTITY_RESOLVERS:
        return ENTITY_RESOLVERS[select["type"]](resolved, "The selection", value)
    if str(value) not in {option["value"] for option in select["options"]}:
        raise ActionError("Choose one of the listed options.")
    return str(value)


ENTITY_RESOLVERS: dict[int, Callable[[Resolved, str, Any], str]] = {
    5: Resolved.user,
    6: Resolved.role,
    7: Resolved.mentionable,
    8: Resolved.channel,
}
