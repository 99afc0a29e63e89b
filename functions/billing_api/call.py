"""One request by one person: what is asked, as whom, and what it is served with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tocsin.application.incidents.requests import Requests
from tocsin.runtime.web.bodies import read
from tocsin.runtime.web.fields import Fields, idempotency_key

if TYPE_CHECKING:
    from functions.billing_api.office import Office
    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.web.http import Request
    from tocsin.runtime.web.identity import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request; `route` is its route key and `takes` the body the route says it has."""

    office: Office
    watch: Watch
    request: Request
    caller: Caller
    route: str
    takes: type | None

    @property
    def key(self) -> str:
        """The caller's `Idempotency-Key`; empty if there is none."""
        return idempotency_key(self.request.headers)

    @property
    def requests(self) -> Requests:
        """What the caller's key has led to here; keys of other functions are others."""
        key = f"billing/{self.key}" if self.key else ""
        return Requests(
            store=self.office.requests,
            wall=self.office.clock,
            person=self.caller.person,
            key=key,
        )

    @property
    def id(self) -> str:
        """What the path's `{id}` names."""
        return self.request.path_parameters.get("id", "")

    def body(self) -> Fields:
        return Fields(self.request.json_object())

    def read[B](self, body: type[B]) -> B:
        """The request's body.

        Raises:
            BadInput: a field is missing, unknown, or is not what it must be.
            TypeError: the route says that it takes another body, and so the API's document.
        """
        if self.takes is not body:
            raise TypeError(f"{self.route} does not say that it takes {body.__name__}")
        return read(body, self.body())


def moment(seconds: int) -> datetime:
    """Epoch seconds as the API shows times."""
    return datetime.fromtimestamp(seconds, UTC)


def moment_if(seconds: int | None) -> datetime | None:
    """The same, or None for none."""
    return None if seconds is None else moment(seconds)
