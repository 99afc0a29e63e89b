"""What a round is given of the outside world: keys, the ledger's newest, alarm names."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import urllib3

from functions.outage_watch.ringing import alarm_arn
from tocsin.errors import SecretUnavailable, SendFailed
from tocsin.incidents.model.signals import KEY_VERSION
from tocsin.providers.http.probes import HttpProbes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.billing.identity import Identity
    from tocsin.billing.outage.signs import Health
    from tocsin.ports.billing.outage import LedgerHours
    from tocsin.providers.selling import DocumentSource

_HOUR, _HOURS_RECENT, _HOURS_BACK = 3_600, 2, 6


@dataclass(frozen=True, slots=True)
class Accounts:
    """Looks at accounts with their keys, and tells a hosted status page if one is named."""

    document: DocumentSource
    bases: Mapping[str, str]
    probes: HttpProbes = field(default_factory=HttpProbes)

    def look(self, identity: Identity, *, now: int) -> Health:
        """Raises `SecretUnavailable` where there is no key."""
        key = self.document.get().keys.key_for(identity)
        if key is None:
            raise SecretUnavailable(f"There is no key for {identity}.")
        return self.probes.look(identity, self.bases[identity.provider], key, now=now)

    def announce(self, status: Mapping[str, Any]) -> None:
        """Posts the public status to the webhook that the document names.

        Raises:
            SendFailed: it did not take it; the page itself is served by us in any case.
        """
        url = self.document.get().status_webhook
        if url is None:
            return
        try:
            answer = urllib3.request(
                "POST",
                url,
                body=json.dumps(status).encode(),
                headers={"content-type": "application/json"},
                timeout=urllib3.Timeout(connect=2, read=3),
                retries=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise SendFailed("the status page did not answer") from error
        if answer.status >= 300:  # noqa: PLR2004 - HTTP
            raise SendFailed("the status page refused", status=answer.status)


@dataclass(frozen=True, slots=True)
class Newest:
    """When the newest stored webhook of an account arrived, looked for some hours back.

    What lies before the last two hours is looked for once an hour: nothing new arrives there.
    """

    ledger: LedgerHours
    _earlier: dict[tuple[Identity, int], int | None] = field(default_factory=dict, init=False)

    def __call__(self, identity: Identity, now: int) -> int | None:
        if (found := self._newest(identity, now, range(_HOURS_RECENT))) is not None:
            return found
        hour = now // _HOUR
        if (identity, hour) not in self._earlier:
            for key in [key for key in self._earlier if key[1] != hour]:
                del self._earlier[key]
            back = range(_HOURS_RECENT, _HOURS_BACK)
            self._earlier[identity, hour] = self._newest(identity, now, back)
        return self._earlier[identity, hour]

    def _newest(self, identity: Identity, now: int, hours: range) -> int | None:
        for back in hours:
            if found := self.ledger.sample(identity, now - back * _HOUR):
                return max(event.received_at for event in found)
        return None


def key_maker(function_arn: str, stage: str) -> Callable[[str], str]:
    """The dedup key that an alarm of ours opens an incident under, by its name."""
    return lambda alarm: f"{KEY_VERSION}:cloudwatch:{alarm_arn(function_arn, stage, alarm)}"
