"""What can be wrong with a picture store."""

from enum import StrEnum


class StoreFault(StrEnum):
    """What is wrong, as the end of a sentence about the picture store."""

    UNREACHABLE = "cannot be reached"
    NO_FOLDER = "has lost its folder"
    NO_BUCKET = "has no such bucket"
    WRONG_KEY = "does not accept the access key"
    FORBIDDEN = "does not let this access key read and write"
    NO_CREDENTIALS = "needs an access key, and none is set"
    OVERWRITES = "overwrites files that it is told to create only"
    BROKEN = "returns errors"

    def __repr__(self) -> str:
        """Return it as logs show it among other facts."""
        return repr(self.value)
