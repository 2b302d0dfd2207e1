"""Every sentence that users of the API read: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from api.store.submissions import DayQuotaUsed, GpuTimeUsed, IdempotencyKeyReused, NeverAllowed, SpeedRefused
from engine.contract import errors
from engine.contract.uploads import UploadFault, UploadRefused

Facts = Mapping[str, Any]

NO_KEY = "There is no API key. Send it in the header `Authorization: Bearer YOUR_KEY`."
WRONG_KEY = "This API key is wrong. Check that it is whole; `easel keys create` makes a new one."
MEMBERS_KEYS_OFF = "Keys that members have made for themselves are switched off. Ask the operator for one."
REVOKED_KEY = "This API key was revoked. Ask the operator for a new one."
KEY_IN_ADDRESS = (
    "An API key does not belong in an address, where logs and histories keep it. Send it in the header "
    "`Authorization: Bearer YOUR_KEY`, and have this one revoked."
)
LINK_EXPIRED = "This link is no longer valid. Get the picture with your API key."
BROKEN = "Something went wrong. The error has been logged."
RESTARTING = "Easel's API is restarting. The jobs go on: send the same request again for their pictures."
CANCELLED = "The job was cancelled."
UNSAFE = "A classifier finds this picture unsafe, so it is not handed out. Change the prompt or the seed."
NO_PICTURES = "The job made no pictures that this address can return. GET /v1/jobs/ID shows it."
NOT_JSON = "The body must be a JSON object, with the header `Content-Type: application/json`."
NOT_FORM = "The body must be a form with files, `multipart/form-data`."
BAD_ID = "Not an id. Ids look like 0199f3c2-7c1e-7d52-b6a8-2f1d3c4b5a69."
TRANSPARENT = "No model of this server paints transparent backgrounds. Use `opaque` or `auto`."
NO_IMAGE = "There is no picture. Send it as a file in the field `image`."
TURBO = "A program takes its turn like everyone: remove --turbo."
PICTURE_IN_PROMPT = "A prompt of the API has no links to pictures. Send them as files to /v1/images/edits."
MASK_NEEDS_OWN = (
    "A mask goes with one picture that Easel has painted for this key, its file as it was. Leave the mask out to paint "
    "from other pictures."
)
VARIATION_NEEDS_OWN = (
    "A variation starts from a picture that Easel has painted for this key, its file as it was. For other pictures, "
    "describe what to paint and use /v1/images/edits."
)
MASK_NOT_PNG = "The mask is not a PNG file."
MASK_OPAQUE = "The mask has no transparency. Make transparent what is to be painted anew."
MASK_EMPTY = "Nothing of the mask is transparent, so nothing would be painted anew."
NEEDS_PICTURE = "Name the picture to start from: `picture` is missing."
NEEDS_PROMPT = "Describe what to paint: `prompt` is missing."
NEEDS_REGION = "Say what is painted anew: send a `mask`, or name it in `words`."
NO_SEGMENTER = "This server does not find what words name. Send a `mask`."
MASK_NOT_BASE64 = "The mask must be a PNG file in base64."

HTTP: Mapping[int, str] = {
    404: "There is nothing at this address. /openapi.json lists all addresses.",
    405: "This address does not take this method. /openapi.json lists what it takes.",
}

_UPLOADS: Mapping[UploadFault, str] = {
    UploadFault.TOO_LARGE: "A picture is larger than 25 MB. Use a smaller one.",
    UploadFault.ANIMATED: "A picture is animated. Use a still one.",
    UploadFault.INCOMPLETE: "A picture is damaged or incomplete. Send it again.",
    UploadFault.TOO_MANY_PIXELS: "A picture has more than 64 million pixels. Scale it down first.",
    UploadFault.BARRED: "A picture is like one that this server never shows. Use another one.",
    UploadFault.TOO_SMALL: "A picture is smaller than 16 x 16 pixels. Use a larger one.",
}
_NOT_PICTURE = "A file is not a picture that Easel can read. Use PNG, JPEG, WebP, GIF or AVIF."
_OPERATOR = "Tell the operator of this server."

_SENTENCES: Mapping[type[errors.EaselError], Callable[[Facts], str]] = {
    DayQuotaUsed: lambda facts: (
        f"This key may start {facts['limit']} jobs in 24 hours, and {facts['left']} are left. Try again later, or ask "
        "the operator for more."
    ),
    GpuTimeUsed: lambda facts: (
        f"You have used your {facts['limit'].total_seconds():.0f} s of GPU time of this {facts['period']}. There is "
        f"more at {facts['renewed_at']:%Y-%m-%d %H:%M} UTC. `--relax` in a prompt costs none."
    ),
    SpeedRefused: lambda facts: (
        f"Your plan does not have --{facts['speed']}. Add one of these to the prompt: "
        f"{', '.join(f'--{speed}' for speed in facts['allowed'])}."
    ),
    NeverAllowed: lambda facts: (
        f"This needs {facts['jobs']} jobs, and this key may have {facts['limit']}. Lower `n`, or ask the operator for "
        "more."
    ),
    IdempotencyKeyReused: lambda _: (
        "This Idempotency-Key belongs to another request of the last 24 hours. Use a new one for each request."
    ),
    errors.PromptRefused: lambda facts: str(facts["message"]),
    errors.PictureBarred: lambda facts: (
        "A picture is like one that this server never shows. Change the prompt or the picture."
    ),
    errors.TooManyPending: lambda facts: (
        f"This key may have {facts['limit']} unfinished jobs and has {facts['pending']}. Try again when some end."
    ),
    errors.MemberBanned: lambda facts: (
        f"The owner of this key is banned{f' until {until:%Y-%m-%d %H:%M} UTC' if (until := facts['until']) else ''}. "
        f"Ask the operator about it. Reason: {facts['reason']}"
    ),
    errors.JobUnknown: lambda _: "This key has no such job.",
    errors.PictureUnknown: lambda _: "This key has no such picture.",
    errors.NotYours: lambda _: "This belongs to another key.",
    errors.JobOver: lambda facts: f"The job has ended ({facts['status']}).",
    errors.ModelUnknown: lambda facts: (
        f'Unknown model "{facts["name"]}". Available: {_listed(facts.get("known", ()))}.'
    ),
    errors.OperationUnsupported: lambda facts: (
        f"The model {facts['model']} cannot do this ({facts['operation']}). Use another model."
    ),
    errors.SourceMismatch: lambda facts: (
        "This needs a picture to start from." if facts["needs_source"] else "This takes no picture to start from."
    ),
    errors.NothingFound: lambda facts: (
        f'Nothing in the picture looks like "{facts.get("words", "")}". Name it otherwise, or send a mask.'
    ),
    errors.SizeUnsupported: lambda facts: (
        f"The model {facts['model']} cannot paint {facts['width']}x{facts['height']}. Use another size."
    ),
    errors.SettingUnsupported: lambda facts: (
        f"The model {facts['model']} does not support {facts['name']} {facts['value']}."
        + (f" Available: {_listed(facts['known'])}." if facts.get("known") else "")
    ),
    errors.AdapterMismatch: lambda facts: (
        f"The LoRA {facts['name']} does not fit the model {facts['model']}. Remove it, or use another model."
    ),
    errors.StoreUnavailable: lambda facts: (
        "The database did not confirm this. Send the same request again: what was started is not started twice."
        if facts.get("is_unsure")
        else "The database or the picture store is not available. Nothing was started; try again."
    ),
    errors.StorageFull: lambda _: f"The storage of this server is full. {_OPERATOR}",
    errors.NoRoom: lambda facts: (
        f"Too little memory for this with the model {facts['model']}. Use a smaller size or another model."
    ),
    errors.PictureCorrupt: lambda _: f"The file of this picture is missing or damaged. {_OPERATOR}",
    errors.TransientError: lambda _: "The engine could not finish the job. Try again.",
    errors.OperatorError: lambda _: f"Something is wrong on this server, and its log says what. {_OPERATOR}",
}


def sentence_of(error: errors.EaselError) -> str:
    """Return what is wrong and what to do."""
    if isinstance(error, UploadRefused):
        return _UPLOADS.get(error.fault, _NOT_PICTURE)
    return next((_SENTENCES[kind](error.facts) for kind in type(error).__mro__ if kind in _SENTENCES), BROKEN)


def sentence_of_cause(cause: Facts) -> str:
    """Return why a job failed, from its stored cause."""
    kind = getattr(errors, str(cause.get("error")), errors.OperatorError)
    wording = next((_SENTENCES[base] for base in kind.__mro__ if base in _SENTENCES), None)
    try:
        return f"The job failed. {wording(cause)}" if wording else f"The job failed. {BROKEN}"
    except KeyError:
        # Written by a release that had other facts.
        return f"The job failed ({cause.get('error')}). {_OPERATOR}"


def no_scope(scope: str) -> str:
    """Return that a key may not do this."""
    return f'This API key may not do this: it lacks the scope "{scope}". Ask the operator for one that has it.'


def body_too_large(limit_bytes: int) -> str:
    """Return that a body is not read to its end."""
    return f"The body is larger than {limit_bytes // 2**20} MB. Send smaller pictures, or fewer."


def mask_size(mask: tuple[int, int], picture: tuple[int, int]) -> str:
    """Return that a mask does not fit its picture."""
    return f"The mask is {mask[0]}x{mask[1]} and the picture {picture[0]}x{picture[1]}. Make them the same size."


def too_large_upscaled(factors: Sequence[int]) -> str:
    """Return by how much a picture can grow."""
    can = f"It can grow by {_listed(factors)}." if factors else "It cannot grow further."
    return f"The picture would be too large. {can}"


def unknown_parameter(name: str) -> str:
    """Return that a request has a field that is not there."""
    return f"Unknown parameter: '{name}'. /openapi.json lists those that there are."


def missing_parameter(name: str) -> str:
    """Return that a request lacks a field."""
    return f"Missing required parameter: '{name}'."


def wrong_value(name: str, rule: str) -> str:
    """Return that a field has a value that it cannot have."""
    return f"Invalid value for '{name}': it must be {rule}."


def _listed(names: Sequence[object]) -> str:
    return ", ".join(map(str, names)) or "none"
