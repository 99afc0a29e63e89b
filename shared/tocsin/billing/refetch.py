"""A wish to ask a provider later, as it travels through a queue."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from tocsin.billing.identity import Identity
from tocsin.errors import MalformedPayload

FORMAT = 1


class Reason(StrEnum):
    """Why later. Part of the message, so never renamed."""

    FAILED = "failed"
    RACES = "races"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class RefetchRequest:
    """One delayed question about one subscription.

    `about` is the second of the event that started it; `attempt` counts from 1.
    """

    identity: Identity
    subscription: str
    reason: Reason
    about: int
    attempt: int = 1

    def again(self) -> RefetchRequest:
        """The same wish, one attempt later."""
        return replace(self, attempt=self.attempt + 1)

    def to_json(self) -> str:
        """The message body."""
        return json.dumps({"v": FORMAT, **asdict(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> RefetchRequest:
        """The inverse of `to_json`.

        Raises:
            MalformedPayload: not such a message, or of a format this code does not know.
        """
        try:
            document = json.loads(text)
            if document["v"] != FORMAT:
                raise MalformedPayload("The message is of an unknown format.")
            return cls(
                identity=Identity(**document["identity"]),
                subscription=str(document["subscription"]),
                reason=Reason(document["reason"]),
                about=int(document["about"]),
                attempt=int(document["attempt"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedPayload("The message is no request to ask again.") from error
