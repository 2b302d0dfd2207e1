"""What a test client enters, as Discord's interaction data has it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.payloads.components import component_by_custom_id
from sandbox.state.records import Json
from sandbox.validation.components import walk


@dataclass(frozen=True, kw_only=True)
class FileOption:
    """A file that a member attaches to a command or a form."""

    name: str
    content: bytes


def nested_options(given: list[Json], subcommands: Sequence[str]) -> list[Json]:
    """Return options inside the groups and the subcommand that they belong to."""
    for depth, subcommand in enumerate(reversed(subcommands)):
        given = [{"name": subcommand, "type": 1 if depth == 0 else 2, "options": given}]
    return given


def modal_field(custom_id: str, value: str | Sequence[str | FileOption], files: Sequence[FileOption] = ()) -> Json:
    """Return a field of a modal as it is submitted: a text, what is chosen in a select, or files of `files`."""
    if isinstance(value, str):
        return {"type": 4, "custom_id": custom_id, "value": value}
    values = [str(files.index(one)) if isinstance(one, FileOption) else one for one in value]
    return {"custom_id": custom_id, "values": values}


def component_of(message: Json, face: str) -> Json | None:
    """Return the component of that custom id, or the button of that label or emoji; None when there is none."""
    return component_by_custom_id(tuple(message["components"]), face) or _button_named(message, face)


def _button_named(message: Json, face: str) -> Json | None:
    for _, button in walk(message["components"]):
        if face in (button.get("label"), (button.get("emoji") or {}).get("name")):
            return dict(button)
    return None
