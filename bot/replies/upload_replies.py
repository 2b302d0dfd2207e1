"""What members read about pictures that they bring: why one is not taken, and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from bot.language import Phrase, _
from engine.contract.uploads import UploadFault

_SENTENCES: Mapping[UploadFault, tuple[Phrase, Phrase]] = {
    UploadFault.NOT_HTTP: (
        Phrase("This is not a web address."),
        Phrase("Upload the picture, or use a link with https://."),
    ),
    UploadFault.HAS_LOGIN: (
        Phrase("This link has a user name in it."),
        Phrase("Use a link without one, or upload the picture."),
    ),
    UploadFault.PRIVATE: (Phrase("This link leads into a private network."), Phrase("Upload the picture instead.")),
    UploadFault.UNREACHABLE: (
        Phrase("The server of this link does not answer."),
        Phrase("Check the link, or upload the picture."),
    ),
    UploadFault.MISSING: (
        Phrase("There is no picture at this link."),
        Phrase("Check the link, or upload the picture."),
    ),
    UploadFault.REDIRECTS: (Phrase("This link redirects too often."), Phrase("Upload the picture instead.")),
    UploadFault.SLOW: (Phrase("This link takes too long."), Phrase("Upload the picture instead.")),
    UploadFault.TOO_LARGE: (Phrase("This file is larger than 25 MB."), Phrase("Use a smaller one.")),
    UploadFault.NOT_PICTURE: (
        Phrase("This is not a picture that I can read."),
        Phrase("Use a PNG, JPEG, WebP, GIF or AVIF file."),
    ),
    UploadFault.ANIMATED: (
        Phrase("This picture is animated."),
        Phrase("Use a still one, such as a screenshot of one frame."),
    ),
    UploadFault.INCOMPLETE: (
        Phrase("This picture is damaged or incomplete."),
        Phrase("Save it again, and use the new file."),
    ),
    UploadFault.TOO_MANY_PIXELS: (
        Phrase("This picture has more than 64 million pixels."),
        Phrase("Scale it down first."),
    ),
    UploadFault.BARRED: (Phrase("This picture is like one that Easel never shows."), Phrase("Use another one.")),
    UploadFault.TOO_SMALL: (Phrase("This picture is smaller than 16 x 16 pixels."), Phrase("Use a larger one.")),
}

INTERPOLATE_HELP = Phrase("Go from one prompt or picture to another, as four pictures and a film")
FROM_HELP = Phrase("What to start with")
TO_HELP = Phrase("What to end with")
FROM_IMAGE_HELP = Phrase("The picture to start with")
TO_IMAGE_HELP = Phrase("The picture to end with")
ENDS_WANTED = Phrase("Give two prompts, from and to, or two pictures, image1 and image2.")
ENDS_DIVIDED = Phrase("From and to are one prompt each, without parts: remove the `::` in them.")
BLEND_HELP = Phrase("Blend two to five pictures into a grid of four")
BLENDED_HELP = Phrase("A picture to blend")
SHAPE_HELP = Phrase("The shape of the new pictures; square if you do not choose.")
SHAPE_NAMES: Mapping[Phrase, str] = {Phrase("Portrait"): "2:3", Phrase("Square"): "1:1", Phrase("Landscape"): "3:2"}
IMAGE_HELP = Phrase("A picture to start from; --iw says how much it counts.")
CUT_SHORT = Phrase("Easel was restarted while it fetched the pictures. Please send this again.")
UNKNOWN_NAME = (Phrase("You have brought no picture of this name."), Phrase("Upload the picture."))


def fault_sentences(fault: UploadFault, min_side: int = 0) -> tuple[str, str]:
    """Return why a picture is not taken, and what to do; `min_side` as of what refused it."""
    what, advice = map(str, _SENTENCES[fault])
    if fault is UploadFault.TOO_SMALL and min_side:
        what = _("This picture is smaller than {side} x {side} pixels.", side=min_side)
    return what, advice
