"""Records as JSON and back, by the types of their fields."""

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from sandbox.state.records import Json

R = TypeVar("R")


def json_from_record(record: Any) -> Json:
    """Return a record's fields as JSON values."""
    return {field.name: _encoded(getattr(record, field.name)) for field in fields(record)}


def record_from_json(kind: type[R], body: Json) -> R:
    """Return the record; fields that it does not have are ignored, and absent ones have their defaults.

    Raises: KeyError, TypeError or ValueError when the body is not of that kind.
    """
    decoders: dict[str, Callable[[Any], Any]] = _decoders(cast("Any", kind))
    return kind(**{name: decoders[name](value) for name, value in body.items() if name in decoders})


def _encoded(value: Any) -> Any:
    if is_dataclass(value):
        return json_from_record(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple):
        return [_encoded(item) for item in value]
    return value


@cache
def _decoders(kind: Any) -> dict[str, Callable[[Any], Any]]:
    return {name: _decoder(hint) for name, hint in get_type_hints(kind).items()}


def _decoder(hint: Any) -> Callable[[Any], Any]:
    if get_origin(hint) in (types.UnionType, Union):
        # Of each union only the first type has a form of its own in JSON.
        decode = _decoder(get_args(hint)[0])
        return lambda value: None if value is None else decode(value)
    if get_origin(hint) is tuple:
        decode = _decoder(get_args(hint)[0])
        return lambda value: tuple(decode(item) for item in value)
    if not isinstance(hint, type):
        return lambda value: value
    if is_dataclass(hint):
        return lambda value: record_from_json(hint, value)
    if issubclass(hint, IntEnum):
        return hint
    return _SCALARS.get(hint, lambda value: value)


_SCALARS: dict[type, Callable[[Any], Any]] = {
    datetime: datetime.fromisoformat,
    timedelta: lambda seconds: timedelta(seconds=seconds),
}
