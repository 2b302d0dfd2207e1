"""Validates modals: title, action rows, labels and inputs."""

from typing import Any

from sandbox.state.records import Json
from sandbox.validation.components import check_unique_custom_ids
from sandbox.validation.problems import Path, Problems
from sandbox.validation.shapes import MODAL, validate_shape

TOP_LEVEL = frozenset({1, 10, 18})
INSIDE_LABEL = frozenset({3, 4, 5, 6, 7, 8, 19, 21, 22, 23})


def check_modal(modal: Any) -> None:
    """Validate a modal. Raises: ApiError 50035."""
    form = validate_shape(modal, MODAL, ("data",))
    problems = Problems()
    problems.text(("data", "custom_id"), form.get("custom_id"), 100, shortest=1, required=True)
    problems.text(("data", "title"), form.get("title"), 45, shortest=1, required=True)
    path: Path = ("data", "components")
    rows = problems.listing(path, form.get("components"), 5, shortest=1, required=True)
    for index, row in enumerate(rows):
        _check_row(problems, (*path, index), row)
    check_unique_custom_ids(problems, path, rows)
    problems.raise_if_any()


def _check_row(problems: Problems, path: Path, row: Json) -> None:
    if not problems.choice((*path, "type"), row.get("type"), sorted(TOP_LEVEL)):
        return
    if row["type"] == 1:
        for index, inner in enumerate(
            problems.listing((*path, "components"), row.get("components"), 1, shortest=1, required=True)
        ):
            _check_text_input(problems, (*path, "components", index), inner, labelled=False)
    elif row["type"] == 18:
        problems.text((*path, "label"), row.get("label"), 45, shortest=1, required=True)
        problems.text((*path, "description"), row.get("description"), 100)
        _check_labelled(problems, (*path, "component"), row.get("component") or {})


def _check_labelled(problems: Problems, path: Path, component: Json) -> None:
    if not problems.choice((*path, "type"), component.get("type"), sorted(INSIDE_LABEL)):
        return
    if component["type"] == 4:
        _check_text_input(problems, path, component, labelled=True)
    else:
        problems.text((*path, "custom_id"), component.get("custom_id"), 100, shortest=1, required=True)


def _check_text_input(problems: Problems, path: Path, component: Json, *, labelled: bool) -> None:
    if not problems.choice((*path, "type"), component.get("type"), (4,)):
        return
    problems.text((*path, "custom_id"), component.get("custom_id"), 100, shortest=1, required=True)
    problems.choice((*path, "style"), component.get("style"), (1, 2))
    problems.text((*path, "label"), component.get("label"), 45, shortest=1, required=not labelled)
    problems.text((*path, "placeholder"), component.get("placeholder"), 100)
    problems.text((*path, "value"), component.get("value"), 4000)
    problems.number((*path, "min_length"), component.get("min_length"), 0, 4000)
    problems.number((*path, "max_length"), component.get("max_length"), 1, 4000)
