#!/usr/bin/env bash
# datasets 5.2.0, seen 2026-11-29.
#
# The card of a dataset may list several configurations, each with its own files, and each can be loaded by its name. The
# loader is chosen once, for the files of the first of them, and then used for all: where the first configuration is
# Parquet and the second JSON Lines, the second is opened as Parquet and fails, although the same file loads alone, and
# although the card is valid. What the error says is that the file is corrupted.
#
# Output seen:
#   pairs: 2 rows
#   events: ArrowInvalid, Parquet magic bytes not found
#   events by itself: 2 rows
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check datasets==5.2.0
export HF_HOME="$folder/cache" HF_HUB_OFFLINE=1 HF_DATASETS_DISABLE_PROGRESS_BARS=1
venv/bin/python - <<'PYTHON' 2>/dev/null
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import load_dataset

CARD = """---
configs:
- config_name: pairs
  data_files:
  - split: train
    path: pairs/*.parquet
- config_name: events
  data_files:
  - split: train
    path: events/*.jsonl
---
"""

root = Path("data")
for name in ("pairs", "events"):
    (root / name).mkdir(parents=True)
pq.write_table(pa.table({"number": [1, 2]}), root / "pairs" / "train.parquet")
(root / "events" / "train.jsonl").write_text("".join(json.dumps({"number": number}) + "\n" for number in (1, 2)))
(root / "README.md").write_text(CARD)


def rows(*where: str, **options: object) -> str:
    try:
        return f"{load_dataset(*where, split='train', **options).num_rows} rows"
    except Exception as error:
        causes = [str(one) for one in (error, error.__cause__) if one]
        found = "Parquet magic bytes not found" if "magic bytes" in " ".join(causes) else causes[-1]
        return f"{type(error).__name__}, {found}"


seen = {
    "pairs": rows("data", "pairs"),
    "events": rows("data", "events"),
    "events by itself": rows("json", data_files="data/events/train.jsonl"),
}
for name, outcome in seen.items():
    print(f"{name}: {outcome}")
sys.exit(0 if seen["pairs"] == seen["events by itself"] == "2 rows" and "magic bytes" in seen["events"] else 1)
PYTHON
