#!/usr/bin/env bash
# safetensors 0.8.0 with numpy 2.4.2, seen 2026-11-30.
#
# A file of weights is often known by its SHA-256. Written twice from the same tensors and the same metadata, also
# within one process, two files of safetensors differ as soon as the metadata has more than one entry: tensors are
# sorted, but the entries of `__metadata__` come in the order of a hash map, which is drawn anew each time. With one
# entry the files are the same, so that facts kept as JSON under a single key make them reproducible.
#
# Output seen:
#   1 entry: 1 file
#   4 entries: 20 different files of 40
#   (how many differ wanders from run to run)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.4.2
venv/bin/python - <<'PYTHON'
import sys

import numpy as np
from safetensors.numpy import save

tensors = {name: np.zeros(2, dtype=np.float32) for name in ("up", "down", "alpha")}


def different(entries):
    metadata = {f"key{number}": str(number) for number in range(entries)}
    return len({save(tensors, metadata=metadata) for _ in range(40)})


one, several = different(1), different(4)
print(f"1 entry: {one} file")
print(f"4 entries: {several} different files of 40")
sys.exit(one != 1 or several == 1)
PYTHON
