"""JSON files of models: what is wrong with one is said in words."""

from __future__ import annotations

import json

import pytest

from engine.models.files.json_files import object_from, shown


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Expecting value"),
        ("[1, 2]", r"it must be a JSON object, not \[1, 2\]"),
        ("null", "it must be a JSON object, not null"),
        ('{"a":' * 100_000, "it is nested too deeply"),
        ('{"a": [{"b": NaN}]}', r"a\.0\.b is NaN, which is not a number"),
        ('{"a": {"b": 1, "b": 2}}', "it sets b twice, to 1 and to 2"),
        ('{"a": ' + "9" * 5000 + "}", "Exceeds the limit"),
    ],
    ids=lambda value: value[:40],
)
def test_what_is_no_object_is_told(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        object_from(text.encode())


def test_another_encoding_is_told() -> None:
    with pytest.raises(ValueError, match="its encoding is not UTF-8"):
        object_from("{}".encode("utf-16"))


def test_what_libraries_write_is_read() -> None:
    """A byte order mark, infinite numbers, a key that is set twice to the same, a vocabulary of any size."""
    text = '\ufeff{"lambda_min_clipped": -Infinity, "a": 1, "a": 1}'
    assert object_from(text.encode()) == {"lambda_min_clipped": float("-inf"), "a": 1}
    vocabulary = {f"word{number}": number for number in range(100_000)}
    assert object_from(json.dumps(vocabulary).encode()) == vocabulary


def test_long_values_are_cut() -> None:
    assert len(shown(list(range(1000)))) < 80
