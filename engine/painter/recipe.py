"""What is written down with a picture so that it can be painted again: as data, and as the text other tools read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from engine.contract.jobs import Part, json_from_spec
from engine.contract.painting import Order
from engine.painter.rows import Finished
from engine.painter.settings import Settings, seed_of_slot

LIBRARIES = ("torch", "diffusers", "transformers")

# AUTOMATIC1111 writes the sampler and its noise schedule as two settings.
_A1111_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "euler": ("Euler", "Automatic"),
        "euler-ancestral": ("Euler a", "Automatic"),
        "heun": ("Heun", "Automatic"),
        "dpmpp-2m": ("DPM++ 2M", "Automatic"),
        "dpmpp-2m-karras": ("DPM++ 2M", "Karras"),
        "dpmpp-2m-sde": ("DPM++ 2M SDE", "Automatic"),
        "ddim": ("DDIM", "Automatic"),
        "unipc": ("UniPC", "Automatic"),
        "lcm": ("LCM", "Automatic"),
    }
)


def recipe_of(order: Order, settings: Settings, finished: Finished, slot: int) -> dict[str, Any]:
    """Return all that painting the picture again takes, JSON-ready.

    cut: text that the model had no room for; absent when it read everything.
    """
    recipe: dict[str, Any] = {
        "spec": json_from_spec(order.spec),
        "seed": seed_of_slot(order, slot),
        "width": settings.width,
        "height": settings.height,
        "steps": settings.steps,
        "guidance": settings.guidance,
        "sampler": settings.sampler,
        "positive": _parts(settings.positive),
        "negative": _parts(settings.negative),
        "loras": [[adapter.name, weight] for adapter, weight in settings.loras],
        "strength": settings.strength,
        "stop": settings.stop,
        "model": settings.model.name,
        "model_sha256": finished.sha256,
        "libraries": dict(_versions()),
    }
    return recipe | ({"cut": list(finished.cut)} if finished.cut else {})


def parameters_text(recipe: Mapping[str, Any]) -> str:
    """Return the recipe in the format that AUTOMATIC1111 writes into PNG files."""
    sampler, schedule = _A1111_NAMES[recipe["sampler"]]
    facts = {
        "Steps": recipe["steps"],
        "Sampler": sampler,
        "Schedule type": schedule,
        "CFG scale": f"{recipe['guidance']:g}",
        "Seed": recipe["seed"],
        "Size": f"{recipe['width']}x{recipe['height']}",
        "Model hash": recipe["model_sha256"][:10],
        "Model": recipe["model"],
        **({} if recipe["strength"] is None else {"Denoising strength": f"{recipe['strength']:g}"}),
        "Version": f"easel, diffusers {recipe['libraries']['diffusers']}",
    }
    lines = [
        _positive_text(recipe),
        _negative_text(recipe),
        ", ".join(f"{name}: {fact}" for name, fact in facts.items()),
    ]
    return "\n".join(line for line in lines if line is not None)


def _positive_text(recipe: Mapping[str, Any]) -> str:
    """Return the parts as A1111 would have them: AND between parts, each with its weight when there are several."""
    parts = recipe["positive"]
    adapters = "".join(f" <lora:{name}:{weight:g}>" for name, weight in recipe["loras"])
    if len(parts) == 1:
        return str(parts[0]["text"]) + adapters
    return " AND ".join(f"{part['text']} :{part['weight']:.4g}" for part in parts) + adapters


def _negative_text(recipe: Mapping[str, Any]) -> str | None:
    parts = recipe["negative"]
    return "Negative prompt: " + ", ".join(part["text"] for part in parts) if parts else None


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES}


def _parts(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    return [{"text": part.text, "weight": part.weight} for part in parts]
