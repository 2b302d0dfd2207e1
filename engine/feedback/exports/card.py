"""The dataset card: README.md with the YAML that the Hugging Face `datasets` library checks the data against."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa

_DTYPES = {pa.float64(): "float64"}


def card(title: str, body: str, schema: pa.Schema, rows: Mapping[str, int], sizes: Mapping[str, int]) -> str:
    """Return the card of a folder of Parquet shards; `rows` and `sizes` in bytes are of the splits that are there.

    Binary columns are declared as such: a card that said `image` would turn the bytes into pictures when loaded.
    """
    lines = [
        "---",
        f"pretty_name: {json.dumps(title)}",
        "tags: [text-to-image, human-feedback, preference]",
        "annotations_creators: [crowdsourced]",
        "license: other",
        "license_name: as-agreed-with-members",
        "configs:",
        "- config_name: default",
        "  default: true",
        "  data_files:",
    ]
    for split in rows:
        lines += [f"  - split: {split}", f"    path: data/{split}-*-of-*.parquet"]
    lines += ["dataset_info:", "  config_name: default", "  features:"]
    for field in schema:
        lines += [f"  - name: {field.name}", f"    dtype: {_DTYPES.get(field.type, str(field.type))}"]
    lines.append("  splits:")
    for split, count in rows.items():
        lines += [f"  - name: {split}", f"    num_bytes: {sizes[split]}", f"    num_examples: {count}"]
    lines += [f"  dataset_size: {sum(sizes.values())}", "---", "", f"# {title}", "", body.strip(), ""]
    return "\n".join(lines)


def counted(counts: Mapping[str, int]) -> str:
    """Return a Markdown table of names and numbers."""
    return "\n".join(["| | |", "|---|--:|", *(f"| {name} | {count:,} |" for name, count in counts.items())])
