#!/usr/bin/env bash
# accelerate 1.15.0 with torch 2.13.0 (diffusers 0.42.1 does this while it builds every network), seen 2026-11-30.
#
# `init_empty_weights` puts the parameters of what is built in its block on the meta device. It does so by replacing
# `nn.Module.register_parameter` for the whole process: what another thread builds meanwhile loses its weights too.
# Worse is what stays: two threads in such a block each put back the method that they found, and where the first to come
# is the first to leave, the last one puts back the replacement. From then on every network of the process is empty,
# long after both blocks are over. Nothing warns; the first sign is "Cannot copy out of meta tensor" elsewhere.
#
# Output seen:
#   built by another thread meanwhile: meta
#   built after both blocks: meta
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check accelerate==1.15.0 torch==2.13.0
venv/bin/python - <<'PYTHON'
import sys
from concurrent.futures import ThreadPoolExecutor

from accelerate import init_empty_weights
from torch import nn

first, second = init_empty_weights(), init_empty_weights()
with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
    one.submit(first.__enter__).result()
    meanwhile = other.submit(lambda: nn.Linear(1, 1).weight.device.type).result()
    other.submit(second.__enter__).result()
    one.submit(first.__exit__, None, None, None).result()
    other.submit(second.__exit__, None, None, None).result()
after = nn.Linear(1, 1).weight.device.type
print(f"built by another thread meanwhile: {meanwhile}")
print(f"built after both blocks: {after}")
sys.exit((meanwhile, after) != ("meta", "meta"))
PYTHON
