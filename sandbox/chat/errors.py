"""Why a member's action is impossible, in one plain sentence. Which action that is, others decide."""


class ActionError(Exception):
    """A member asked for something that Discord's own app would not let them do."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence, self.status = sentence, status


def unknown_member() -> ActionError:
    """Return the refusal of a member who is not there."""
    return ActionError("There is no such member.", 404)


def unknown_channel() -> ActionError:
    """Return the refusal of a channel that the member does not see."""
    return ActionError("You cannot see such a channel.", 404)


def unknown_message() -> ActionError:
    """Return the refusal of a message that the member does not see."""
    return ActionError("This message is not there any more.", 404)
