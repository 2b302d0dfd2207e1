"""Versions of a model are those whose names differ by the number at their end."""

from __future__ import annotations

from bot.policy.model_versions import models_with_versions, name_without_version


def test_models_are_told_from_versions() -> None:
    """The newest first, by number and not by letter; a name without a number comes last."""
    names = ["v6", "v6.1", "niji-6", "niji", "niji-10", "sdxl", "7"]
    assert models_with_versions(names) == [["7", "v6.1", "v6"], ["niji-10", "niji-6", "niji"], ["sdxl"]]
    assert [name_without_version(name) for name in ("v6.1", "niji-6", "sd1.5", "sdxl-turbo")] == [
        "",
        "niji",
        "sd",
        "sdxl-turbo",
    ]
