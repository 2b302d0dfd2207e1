"""Any JSON that a bot sends is accepted or rejected by Discord's rules, without a server error."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.actions.message_forms import Form, edited_message, new_message
from sandbox.payloads.messages import message_json
from sandbox.rest.applications import registered_commands
from sandbox.state.clock import ManualClock
from sandbox.state.errors import ApiError
from sandbox.state.links import Links
from sandbox.state.seed import seeded_world
from sandbox.state.world import World
from sandbox.validation.modals import check_modal

EMOJI = {"id": None, "name": "😍"}
BUTTON = {"type": 2, "style": 1, "label": "b", "custom_id": "b", "emoji": EMOJI, "disabled": False}
SELECT = {
    "type": 3,
    "custom_id": "s",
    "min_values": 1,
    "max_values": 1,
    "options": [{"label": "a", "value": "a", "emoji": EMOJI}],
}
EMBED = {
    "title": "t",
    "description": "d",
    "url": "https://example.org",
    "color": 1,
    "timestamp": "2026-01-01T00:00:00+00:00",
    "footer": {"text": "f", "icon_url": "https://example.org"},
    "author": {"name": "n", "icon_url": "attachment://a.png"},
    "image": {"url": "attachment://a.png"},
    "thumbnail": {"url": "https://example.org"},
    "fields": [{"name": "n", "value": "v", "inline": True}],
}
V1 = {
    "content": "<@1>",
    "embeds": [EMBED],
    "components": [{"type": 1, "components": [BUTTON]}, {"type": 1, "components": [SELECT]}],
    "attachments": [{"id": 0, "filename": "a.png", "description": "d"}],
    "allowed_mentions": {"parse": ["users"], "users": [], "replied_user": True},
    "flags": 4,
    "nonce": "n",
    "tts": False,
}
V2 = {
    "flags": 1 << 15,
    "components": [
        {
            "type": 17,
            "accent_color": 1,
            "components": [
                {"type": 10, "content": "t"},
                {"type": 12, "items": [{"media": {"url": "https://example.org"}, "description": "d"}]},
                {"type": 13, "file": {"url": "attachment://a.png"}},
                {"type": 14, "spacing": 1, "divider": True},
                {
                    "type": 9,
                    "components": [{"type": 10, "content": "t"}],
                    "accessory": {"type": 11, "media": {"url": "https://example.org"}},
                },
                {"type": 1, "components": [BUTTON]},
            ],
        }
    ],
    "attachments": [{"id": 0, "filename": "a.png"}],
}
MODAL = {
    "custom_id": "m",
    "title": "t",
    "components": [
        {"type": 1, "components": [{"type": 4, "custom_id": "a", "style": 1, "label": "l", "max_length": 5}]},
        {"type": 18, "label": "l", "component": {"type": 4, "custom_id": "b", "style": 2}},
        {"type": 18, "label": "l", "component": SELECT | {"custom_id": "c"}},
    ],
}
COMMANDS = [
    {
        "name": "imagine",
        "description": "d",
        "type": 1,
        "options": [
            {"type": 3, "name": "p", "description": "d", "choices": [{"name": "n", "value": "v"}], "required": True},
            {"type": 4, "name": "q", "description": "d", "min_value": 1},
        ],
        "contexts": [0, 1],
        "integration_types": [0],
        "default_member_permissions": 8,
        "nsfw": False,
    },
    {
        "name": "group",
        "description": "d",
        "options": [
            {"type": 2, "name": "g", "description": "d", "options": [{"type": 1, "name": "s", "description": "d"}]}
        ],
    },
]

odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 1 << 66),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.just("x" * 7000),
    st.just([]),
    st.just({}),
    st.just([[]]),
    st.just([None]),
    st.just(["x"]),
    st.just([{}]),
    st.just({"x": 1}),
)


def places(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: Any = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


@st.composite
def spoilt(draw: st.DrawFn, body: Any) -> Any:
    """A valid body with one or two parts replaced."""
    spoilt_body = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(places(spoilt_body)[1:]))
        parent = spoilt_body
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = copy.deepcopy(draw(odd_values))
        if not places(spoilt_body)[1:]:
            break
    return spoilt_body


def new_world() -> World:
    clock = ManualClock()
    return seeded_world(clock, Links("http://127.0.0.1", clock))


@pytest.mark.parametrize("good", [V1, V2], ids=["first version", "second version"])
@settings(max_examples=400)
@given(data=st.data())
def test_a_malformed_message_is_accepted_or_rejected(good: dict[str, Any], data: st.DataObject) -> None:
    """As a new message and as an edit; an accepted form can also be rendered."""
    world = new_world()
    channel = next(iter(world.channels))
    form = Form(payload=data.draw(spoilt(good)), uploads={})
    try:
        message = new_message(world, form, channel_id=channel)
        message_json(world, message, world.bot.id)
        message_json(world, edited_message(world, message, form), world.bot.id)
    except ApiError as refusal:
        assert refusal.status in (400, 413)


@settings(max_examples=300)
@given(modal=spoilt(MODAL))
def test_a_malformed_modal_is_accepted_or_rejected(modal: Any) -> None:
    """It raises nothing but Discord's API error."""
    try:
        check_modal(modal)
    except ApiError as refusal:
        assert refusal.code == 50035


@settings(max_examples=300)
@given(commands=spoilt(COMMANDS))
def test_malformed_commands_are_accepted_or_rejected(commands: Any) -> None:
    """It raises nothing but Discord's API error."""
    try:
        registered_commands(new_world(), None, commands)
    except ApiError as refusal:
        assert refusal.code == 50035


@pytest.mark.parametrize("good", [V1, V2, MODAL, COMMANDS])
def test_the_valid_bodies_are_accepted(good: Any) -> None:
    """The unmodified bodies are accepted."""
    world = new_world()
    if good is MODAL:
        check_modal(good)
    elif good is COMMANDS:
        assert len(registered_commands(world, None, COMMANDS)) == 2
    else:
        form = Form(payload=good | {"attachments": [{"id": 0, "filename": "a.png"}]}, uploads={})
        assert new_message(world, form, channel_id=next(iter(world.channels))).components
