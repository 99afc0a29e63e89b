"""Refusals about ways and links: leaves of the one tree in `tocsin.errors`."""

from __future__ import annotations

from tocsin.errors import Conflict, NotAllowed, NotFound


class UnknownWay(NotFound):
    """The person has no contact way of that id."""

    code = "unknown_way"


class LinkInvalid(NotFound):
    """This link was never given out as it is."""

    code = "link_invalid"


class LinkUsed(Conflict):
    """The link has done what it was for."""

    code = "link_used"


class LinkStale(Conflict):
    """The incident is no longer as it was when the link was sent."""

    code = "link_stale"


class LinkExpired(Conflict):
    """The link is too old."""

    code, status = "link_expired", 410


class CodeExpired(Conflict):
    """The confirmation code is used up or too old."""

    code, status = "code_expired", 410


class CodeTooSoon(Conflict):
    """A confirmation code was sent a moment ago."""

    code, status, retryable = "code_too_soon", 429, True


class CodeWrong(NotAllowed):
    """Another confirmation code was sent."""

    code = "code_wrong"
