"""Every sentence that members read about consent and about what is stored of them; the others are in `replies`."""

from __future__ import annotations

SAVE_LABEL = "Save"
CONSENT_TEXT_CHANGED = "This text has changed, so nothing was saved. Please choose again."

_SWITCHES = {"training": "Train models", "publishing": "Publish"}


def switch_label(verb: str, *, is_on: bool) -> str:
    """Return the label of a switch in the form of consent."""
    return f"{_SWITCHES[verb]}: {_on(is_on)}"


def consent_saved(*, may_train: bool, may_publish: bool) -> str:
    """Return the confirmation of a stored choice."""
    return f"Saved. {consent_state(may_train=may_train, may_publish=may_publish)} Change it at any time with /privacy."


def consent_state(*, may_train: bool, may_publish: bool) -> str:
    """Return what is on and what is off."""
    return f"Train models: {_on(may_train)}. Publish: {_on(may_publish)}."


def _on(is_on: bool) -> str:
    return "on" if is_on else "off"
