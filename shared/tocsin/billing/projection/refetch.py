"""Wishes that travel through a queue to the projector: ask a provider, or read an event again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from tocsin.billing.identity import Identity
from tocsin.errors import UNREADABLE, MalformedPayload

FORMAT = 1


class Reason(StrEnum):
    """Why later. Part of the message, so never renamed."""

    FAILED = "failed"
    RACES = "races"
    CONFIRM = "confirm"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class RefetchRequest:
    """One delayed question about one subscription.

    `about` is the second of the event that started it; `attempt` counts from 1. `since` is when we
    first could not do it, None for what is not late at all.
    """

    identity: Identity
    subscription: str
    reason: Reason
    about: int
    attempt: int = 1
    since: int | None = None

    def again(self, now: int) -> RefetchRequest:
        """The same wish, one attempt later."""
        since = now if self.since is None else self.since
        return replace(self, attempt=self.attempt + 1, since=since)

    def to_json(self) -> str:
        """The message body."""
        return json.dumps({"v": FORMAT, **asdict(self)}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class LedgerReplay:
    """One stored event to be projected as if it had just come out of the stream."""

    pk: str
    sk: str

    def to_json(self) -> str:
        """The message body."""
        return json.dumps({"v": FORMAT, "ledger": asdict(self)}, separators=(",", ":"))


def read_message(text: str) -> RefetchRequest | LedgerReplay:
    """The inverse of both `to_json`.

    Raises:
        MalformedPayload: no such message, or of a format this code does not know.
    """
    try:
        document = json.loads(text)
        if document["v"] != FORMAT:
            raise MalformedPayload("The message is of an unknown format.")
        if "ledger" in document:
            return LedgerReplay(str(document["ledger"]["pk"]), str(document["ledger"]["sk"]))
        return RefetchRequest(
            identity=Identity(**document["identity"]),
            subscription=str(document["subscription"]),
            reason=Reason(document["reason"]),
            about=int(document["about"]),
            attempt=int(document["attempt"]),
            since=None if document.get("since") is None else int(document["since"]),
        )
    except UNREADABLE as error:
        raise MalformedPayload("The message is no request to the projector.") from error
