"""The abilities that models of a family have in common, as in the prompt language's parameter table."""

from __future__ import annotations

# Abilities of every model, as in the prompt language's parameter table.
COMMON_ABILITIES = frozenset(
    {
        "best",
        "chaos",
        "clip_guidance",
        "draft",
        "images",
        "interpolation",
        "quality",
        "sameseed",
        "sampler",
        "stop",
        "tile",
        "video",
        "weird",
    }
)
# Weights in brackets; large language models as text encoders do not support them.
ATTENTION = frozenset({"attention"})
# Of models that come with a CLIP.
CLIP_ABILITY = frozenset({"best", "clip_guidance"})
ADAPTER_ABILITY = frozenset({"lora", "style"})
# Of U-Nets, for which there are ControlNets.
CONTROL_ABILITY = frozenset({"control"})
MOTION_FAMILIES = frozenset({"sd1"})
"""Those whose U-Nets become those of films with a motion adapter."""
MOTION_ABILITY = frozenset({"film"})
"""Of models with a motion adapter."""
# Of models that make films and nothing else.
FILM_ABILITIES = frozenset({"draft", "film", "images", "quality", "sampler"})
