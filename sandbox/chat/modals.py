"""Validates a submitted modal like Discord's client and builds the interaction data."""

from collections.abc import Callable
from typing import Any

from sandbox.actions.uploads import Upload
from sandbox.chat.component_input import selected_value
from sandbox.chat.errors import ActionError
from sandbox.chat.resolved import Resolved
from sandbox.state.records import Channel, Interaction, Json
from sandbox.state.world import World
from sandbox.validation.components import walk

ROW, LABEL = 1, 18
TEXT_INPUT, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 4, 19, 21, 22, 23


def modal_data(world: World, channel: Channel, opener: Interaction, data: Json, uploads: dict[int, Upload]) -> Json:
    """Return the interaction data of a modal; `components` may be nested as in the modal, or a flat list.

    Raises: ActionError when the modal is not the one that was opened, or an input is missing or invalid.
    """
    modal = opener.modal
    if modal is None or modal["custom_id"] != data.get("custom_id"):
        raise ActionError("This form is no longer open.", 404)
    given = {component.get("custom_id"): component for _, component in walk(data.get("components") or [])}
    resolved = Resolved(world, channel, uploads)
    rows = [_row(resolved, row, given) for row in modal["components"]]
    body: Json = {"custom_id": modal["custom_id"], "components": [row for row in rows if row]}
    return body | resolved.in_body()


def _row(resolved: Resolved, row: Json, given: dict[Any, Json]) -> Json | None:
    place: Json = {"type": row["type"], "id": row.get("id") or 0}
    if row["type"] == ROW:
        return place | {"components": [_input(resolved, inner, given) for inner in row["components"]]}
    if row["type"] == LABEL:
        return place | {"component": _input(resolved, row["component"] | {"label": row["label"]}, given)}
    return None


def _input(resolved: Resolved, declared: Json, given: dict[Any, Json]) -> Json:
    submitted = given.get(declared["custom_id"], {})
    body: Json = {"type": declared["type"], "id": declared.get("id") or 0, "custom_id": declared["custom_id"]}
    read = SINGLE.get(declared["type"])
    return body | ({"value": read(declared, submitted)} if read else {"values": _values(resolved, declared, submitted)})


def _text(declared: Json, submitted: Json) -> str:
    value = str(submitted.get("value") or "")
    _check_required(declared, bool(value))
    longest, shortest = declared.get("max_length") or 4000, declared.get("min_length") or 0
    if len(value) > longest:
        raise ActionError(f"{_label(declared)} must be {longest} characters or fewer.")
    if value and len(value) < shortest:
        raise ActionError(f"{_label(declared)} must be at least {shortest} characters.")
    return value


def _radio(declared: Json, submitted: Json) -> str | None:
    value = submitted.get("value")
    _check_required(declared, value is not None)
    if value is not None and value not in {option["value"] for option in declared["options"]}:
        raise ActionError("Choose one of the listed options.")
    return value if value is None else str(value)


def _checkbox(declared: Json, submitted: Json) -> bool:
    return bool(submitted.get("value"))


SINGLE: dict[int, Callable[[Json, Json], Any]] = {TEXT_INPUT: _text, RADIO_GROUP: _radio, CHECKBOX: _checkbox}


def _values(resolved: Resolved, declared: Json, submitted: Json) -> list[str]:
    values = submitted.get("values") or []
    _check_required(declared, bool(values))
    largest = declared.get("max_values") or (len(declared["options"]) if declared["type"] == CHECKBOX_GROUP else 1)
    if values and not (declared.get("min_values") or 0) <= len(values) <= largest:
        raise ActionError(f"{_label(declared)} takes {declared.get('min_values') or 1} to {largest} choices.")
    if declared["type"] == FILE_UPLOAD:
        return [resolved.file(_label(declared), value) for value in values]
    return [selected_value(resolved, declared, value) for value in values]


def _check_required(declared: Json, given: bool) -> None:
    if declared.get("required", True) and not given:
        raise ActionError(f"{_label(declared)} is required.")


def _label(declared: Json) -> str:
    return str(declared.get("label") or declared["custom_id"])
