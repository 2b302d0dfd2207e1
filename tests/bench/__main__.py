"""`python -m tests.bench [NAME ...]`: runs the benchmarks one after the other, each in a process of its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the benchmarks there are: the modules beside this one that have a `main`, apart from fuzzers."""
    modules = [path for path in FOLDER.glob("*.py") if path.stem != "__main__" and not path.stem.endswith("_fuzz")]
    return sorted(path.stem for path in modules if _has_main(path))


def main(asked: list[str]) -> int:
    """Run the benchmarks that were asked for, or all; return how many failed or do not exist."""
    unknown = set(asked) - set(names())
    for name in sorted(unknown):
        print(f"There is no benchmark {name!r}: choose from {', '.join(names())}.", file=sys.stderr)
    failed = len(unknown)
    for name in asked or names():
        if name not in unknown:
            print(f"\n== {name}", flush=True)
            failed += subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode != 0
    return failed


def _has_main(path: Path) -> bool:
    body = ast.parse(path.read_text()).body
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "main" for node in body)


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
