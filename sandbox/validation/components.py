"""Validates message components, v1 (action rows) and v2 (layouts)."""

from collections import Counter
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any

from sandbox.state.records import Json
from sandbox.validation.problems import Path, Problems

MAX_ROWS = 5
MAX_ROW_WIDTH = 5
MAX_COMPONENTS = 40
MAX_DISPLAYED_TEXT = 4000


class ComponentType(IntEnum):
    ACTION_ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    SECTION = 9
    TEXT_DISPLAY = 10
    THUMBNAIL = 11
    MEDIA_GALLERY = 12
    FILE = 13
    SEPARATOR = 14
    CONTAINER = 17
    LABEL = 18


SELECTS = frozenset({3, 5, 6, 7, 8})
INSIDE_ROW = frozenset({2}) | SELECTS
INSIDE_CONTAINER = frozenset({1, 9, 10, 12, 13, 14})
TOP_LEVEL_V2 = INSIDE_CONTAINER | {17}
NESTS = {1: (MAX_ROW_WIDTH, INSIDE_ROW), 9: (3, frozenset({10})), 17: (MAX_COMPONENTS, INSIDE_CONTAINER)}
LINK_BUTTON, PREMIUM_BUTTON = 5, 6


def walk(components: Any) -> Iterator[tuple[Path, Json]]:
    """Yield every component of a tree with its path, parents first. Skips values that are not components."""
    for index, component in enumerate(components if isinstance(components, list) else ()):
        if not isinstance(component, dict):
            continue
        yield (index,), component
        for path, inner in walk(component.get("components")):
            yield (index, "components", *path), inner
        for slot in ("accessory", "component"):
            for path, inner in walk([component[slot]] if slot in component else None):
                yield (index, slot, *path[1:]), inner


def check_components(problems: Problems, components: Any, *, v2: bool, filenames: frozenset[str]) -> None:
    """Validate a message's components.

    v2: whether the message has the flag IS_COMPONENTS_V2. filenames: the valid targets of `attachment://`.
    """
    path: Path = ("components",)
    listed = problems.listing(path, components, MAX_COMPONENTS if v2 else MAX_ROWS)
    allowed = TOP_LEVEL_V2 if v2 else frozenset({1})
    for index, component in enumerate(listed):
        _check(problems, (*path, index), component, allowed, filenames)
    _check_together(problems, path, listed)


def _check_together(problems: Problems, path: Path, components: list[Json]) -> None:
    found = list(walk(components))
    if len(found) > MAX_COMPONENTS:
        problems.add(
            path,
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
            f"The total number of components cannot exceed {MAX_COMPONENTS}",
        )
    texts = [str(component.get("content", "")) for _, component in found if component.get("type") == 10]
    if sum(map(len, texts)) > MAX_DISPLAYED_TEXT:
        problems.add(
            path,
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            f"The total displayable text cannot exceed {MAX_DISPLAYED_TEXT} characters",
        )
    check_unique_custom_ids(problems, path, components)


def check_unique_custom_ids(problems: Problems, path: Path, components: list[Json]) -> None:
    """Add an error for each duplicate custom id."""
    seen: Counter[str] = Counter()
    for inner, component in walk(components):
        custom_id = component.get("custom_id")
        if isinstance(custom_id, str) and seen[custom_id]:
            problems.add(
                (*path, *inner, "custom_id"),
                "COMPONENT_CUSTOM_ID_DUPLICATED",
                "Component custom id cannot be duplicated",
            )
        if isinstance(custom_id, str):
            seen[custom_id] += 1


def _check(problems: Problems, path: Path, component: Json, allowed: frozenset[int], filenames: frozenset[str]) -> None:
    kind = component.get("type")
    if kind not in allowed:
        words = ", ".join(str(number) for number in sorted(allowed))
        problems.add((*path, "type"), "UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({words}).')
        return
    if kind in (1, 9, 17):
        _check_nest(problems, path, component, filenames)
    elif kind in SELECTS:
        _check_select(problems, path, component)
    elif kind in MEDIA:
        MEDIA[kind](problems, path, component, filenames)
    else:
        PLAIN[kind](problems, path, component)


def _check_nest(problems: Problems, path: Path, component: Json, filenames: frozenset[str]) -> None:
    kind = component["type"]
    longest, allowed = NESTS[kind]
    inner_path = (*path, "components")
    inner = problems.listing(inner_path, component.get("components"), longest, shortest=1, required=True)
    for index, part in enumerate(inner):
        _check(problems, (*inner_path, index), part, allowed, filenames)
    if kind == 1 and any(part.get("type") in SELECTS for part in inner) and len(inner) > 1:
        problems.add(inner_path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")
    if kind == 9:
        accessory = component.get("accessory")
        _check(problems, (*path, "accessory"), accessory or {}, frozenset({2, 11}), filenames)
    if kind == 17:
        problems.number((*path, "accent_color"), component.get("accent_color"), 0, 0xFFFFFF)


def _check_button(problems: Problems, path: Path, button: Json) -> None:
    problems.text((*path, "label"), button.get("label"), 80)
    if not problems.choice((*path, "style"), button.get("style"), range(1, 7)) or button["style"] == PREMIUM_BUTTON:
        return
    if button["style"] == LINK_BUTTON:
        problems.text((*path, "url"), button.get("url"), 512, shortest=1, required=True)
    elif button.get("custom_id") is None:
        problems.add(
            (*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", "A custom id is required for this button style"
        )
    else:
        problems.text((*path, "custom_id"), button["custom_id"], 100, shortest=1)
    if not button.get("label") and not button.get("emoji"):
        problems.add(path, "BUTTON_COMPONENT_INVALID_LABEL", "A button must have a label or an emoji")
    _check_emoji(problems, path, button)


def _check_emoji(problems: Problems, path: Path, component: Json) -> None:
    emoji = component.get("emoji")
    if not emoji:
        return
    name = emoji.get("name")
    if emoji.get("id") is None and (not isinstance(name, str) or not name or name.isascii()):
        problems.add((*path, "emoji", "name"), "COMPONENT_INVALID_EMOJI", "Invalid emoji")


def _check_select(problems: Problems, path: Path, select: Json) -> None:
    problems.text((*path, "custom_id"), select.get("custom_id"), 100, shortest=1, required=True)
    problems.text((*path, "placeholder"), select.get("placeholder"), 150)
    problems.number((*path, "min_values"), select.get("min_values"), 0, 25)
    problems.number((*path, "max_values"), select.get("max_values"), 1, 25)
    if select["type"] == ComponentType.STRING_SELECT:
        _check_select_options(problems, (*path, "options"), select.get("options"))


def _check_select_options(problems: Problems, path: Path, options: Any) -> None:
    seen: set[str] = set()
    for index, option in enumerate(problems.listing(path, options, 25, shortest=1, required=True)):
        problems.text((*path, index, "label"), option.get("label"), 100, shortest=1, required=True)
        problems.text((*path, index, "value"), option.get("value"), 100, shortest=1, required=True)
        problems.text((*path, index, "description"), option.get("description"), 100)
        _check_emoji(problems, (*path, index), option)
        if option.get("value") in seen:
            problems.add(
                (*path, index, "value"),
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
        seen.add(str(option.get("value")))


def _check_text_display(problems: Problems, path: Path, display: Json) -> None:
    problems.text((*path, "content"), display.get("content"), MAX_DISPLAYED_TEXT, shortest=1, required=True)


def _check_separator(problems: Problems, path: Path, separator: Json) -> None:
    problems.number((*path, "spacing"), separator.get("spacing"), 1, 2)


def _check_thumbnail(problems: Problems, path: Path, thumbnail: Json, filenames: frozenset[str]) -> None:
    _check_media(problems, (*path, "media"), thumbnail.get("media"), filenames)


def _check_gallery(problems: Problems, path: Path, gallery: Json, filenames: frozenset[str]) -> None:
    items = problems.listing((*path, "items"), gallery.get("items"), 10, shortest=1, required=True)
    for index, item in enumerate(items):
        problems.text((*path, "items", index, "description"), item.get("description"), 1024)
        _check_media(problems, (*path, "items", index, "media"), item.get("media"), filenames)


def _check_file(problems: Problems, path: Path, component: Json, filenames: frozenset[str]) -> None:
    _check_media(problems, (*path, "file"), component.get("file"), filenames)


def _check_media(problems: Problems, path: Path, media: Any, filenames: frozenset[str]) -> None:
    url = (media or {}).get("url")
    problems.text((*path, "url"), url, 2048, shortest=1, required=True)
    scheme, _, name = str(url).partition("://")
    if scheme == "attachment" and name not in filenames:
        problems.add(
            (*path, "url"),
            "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
            f"The referenced attachment ({name}) was not found",
        )


PLAIN: dict[int, Callable[[Problems, Path, Json], None]] = {
    2: _check_button,
    10: _check_text_display,
    14: _check_separator,
}
MEDIA: dict[int, Callable[[Problems, Path, Json, frozenset[str]], None]] = {
    11: _check_thumbnail,
    12: _check_gallery,
    13: _check_file,
}
