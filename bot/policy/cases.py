"""Why moderators cannot decide a case as they want to."""

from __future__ import annotations

from engine.contract.errors import RequestError


class CaseUnknown(RequestError):
    """The guild has no such case."""


class NothingToRemove(RequestError):
    """What the case is about was erased."""


class NothingToShow(RequestError):
    """The result that an appeal is about was erased."""


class NobodyToRestrict(RequestError):
    """Whom the case is about was erased."""


class BannedAlready(RequestError):
    """The member is banned in the guild, so that a time out would let them back in."""


class BansNeeded(RequestError):
    """The case is about a ban, which only those end who may ban."""


MAX_REPORTS = 20
"""Of a member in a guild within a day: each takes a picture out of lists until moderators have looked at it."""

MAX_OPEN_APPEALS = 5
"""Of a member in a guild."""


class TooManyReports(RequestError):
    """The member has reported as much as they may in a day; the fact `limit` says how much."""


class TooManyAppeals(RequestError):
    """So many appeals of the member are to be decided as there may be; the fact `limit` says how many."""


class AboutYourself(RequestError):
    """It is about whoever decides, who is no administrator."""


class RestrictedAgain(RequestError):
    """Another time out or ban holds for the member than the one that they have appealed against."""


class NothingToAppeal(RequestError):
    """The member has nothing that can be appealed, or no longer."""


class AppealedAlready(RequestError):
    """The member has appealed against this before."""
