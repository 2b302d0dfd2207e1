"""`make setup` installs pinned versions of every package that Easel needs."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"
# What torch brings for graphics cards differs from machine to machine, and torch pins it.
BROUGHT_BY_TORCH = ("nvidia-", "cuda-", "triton")


def _pins() -> dict[str, Version]:
    pairs = [line.split("==") for line in CONSTRAINTS.read_text().split()]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def _needed(name: str, extras: frozenset[str], seen: set[tuple[str, frozenset[str]]]) -> None:
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    for line in metadata.requires(name) or ():
        needed = Requirement(line)
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras | {""}):
            _needed(canonicalize_name(needed.name), frozenset(needed.extras), seen)


def test_everything_installed_is_pinned() -> None:
    """Each package in the closure of Easel's requirements is installed in the version that constraints.txt names."""
    seen: set[tuple[str, frozenset[str]]] = set()
    _needed("easel", frozenset({"bot", "engine", "dev", "openvino"}), seen)
    names = {name for name, _ in seen} - {"easel"}
    pins = _pins()
    wanted = {name for name in names if not name.startswith(BROUGHT_BY_TORCH)}
    assert not wanted - pins.keys()
    assert {name: Version(metadata.version(name).split("+")[0]) for name in wanted} == {
        name: pins[name] for name in wanted
    }


def test_torch_is_pinned_exactly() -> None:
    """A torch of another version would resolve another set of packages; the requirement itself names it."""
    lines = [line for line in metadata.requires("easel") or () if Requirement(line).name == "torch"]
    assert [str(Requirement(line).specifier) for line in lines] == [f"=={_pins()['torch']}"]


# Everything that is installed for other purposes is as if it were not there.
WITHOUT_THE_REST = """
import importlib.abc, importlib.metadata, sys
from packaging.utils import canonicalize_name

installed, hidden = importlib.metadata.packages_distributions(), set(sys.argv[1].split())

class Hiding(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        names = {canonicalize_name(one) for one in installed.get(name, ())}
        if names and names <= hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hiding())
for name in sys.argv[2:]:
    importlib.import_module(name)
"""


IN_THE_IMAGE = (
    "api.serve",
    "bot.exports.child",
    "bot.serve",
    "easel.app",
    "easel.commands.export",
    "easel.serve",
    "easel.serve_api",
    "engine.models.prompt_limits",
    "migrations",
)


def test_the_bot_needs_only_its_extra() -> None:
    """The bot's image is built from it, without torch; migrations and exports are run there too."""
    seen: set[tuple[str, frozenset[str]]] = set()
    _needed("easel", frozenset({"bot"}), seen)
    allowed = {name for name, _ in seen}
    hidden = {canonicalize_name(one.name) for one in metadata.distributions()} - allowed
    assert {"torch", "diffusers"} <= hidden
    command = [sys.executable, "-c", WITHOUT_THE_REST, " ".join(hidden), *IN_THE_IMAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
