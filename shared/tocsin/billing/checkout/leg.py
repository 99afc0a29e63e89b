"""One call to one provider, and what is known of what it made. Times are epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity


SENT_FOR_LONG = 30

"""Seconds after which a call without a stored outcome is one whose caller is gone."""

ABSENCE_PROVES = 600

"""Seconds after sending from when a provider's list without our session says that none was made.

A request that was still under way when we hung up ends long before this. Neither provider documents
when its lists are complete, so the customer is served by this word, and the key is looked for again
until nothing made with it could be paid any more (`Leg.look_again_at`). A list without anything in
it, however far back it is asked for, says nothing: that is also how an outage looks.
"""

PAGE_LIFE = 86_400
"""Seconds a page can be paid on, and an idempotency key stands for one page, at either provider."""

ABSENT = "absent"
"""The code of a leg of which a list said that its key made nothing."""


class LegState(StrEnum):
    """What is known of one call. Stored, so never renamed."""

    SENT = "sent"
    OFFERED = "offered"
    DOUBT = "doubt"
    FAILED = "failed"
    REFUSED = "refused"
    WITHDRAWING = "withdrawing"
    """Its session is being expired: nobody may be sent there, and no new call may ask for it."""
    WITHDRAWN = "withdrawn"
    """Its session has been expired, or its subscription has ended: it can no longer be paid."""
    LIVE = "live"
    """A subscription runs on it."""


UNSETTLED = frozenset({LegState.SENT, LegState.DOUBT, LegState.WITHDRAWING})

MAY_LIVE = UNSETTLED | {LegState.OFFERED, LegState.LIVE}

MADE_A_PAGE = frozenset({LegState.OFFERED, LegState.WITHDRAWING, LegState.WITHDRAWN, LegState.LIVE})


@dataclass(frozen=True, slots=True)
class Leg:
    """One call to one provider. Times are epoch seconds.

    `key` is the idempotency key the provider was given, and what its lists are searched for; a call
    after one that is over (`used_up`) has another one, or it would be answered with what that one
    came to. `session` is what it made, `url` where the customer pays, `subscription` what runs on
    it. `doubted`: an earlier call with the same key has no known outcome, so that a failure now
    proves nothing; `first_sent_at` is when the first call with that key was made, `called_at` when
    the last one was that may have made something (0: at `sent_at`). `look_again_at`: when a key of
    which a list said that it made nothing is looked for once more, for the list may have been
    behind; 0: no more.
    """

    identity: Identity
    price: str
    key: str
    state: LegState
    sent_at: int
    session: str | None = None
    url: str | None = None
    subscription: str | None = None
    settled_at: int | None = None
    code: str = ""
    tries: int = 1
    doubted: bool = False
    first_sent_at: int = 0
    called_at: int = 0
    look_again_at: int = 0

    @property
    def provider(self) -> str:
        return self.identity.provider

    @property
    def withdrawing(self) -> bool:
        return self.state is LegState.WITHDRAWING

    @property
    def used_up(self) -> bool:
        """Whether its key would only be answered with what is known already.

        Providers keep the answer to a key for a day, a refusal and a server error too.
        """
        absent = self.state is LegState.FAILED and self.code == ABSENT
        return absent or self.state in {LegState.WITHDRAWN, LegState.REFUSED}

    @property
    def last_call(self) -> int:
        """When something may last have been made with its key; what is under way may make it."""
        return self.sent_at if self.state is LegState.SENT else self.called_at or self.sent_at

    def next_look(self, now: int) -> int:
        """When what a list says was not made is looked for again; 0 for never.

        When it is 10, 20, 40 minutes old and so on, and at last when no page of its could be paid
        any more: a list that is hours behind shows it then, and it has cost nine questions.
        """
        over, age = PAGE_LIFE + ABSENCE_PROVES, ABSENCE_PROVES
        if now - self.last_call >= over:
            return 0
        while age <= now - self.last_call:
            age *= 2
        return self.last_call + min(age, over)
