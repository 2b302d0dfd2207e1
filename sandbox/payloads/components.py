"""Message components: ids, Discord's defaults and resolved media."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.state.records import Json
from sandbox.validation.components import SELECTS, walk

MEDIA_SLOTS = ("media", "file")
Resolve = Callable[[str], Json]


def normalize_components(components: Any) -> tuple[Json, ...]:
    """Return a form's components with an `id` each, Discord's defaults filled in and nulls removed."""
    taken = {component["id"] for _, component in walk(components) if component.get("id")}
    numbers = (number for number in itertools.count(1) if number not in taken)
    return tuple(_normalize(component, numbers) for component in components or ())


def _normalize(component: Json, numbers: Iterator[int]) -> Json:
    kind = component["type"]
    kept = {key: value for key, value in component.items() if value is not None}
    kept["id"] = component.get("id") or next(numbers)
    kept = DEFAULTS.get(kind, {}) | kept
    if kind in SELECTS:
        kept = {"min_values": 1, "max_values": 1} | kept
        kept["options"] = [_normalize_option(option) for option in kept["options"]] if kind == 3 else None
        kept = {key: value for key, value in kept.items() if value is not None}
    if "default_values" in kept:
        kept["default_values"] = [one | {"id": str(one["id"])} for one in kept["default_values"]]
    if kind == 12:
        kept["items"] = [{"description": None, "spoiler": False} | _without_none(item) for item in kept["items"]]
    if "emoji" in kept:
        kept["emoji"] = _without_none(kept["emoji"])
    for slot in ("accessory", "component"):
        if slot in kept:
            kept[slot] = _normalize(kept[slot], numbers)
    if "components" in kept:
        kept["components"] = [_normalize(inner, numbers) for inner in kept["components"]]
    return kept


DEFAULTS: dict[int, Json] = {
    11: {"description": None, "spoiler": False},
    13: {"spoiler": False, "name": None, "size": None},
    14: {"spacing": 1, "divider": True},
    17: {"accent_color": None, "spoiler": False},
}


def _normalize_option(option: Json) -> Json:
    kept = _without_none(option)
    if "emoji" in kept:
        kept["emoji"] = _without_none(kept["emoji"])
    return kept


def _without_none(body: Json) -> Json:
    return {key: value for key, value in body.items() if value is not None}


def resolve_media(component: Json, resolve: Resolve) -> Json:
    """Return a component with each media URL replaced by the result of `resolve`."""
    shown = dict(component)
    for slot in MEDIA_SLOTS:
        if slot in shown:
            shown[slot] = resolve(shown[slot]["url"])
    if "items" in shown:
        shown["items"] = [item | {"media": resolve(item["media"]["url"])} for item in shown["items"]]
    if "accessory" in shown:
        shown["accessory"] = resolve_media(shown["accessory"], resolve)
    if "components" in shown:
        shown["components"] = [resolve_media(inner, resolve) for inner in shown["components"]]
    return shown


def referenced_filenames(embeds: tuple[Json, ...], components: tuple[Json, ...]) -> frozenset[str]:
    """Return the attachment names used by embeds or components, which `attachments` does not list again."""
    urls = [(embed.get(slot) or {}).get("url", "") for embed in embeds for slot in ("image", "thumbnail")]
    urls += [(embed.get(slot) or {}).get("icon_url", "") for embed in embeds for slot in ("author", "footer")]
    for _, component in walk(list(components)):
        media = [component.get(slot) for slot in MEDIA_SLOTS] + [item["media"] for item in component.get("items", ())]
        urls += [item["url"] for item in media if item]
    prefix = "attachment://"
    return frozenset(url.removeprefix(prefix) for url in urls if url and url.startswith(prefix))


def component_by_custom_id(components: tuple[Json, ...], custom_id: str) -> Json | None:
    """Return the component with that custom id, None when there is none."""
    found = (component for _, component in walk(list(components)) if component.get("custom_id") == custom_id)
    return next(found, None)
