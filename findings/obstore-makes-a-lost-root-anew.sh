#!/usr/bin/env bash
# obstore 0.12.1, seen 2026-11-29.
#
# `LocalStore` refuses a root that is not there, unless it is told `mkdir=True`. That holds when it is opened only: once
# open, a `put` makes the root anew when it has gone, as that of a disk that was unmounted has, and the object lands on
# the disk below. Until then a `get` says that the object is not found and `list` finds nothing, as in an empty store.
# Whoever keeps a store open for long has to look for the root before each call.
#
# Output seen:
#   opening a missing root: GenericError, root there: False
#   list after the root has gone: [], get: FileNotFoundError
#   put after the root has gone: done, root there: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check obstore==0.12.1
venv/bin/python - "$folder/root" <<'PYTHON'
import sys
from pathlib import Path

import obstore
from obstore.store import LocalStore

root = Path(sys.argv[1])
try:
    LocalStore(root)
    opened = "done"
except Exception as error:
    opened = type(error).__name__
is_refused = opened == "GenericError" and not root.exists()
print(f"opening a missing root: {opened}, root there: {root.exists()}")

root.mkdir()
store = LocalStore(root)
obstore.put(store, "a.png", b"picture")
(root / "a.png").unlink()
root.rmdir()
listed = [one["path"] for part in obstore.list(store) for one in part]
try:
    got = str(obstore.get(store, "a.png"))
except Exception as error:
    got = type(error).__name__
print(f"list after the root has gone: {listed}, get: {got}")
obstore.put(store, "b.png", b"picture")
print(f"put after the root has gone: done, root there: {root.exists()}")
sys.exit(not (is_refused and listed == [] and got == "FileNotFoundError" and root.exists()))
PYTHON
