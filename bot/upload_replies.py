"""What members read about pictures that they bring: why one is not taken, and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from engine.contract.uploads import UploadFault

_SENTENCES: Mapping[UploadFault, tuple[str, str]] = {
    UploadFault.NOT_HTTP: ("This is not a web address.", "Upload the picture, or use a link with https://."),
    UploadFault.HAS_LOGIN: ("This link has a user name in it.", "Use a link without one, or upload the picture."),
    UploadFault.PRIVATE: ("This link leads into a private network.", "Upload the picture instead."),
    UploadFault.UNREACHABLE: ("The server of this link does not answer.", "Check the link, or upload the picture."),
    UploadFault.MISSING: ("There is no picture at this link.", "Check the link, or upload the picture."),
    UploadFault.REDIRECTS: ("This link redirects too often.", "Upload the picture instead."),
    UploadFault.SLOW: ("This link takes too long.", "Upload the picture instead."),
    UploadFault.TOO_LARGE: ("This file is larger than 25 MB.", "Use a smaller one."),
    UploadFault.NOT_PICTURE: ("This is not a picture that I can read.", "Use a PNG, JPEG, WebP, GIF or AVIF file."),
    UploadFault.ANIMATED: ("This picture is animated.", "Use a still one, such as a screenshot of one frame."),
    UploadFault.INCOMPLETE: ("This picture is damaged or incomplete.", "Save it again, and use the new file."),
    UploadFault.TOO_MANY_PIXELS: ("This picture has more than 64 million pixels.", "Scale it down first."),
    UploadFault.TOO_SMALL: ("This picture is smaller than 16 x 16 pixels.", "Use a larger one."),
}

INTERPOLATE_HELP = "Go from one prompt or picture to another, as four pictures and a film"
FROM_HELP = "What to start with"
TO_HELP = "What to end with"
FROM_IMAGE_HELP = "The picture to start with"
TO_IMAGE_HELP = "The picture to end with"
ENDS_WANTED = "Give two prompts, from and to, or two pictures, image1 and image2."
BLEND_HELP = "Blend two to five pictures into a grid of four"
BLENDED_HELP = "A picture to blend"
SHAPE_HELP = "The shape of the new pictures; square if you do not choose."
IMAGE_HELP = "A picture to start from; --iw says how much it counts."
CUT_SHORT = "Easel was restarted while it fetched the pictures. Please send this again."
UNKNOWN_NAME = ("You have brought no picture of this name.", "Upload the picture.")


def fault_sentences(fault: UploadFault) -> tuple[str, str]:
    """Return why a picture is not taken, and what to do."""
    return _SENTENCES[fault]
