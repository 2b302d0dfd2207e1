"""Records by id, whose every change is noted, so that they can be stored."""

from collections import UserDict
from collections.abc import Callable, Iterable, ValuesView
from typing import TypeVar

V = TypeVar("V")
Note = Callable[[str, int, object | None], None]
"""Is given a table's name, an id and the record that is there now, None for a removed one."""


class Table(UserDict[int, V]):
    """The records of one kind. `name`: unique among the tables of a world."""

    def __init__(self, name: str, note: Note, records: Iterable[tuple[int, V]] = ()) -> None:
        super().__init__()
        self.name, self._note = name, note
        self.data.update(records)

    def __setitem__(self, key: int, record: V) -> None:
        self.data[key] = record
        self._note(self.name, key, record)

    def __delitem__(self, key: int) -> None:
        del self.data[key]
        self._note(self.name, key, None)

    def values(self) -> ValuesView[V]:
        """Return the records, in the order in which they were added."""
        return self.data.values()
