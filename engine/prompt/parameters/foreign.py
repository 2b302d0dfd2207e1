"""Parameters of other services, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FOREIGN_PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "oref": "Write --cref with a link to a picture.",
        "ow": "Write --cw, which goes with --cref.",
        "sv": "Remove it: style versions are Midjourney's.",
        "exp": "Remove it: this release of Easel has nothing like it.",
        "hd": "Upscale a picture of the grid instead.",
        "test": "Choose a model with --model.",
        "testp": "Choose a model with --model.",
        "creative": "Remove it: this release of Easel has nothing like it.",
        "beta": "Choose a model with --model.",
        "upbeta": "Remove it and use the buttons below the grid.",
        "uplight": "Remove it and use the buttons below the grid.",
        "upanime": "Remove it and use the buttons below the grid.",
        "wallpaper": "Try --ar 16:9.",
        "h": "Try --ar with width:height.",
        "zoom": "Remove it and use the zoom buttons under a picture.",
        "motion": "Video generation is not supported.",
        "loop": "Video generation is not supported.",
        "end": "Video generation is not supported.",
        "bs": "Try --repeat.",
        "negative": "Write --no.",
        "guidance": "Write --cfg.",
        "size": "Try --ar with width:height.",
    }
)
