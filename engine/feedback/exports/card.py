"""The dataset card: README.md with the YAML that the Hugging Face `datasets` library checks the data against."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

_DTYPES = {
    pa.float64(): "float64",
    pa.float32(): "float32",
    pa.bool_(): "bool",
}


@dataclass(frozen=True, kw_only=True)
class CardConfig:
    """A table that the card names, with the splits that there are.

    files: of each split, the paths or patterns of its files.
    schema: the columns, which are declared so that no reader guesses them; None where they are the reader's own.
    rows, sizes: of each split, their number and their bytes.
    """

    name: str
    files: Mapping[str, Sequence[str]]
    schema: pa.Schema | None
    rows: Mapping[str, int]
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_parquet(self) -> bool:
        """Whether all its files are Parquet."""
        return all(path.endswith(".parquet") for paths in self.files.values() for path in paths)

    def under(self, folder: str) -> CardConfig:
        """Return the table as the card of the folder above has it, by the folder's name."""
        files = {split: [f"{folder}/{path}" for path in paths] for split, paths in self.files.items()}
        name = folder if self.name == "default" else f"{folder}_{self.name}"
        return replace(self, name=name, files=files)


def card(title: str, body: str, configs: Sequence[CardConfig]) -> str:
    """Return the card; the first of the tables is the default one.

    Binary columns are declared as such: a card that said `image` would turn the bytes into pictures when loaded.
    """
    rows = sum(sum(config.rows.values()) for config in configs[:1])
    lines = [
        "---",
        f"pretty_name: {json.dumps(title)}",
        "language: [en]",
        "license: other",
        "license_name: as-agreed-with-members",
        f"size_categories: [{_size(rows)}]",
        "task_categories: [text-to-image]",
        "tags: [human-feedback, preference, text-to-image]",
        "annotations_creators: [crowdsourced]",
        "configs:",
        *(line for number, config in enumerate(configs) for line in _files(config, is_default=number == 0)),
        "dataset_info:",
        *(line for config in configs for line in _facts(config)),
        "---",
    ]
    return "\n".join([*lines, "", f"# {title}", "", body.strip(), ""])


def counted(counts: Mapping[str, int]) -> str:
    """Return a Markdown table of names and numbers."""
    return "\n".join(["| | |", "|---|--:|", *(f"| {name} | {count:,} |" for name, count in counts.items())])


def _files(config: CardConfig, *, is_default: bool) -> Iterator[str]:
    yield f"- config_name: {config.name}"
    if is_default:
        yield "  default: true"
    yield "  data_files:"
    for split, paths in config.files.items():
        yield f"  - split: {split}"
        yield f"    path: {json.dumps(list(paths))}"


def _facts(config: CardConfig) -> Iterator[str]:
    yield f"- config_name: {config.name}"
    if config.schema is not None:
        yield "  features:"
        for column in config.schema:
            yield from _feature(column, "  ")
    yield "  splits:"
    for split, count in config.rows.items():
        # Without `num_bytes`, datasets 5.2.0 ignores the features, too.
        yield from (
            f"  - name: {split}",
            f"    num_bytes: {config.sizes.get(split, 0)}",
            f"    num_examples: {count}",
        )


def _feature(column: pa.Field, indent: str) -> Iterator[str]:
    yield f"{indent}- name: {column.name}"
    if not pa.types.is_list(column.type):
        yield f"{indent}  dtype: {_DTYPES.get(column.type, str(column.type))}"
    elif not pa.types.is_struct(column.type.value_type):
        yield f"{indent}  list: {_DTYPES.get(column.type.value_type, str(column.type.value_type))}"
    else:
        yield f"{indent}  list:"
        for part in column.type.value_type:
            yield from _feature(part, indent + "  ")


def _size(rows: int) -> str:
    """Return the name that the Hub has for the number of rows."""
    bounds = {10**3: "n<1K", 10**4: "1K<n<10K", 10**5: "10K<n<100K", 10**6: "100K<n<1M", 10**7: "1M<n<10M"}
    return next((name for bound, name in bounds.items() if rows < bound), "10M<n<100M")
