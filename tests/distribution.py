"""How tests are dealt out to the workers of a run: file by file, and all that share a browser to one of them."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

_WITH_BROWSER = ("tests/sandbox/page/", "tests/e2e/")


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a worker one file after another, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(_WITH_BROWSER):
            return "browser"
        return nodeid.split("::", 1)[0]
