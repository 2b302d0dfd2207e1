"""Discord's API errors by numeric code."""

from enum import IntEnum

from sandbox.state.records import Json


class ErrorCode(IntEnum):
    GENERAL = 0
    UNKNOWN_APPLICATION = 10002
    UNKNOWN_CHANNEL = 10003
    UNKNOWN_GUILD = 10004
    UNKNOWN_MEMBER = 10007
    UNKNOWN_MESSAGE = 10008
    UNKNOWN_USER = 10013
    UNKNOWN_EMOJI = 10014
    UNKNOWN_WEBHOOK = 10015
    UNKNOWN_INTERACTION = 10062
    UNKNOWN_COMMAND = 10063
    NOT_YOUR_APPLICATION = 20012
    TOO_MANY_REACTIONS = 30010
    TOO_MANY_ATTACHMENTS = 30015
    TOO_LARGE = 40005
    POST_NOT_BEGUN = 40058
    ALREADY_ACKNOWLEDGED = 40060
    TOO_MANY_FOLLOW_UPS = 40094
    BAD_USER_AGENT = 40333
    MISSING_ACCESS = 50001
    NOT_IN_DM = 50003
    NOT_YOUR_MESSAGE = 50005
    EMPTY_MESSAGE = 50006
    CANNOT_MESSAGE_USER = 50007
    NOT_A_TEXT_CHANNEL = 50008
    MISSING_PERMISSIONS = 50013
    BAD_BULK_COUNT = 50016
    WRONG_CHANNEL_TYPE = 50024
    EXPIRED_TOKEN = 50027
    TOO_OLD_TO_BULK_DELETE = 50034
    INVALID_FORM = 50035
    THREAD_ARCHIVED = 50083
    INVALID_JSON = 50109
    NO_MUTUAL_GUILDS = 50278
    ALREADY_HAS_THREAD = 160004
    THREAD_LOCKED = 160005


RESPONSES: dict[ErrorCode, tuple[int, str]] = {
    ErrorCode.GENERAL: (404, "404: Not Found"),
    ErrorCode.UNKNOWN_APPLICATION: (404, "Unknown Application"),
    ErrorCode.UNKNOWN_CHANNEL: (404, "Unknown Channel"),
    ErrorCode.UNKNOWN_GUILD: (404, "Unknown Guild"),
    ErrorCode.UNKNOWN_MEMBER: (404, "Unknown Member"),
    ErrorCode.UNKNOWN_MESSAGE: (404, "Unknown Message"),
    ErrorCode.UNKNOWN_USER: (404, "Unknown User"),
    ErrorCode.UNKNOWN_EMOJI: (400, "Unknown Emoji"),
    ErrorCode.UNKNOWN_WEBHOOK: (404, "Unknown Webhook"),
    ErrorCode.UNKNOWN_INTERACTION: (404, "Unknown interaction"),
    ErrorCode.UNKNOWN_COMMAND: (404, "Unknown application command"),
    ErrorCode.NOT_YOUR_APPLICATION: (403, "You are not authorized to perform this action on this application"),
    ErrorCode.TOO_MANY_REACTIONS: (400, "Maximum number of reactions reached (20)"),
    ErrorCode.TOO_MANY_ATTACHMENTS: (400, "Maximum number of attachments in a message reached (10)"),
    ErrorCode.TOO_LARGE: (413, "Request entity too large"),
    ErrorCode.POST_NOT_BEGUN: (
        400,
        "Cannot message this thread until after the post author has sent an initial message.",
    ),
    ErrorCode.ALREADY_ACKNOWLEDGED: (400, "Interaction has already been acknowledged."),
    ErrorCode.TOO_MANY_FOLLOW_UPS: (400, "This interaction has reached the maximum number of follow up messages"),
    ErrorCode.BAD_USER_AGENT: (403, "internal network error"),
    ErrorCode.MISSING_ACCESS: (403, "Missing Access"),
    ErrorCode.NOT_IN_DM: (403, "Cannot execute action on a DM channel"),
    ErrorCode.NOT_YOUR_MESSAGE: (403, "Cannot edit a message authored by another user"),
    ErrorCode.EMPTY_MESSAGE: (400, "Cannot send an empty message"),
    ErrorCode.CANNOT_MESSAGE_USER: (403, "Cannot send messages to this user"),
    ErrorCode.NO_MUTUAL_GUILDS: (403, "Cannot send messages to this user due to having no mutual guilds"),
    ErrorCode.NOT_A_TEXT_CHANNEL: (400, "Cannot send messages in a non-text channel"),
    ErrorCode.MISSING_PERMISSIONS: (403, "Missing Permissions"),
    ErrorCode.BAD_BULK_COUNT: (400, "You can only bulk delete between 2 and 100 messages"),
    ErrorCode.WRONG_CHANNEL_TYPE: (400, "Cannot execute action on this channel type"),
    ErrorCode.EXPIRED_TOKEN: (401, "Invalid Webhook Token"),
    ErrorCode.TOO_OLD_TO_BULK_DELETE: (400, "You can only bulk delete messages that are under 14 days old."),
    ErrorCode.INVALID_FORM: (400, "Invalid Form Body"),
    ErrorCode.THREAD_ARCHIVED: (400, "Thread is archived"),
    ErrorCode.INVALID_JSON: (400, "The request body contains invalid JSON."),
    ErrorCode.ALREADY_HAS_THREAD: (400, "A thread has already been created for this message"),
    ErrorCode.THREAD_LOCKED: (400, "Thread is locked"),
}


class ApiError(Exception):
    """A request that Discord would reject: HTTP status, numeric code, message, and a form's error tree."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.errors = status, code, message, errors

    def to_json(self) -> Json:
        """Return Discord's error object."""
        body: Json = {"message": self.message, "code": self.code}
        return body | {"errors": self.errors} if self.errors else body


def api_error(code: ErrorCode) -> ApiError:
    """Return the error with that code's usual status and message."""
    status, message = RESPONSES[code]
    return ApiError(status, int(code), message)


def unauthorized() -> ApiError:
    """Return the error for a missing or wrong bot token."""
    return ApiError(401, 0, "401: Unauthorized")
