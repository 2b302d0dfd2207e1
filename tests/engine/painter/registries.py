"""Registry entries for tiny checkpoints."""

from __future__ import annotations

from engine.models.registry.families import FAMILIES

MODEL = """
[models.{name}]
family = "{family}"
folder = "{folder}"
licence = "none"
[models.{name}.defaults]
width = 32
height = 32
steps = 6
guidance = 5.0
sampler = "{sampler}"
[models.{name}.abilities]
multiple = {multiple}
min_side = 16
max_side = 64
"""


def entry(name: str, family: str, folder: str, sampler: str = "euler") -> str:
    multiple = FAMILIES[family].granularity
    return MODEL.format(name=name, family=family, folder=folder, sampler=sampler, multiple=multiple)
