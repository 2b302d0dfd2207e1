"""Collects validation errors of a form and returns them as Discord's error tree."""

from collections.abc import Iterable
from typing import Any

from sandbox.state.errors import ApiError, ErrorCode
from sandbox.state.records import Json

Path = tuple[str | int, ...]


class Problems:
    """The validation errors of one form, by path."""

    def __init__(self) -> None:
        self._found_or_error: list[tuple[Path, str, str]] = []

    def add(self, path: Path, code: str, sentence: str) -> None:
        """Add an error."""
        self._found_or_error.append((path, code, sentence))

    def raise_if_any(self) -> None:
        """Raise ApiError 50035 if there are errors."""
        if self._found_or_error:
            raise ApiError(400, int(ErrorCode.INVALID_FORM), "Invalid Form Body", self._tree())

    def _tree(self) -> Json:
        tree: Json = {}
        for path, code, sentence in self._found_or_error:
            node = tree
            for part in path:
                node = node.setdefault(str(part), {})
            node.setdefault("_errors", []).append({"code": code, "message": sentence})
        return _pruned(tree)

    def text(self, path: Path, value: Any, longest: int, *, shortest: int = 0, required: bool = False) -> bool:
        """Check a string's length in characters; None is valid unless required. Return whether it is a valid string."""
        if value is None:
            return self._absent(path, required)
        if not isinstance(value, str):
            self.add(path, "BASE_TYPE_BAD_TYPE", "Must be of type string.")
            return False
        if shortest <= len(value) <= longest:
            return True
        if shortest and not value:
            self.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        elif shortest:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {shortest} and {longest} in length.")
        else:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {longest} or fewer in length.")
        return False

    def number(self, path: Path, value: Any, smallest: int, largest: int, *, required: bool = False) -> bool:
        """Check a whole number's range; None is valid unless required. Return whether it is a valid number."""
        if value is None:
            return self._absent(path, required)
        if isinstance(value, bool) or not isinstance(value, int):
            self.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif value > largest:
            self.add(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {largest}.")
        elif value < smallest:
            self.add(path, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {smallest}.")
        else:
            return True
        return False

    def choice(self, path: Path, value: Any, choices: Iterable[Any]) -> bool:
        """Check that a value is one of the choices."""
        allowed = tuple(choices)
        if value in allowed and not isinstance(value, bool):
            return True
        if value is None:
            return self._absent(path, required=True)
        words = ", ".join(str(choice) for choice in allowed)
        self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{words}}}.")
        return False

    def listing(self, path: Path, value: Any, longest: int, *, shortest: int = 0, required: bool = False) -> list[Json]:
        """Check a list of objects and its length. Return the list, empty when it is absent or invalid."""
        if value is None:
            self._absent(path, required)
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        if not shortest <= len(value) <= longest:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {shortest} and {longest} in length.")
        return value

    def _absent(self, path: Path, required: bool) -> bool:
        if required:
            self.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        return False


def _pruned(node: Json) -> Json:
    # A node of Discord's error tree has either errors or child nodes.
    if "_errors" in node:
        return {"_errors": node["_errors"]}
    return {key: _pruned(inner) for key, inner in node.items()}
