"""Parameters of other services, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.prompt.sentences import Code, Sentence, sentence

FOREIGN_PARAMETERS: Mapping[str, Sentence] = MappingProxyType(
    {
        "oref": sentence(Code.WRITE_CREF),
        "ow": sentence(Code.WRITE_CW),
        "sv": sentence(Code.STYLE_VERSION),
        "exp": sentence(Code.NOTHING_LIKE_IT),
        "hd": sentence(Code.UPSCALE_INSTEAD),
        "test": sentence(Code.CHOOSE_MODEL),
        "testp": sentence(Code.CHOOSE_MODEL),
        "creative": sentence(Code.NOTHING_LIKE_IT),
        "beta": sentence(Code.CHOOSE_MODEL),
        "upbeta": sentence(Code.GRID_BUTTONS),
        "uplight": sentence(Code.GRID_BUTTONS),
        "upanime": sentence(Code.GRID_BUTTONS),
        "wallpaper": sentence(Code.TRY, text="--ar 16:9"),
        "h": sentence(Code.TRY_RATIO),
        "zoom": sentence(Code.ZOOM_BUTTONS),
        "loop": sentence(Code.FILMS_REPEAT),
        "end": sentence(Code.TRY, text="--interpolate"),
        "bs": sentence(Code.TRY, text="--repeat"),
        "negative": sentence(Code.WRITE, text="--no"),
        "guidance": sentence(Code.WRITE, text="--cfg"),
        "size": sentence(Code.TRY_RATIO),
    }
)
