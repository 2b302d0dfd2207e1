"""How tests are dealt out to the workers of a run: file by file, the long ones first, all with a browser to one."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

_WITH_BROWSER = ("tests/e2e/", "tests/sandbox/page/")
# What takes longest begins first, so that no worker is left with it at the end.
_LONG = (
    "tests/engine/painter/test_compiled_painting.py",
    "tests/easel/commands/test_repaint.py",
    *_WITH_BROWSER,
    "tests/engine/painter/pipeline/test_compile.py",
    "tests/easel/commands/test_run.py",
    "tests/engine/painter/process/",
    "tests/engine/painter/families/",
    "tests/engine/painter/",
    "tests/bot/delivery/",
    "tests/easel/",
)


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a worker one file after another, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(_WITH_BROWSER):
            return "browser"
        return nodeid.split("::", 1)[0]


def put_long_first(items: list[pytest.Item]) -> None:
    """Sort tests by how long their files take; files that take no time keep their order."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _rank(nodeid: str) -> int:
    return next((rank for rank, place in enumerate(_LONG) if nodeid.startswith(place)), len(_LONG))
