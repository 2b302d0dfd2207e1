"""Rules that keep the source readable, for every tracked Python file; import-linter checks the imports."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES, AIM_FUNCTION_LINES = 60, 30

DRAWERS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "shared"}
# What the loops of the bot and of the engine go through.
MAY_CATCH_ALL = {"engine/error_boundary.py": 1}
# The painting process is handed the environment on.
READS_ENVIRONMENT = ("easel", "engine/settings.py", "bot/settings.py", "engine/painter/process/launch.py")
SAYS_SQL = ("api/store", "engine/store", "engine/feedback/store", "bot/store", "sandbox/store", "migrations")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


FILES = _tracked()
PACKAGES = {"api", "bot", "easel", "engine", "migrations", "sandbox"}
SOURCES = [path for path in FILES if path.relative_to(ROOT).parts[0] in PACKAGES]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _is_under(path: Path, places: tuple[str, ...]) -> bool:
    return any(_name(path) == place or _name(path).startswith(place + "/") for place in places)


# Parsed and walked once for all rules, which takes most of their time.
@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def _nodes(path: Path) -> Sequence[ast.AST]:
    return tuple(ast.walk(_tree(path)))


def _num_lines(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_files_and_functions_stay_small() -> None:
    """No file has more than 300 lines, no function has 60; functions above the aim of 30 are printed."""
    files = {_name(path): len(path.read_text().splitlines()) for path in FILES}
    functions = {
        f"{_name(path)}:{node.lineno} {node.name}": _num_lines(node)
        for path in FILES
        for node in _nodes(path)
        if isinstance(node, Function)
    }
    for place, lines in functions.items():
        if lines > AIM_FUNCTION_LINES:
            print(f"{lines:4} lines, above the aim: {place}")
    assert not {place for place, lines in files.items() if lines > MAX_FILE_LINES}
    assert not [place for place, lines in functions.items() if lines >= MAX_FUNCTION_LINES]


def test_every_module_says_its_job() -> None:
    """Every module starts with a docstring."""
    assert not [_name(path) for path in FILES if not ast.get_docstring(_tree(path))]


def test_no_module_is_a_drawer() -> None:
    """No module or folder has a catch-all name."""
    assert not [_name(path) for path in FILES if DRAWERS & {*path.relative_to(ROOT).with_suffix("").parts}]


def test_everything_is_caught_at_the_error_boundary_only() -> None:
    """`except Exception` appears once, in the boundary that the loops of bot and engine go through.

    Handlers that clean up and raise again swallow nothing and may be anywhere.
    """
    broad = Counter(
        _name(path)
        for path in SOURCES
        for node in _nodes(path)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _raises_again(node)
    )
    assert not broad - Counter(MAY_CATCH_ALL)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(name, ast.Name) and name.id in {"Exception", "BaseException"} for name in named)


def test_no_cancellation_is_lost() -> None:
    """Nothing waits by `asyncio.wait_for`: Python 3.11's returns a result in place of a cancellation at that moment."""
    assert not [
        f"{_name(path)}:{node.lineno}"
        for path in SOURCES
        for node in _nodes(path)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "asyncio.wait_for"
    ]


def test_only_composition_roots_read_the_environment() -> None:
    """`os.environ` and `os.getenv` appear in the settings and the command only."""
    reads = [
        f"{_name(path)}:{node.lineno}"
        for path in SOURCES
        if not _is_under(path, READS_ENVIRONMENT)
        for node in _nodes(path)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert not reads


def test_only_the_stores_say_sql() -> None:
    """Outside `store/` and the migrations, nothing imports SQLAlchemy or contains SQL."""
    statement = re.compile(r"\b(SELECT .+ FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE)\b", re.DOTALL)
    says = [
        f"{_name(path)}:{node.lineno}"
        for path in SOURCES
        if not _is_under(path, SAYS_SQL)
        for node in _nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and statement.search(node.value)
    ]
    assert not says


def test_no_module_state_is_changed() -> None:
    """No function declares a `global`."""
    declared = [
        f"{_name(path)}:{node.lineno}" for path in SOURCES for node in _nodes(path) if isinstance(node, ast.Global)
    ]
    assert not declared


def test_a_class_name_has_one_meaning() -> None:
    """No two classes of the source share a name; migrations keep the names that they were written with."""
    names = Counter(
        node.name
        for path in SOURCES
        if not _is_under(path, ("migrations",))
        for node in _nodes(path)
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []
