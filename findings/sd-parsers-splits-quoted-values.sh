#!/usr/bin/env bash
# sd-parsers 0.6 (with Pillow 12.0.0), seen 2026-11-28.
#
# AUTOMATIC1111 writes a PNG's settings as `Name: value, Name: value` and puts a value that contains a comma or a colon
# in double quotes, as JSON. A reader must therefore take a quoted value as a whole. sd-parsers splits it all the same:
# the model is called `"inked`, and the rest of its name becomes a setting that nobody wrote.
#
# Output seen:
#   model ['"inked'], settings {'Size': '64x64', 'v2': 'final"', 'Version': 'v1.10.1'}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check sd-parsers==0.6 Pillow==12.0.0
venv/bin/python - <<'PYTHON'
import sys

from PIL import Image, PngImagePlugin
from sd_parsers import ParserManager

written = PngImagePlugin.PngInfo()
settings = 'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64, Model: "inked, v2: final", Version: v1.10.1'
written.add_text("parameters", f"a fox\nNegative prompt: blur\n{settings}")
Image.new("RGB", (64, 64)).save("fox.png", pnginfo=written)
read = ParserManager().parse("fox.png")
models = [model.name for model in read.models]
print(f"model {models}, settings {read.metadata}")
sys.exit(models != ['"inked'] or read.metadata.get("v2") != 'final"')
PYTHON
