"""The error of a member's action, with the message that they read."""


class ActionError(Exception):
    """An action that Discord's client would not allow."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.status = message, status


def unknown_member() -> ActionError:
    """Return the error for an unknown member."""
    return ActionError("Unknown member.", 404)


def unknown_channel() -> ActionError:
    """Return the error for a channel that the member cannot view."""
    return ActionError("This channel does not exist, or you do not have access to it.", 404)


def unknown_message() -> ActionError:
    """Return the error for a message that the member cannot view."""
    return ActionError("This message no longer exists.", 404)
