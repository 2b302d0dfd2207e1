"""Validates the types in a form before the rules run: text, number, list or object."""

from collections.abc import Mapping
from typing import Any

from sandbox.state.records import Json
from sandbox.validation.problems import Path, Problems

# A shape is a type, a tuple of types, a list of one shape, or a mapping of shapes by key. Unknown keys are not checked.
ANY = (object,)
ID = (int, str)
WORDS = {str: "string", int: "int", float: "float", bool: "boolean"}

EMOJI = {"id": ID, "name": str, "animated": bool}
MEDIA = {"url": str}
OPTION = {"label": str, "value": str, "description": str, "emoji": EMOJI, "default": bool}
COMPONENT: dict[str, Any] = {
    "type": int,
    "id": int,
    "style": int,
    "label": str,
    "custom_id": str,
    "url": str,
    "sku_id": ID,
    "emoji": EMOJI,
    "disabled": bool,
    "required": bool,
    "placeholder": str,
    "value": str,
    "content": str,
    "description": str,
    "options": [OPTION],
    "min_values": int,
    "max_values": int,
    "min_length": int,
    "max_length": int,
    "accent_color": int,
    "spoiler": bool,
    "divider": bool,
    "spacing": int,
    "media": MEDIA,
    "file": MEDIA,
    "items": [{"media": MEDIA, "description": str, "spoiler": bool}],
}
COMPONENT |= {"components": [COMPONENT], "accessory": COMPONENT, "component": COMPONENT}
EMBED = {
    "title": str,
    "description": str,
    "url": str,
    "color": int,
    "timestamp": str,
    "footer": {"text": str, "icon_url": str},
    "author": {"name": str, "url": str, "icon_url": str},
    "image": {"url": str},
    "thumbnail": {"url": str},
    "fields": [{"name": str, "value": str, "inline": bool}],
}
MESSAGE = {
    "content": str,
    "embeds": [EMBED],
    "components": [COMPONENT],
    "attachments": [{"id": ID, "filename": str, "description": str}],
    "allowed_mentions": {"parse": [str], "users": [ID], "roles": [ID], "replied_user": bool},
    "message_reference": {"message_id": ID, "channel_id": ID, "type": int, "fail_if_not_exists": bool},
    "flags": int,
    "nonce": ID,
    "enforce_nonce": bool,
    "tts": bool,
}
MODAL = {"custom_id": str, "title": str, "components": [COMPONENT]}
CHOICE = {"name": str, "value": (str, int, float)}
COMMAND_OPTION: dict[str, Any] = {
    "type": int,
    "name": str,
    "description": str,
    "required": bool,
    "autocomplete": bool,
    "choices": [CHOICE],
    "channel_types": [int],
    "min_value": (int, float),
    "max_value": (int, float),
    "min_length": int,
    "max_length": int,
}
COMMAND_OPTION["options"] = [COMMAND_OPTION]
COMMAND = {
    "type": int,
    "name": str,
    "description": str,
    "options": [COMMAND_OPTION],
    "contexts": [int],
    "integration_types": [int],
    "default_member_permissions": ID,
    "dm_permission": bool,
    "nsfw": bool,
}


def validate_shape(body: Any, shape: Any, path: Path = ()) -> Any:
    """Return a form without nested nulls. Nulls of top-level keys stay: in an edit they clear the field.

    Raises: ApiError 50035 for a value of the wrong type.
    """
    problems = Problems()
    read = _read(problems, path, body, shape)
    problems.raise_if_any()
    if isinstance(body, dict):
        return dict.fromkeys(key for key, value in body.items() if value is None) | read
    return read


def _read(problems: Problems, path: Path, value: Any, shape: Any) -> Any:
    if isinstance(shape, Mapping):
        return _read_object(problems, path, value, shape)
    if isinstance(shape, list):
        return _read_list(problems, path, value, shape[0])
    kinds = shape if isinstance(shape, tuple) else (shape,)
    is_flag = isinstance(value, bool)
    if not isinstance(value, kinds) or (is_flag and not {bool, object} & set(kinds)):
        code = "NUMBER_TYPE_COERCE" if kinds[0] is int else "BASE_TYPE_BAD_TYPE"
        problems.add(path, code, f"Must be of type {WORDS.get(kinds[0], 'object')}.")
    return value


def _read_object(problems: Problems, path: Path, value: Any, shape: Mapping[str, Any]) -> Json:
    if not isinstance(value, dict):
        problems.add(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return {}
    given = {key: inner for key, inner in value.items() if inner is not None}
    return {key: _read(problems, (*path, key), inner, shape.get(key, ANY)) for key, inner in given.items()}


def _read_list(problems: Problems, path: Path, value: Any, shape: Any) -> list[Any]:
    if not isinstance(value, list):
        problems.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return []
    return [_read(problems, (*path, index), item, shape) for index, item in enumerate(value)]
