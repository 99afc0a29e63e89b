"""A delivery as far as it is kept, and what it says in the words of a signal."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload
from tocsin.incidents.vocabulary import Severity
from tocsin.signals.fields import moment, optional_text, record, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SOURCE = "github"
VERDICT = timedelta(minutes=1)
"""How long a new dependency alert waits for the rules that dismiss it as it is created."""
TICK = timedelta(milliseconds=1)
"""GitHub's times are whole seconds: what ends something comes after what began it in the same."""
_TIMES = (
    *("updated_at", "fixed_at", "resolved_at", "dismissed_at", "auto_dismissed_at", "created_at"),
)
_LEVELS = {
    **{severity.value: severity for severity in Severity},
    "moderate": Severity.MEDIUM,
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "note": Severity.LOW,
    "none": Severity.LOW,
}
FIRE = frozenset(
    {
        *("created", "reopened", "reopened_by_user", "appeared_in_branch", "publicly_leaked"),
        *("auto_reopened", "reintroduced", "create", "reopen"),
    }
)
AGAIN = frozenset({"reopened", "reopened_by_user", "auto_reopened", "reintroduced", "reopen"})
CLEAR = frozenset({"fixed", "revoked", "resolve"})
TELL = frozenset({"dismissed", "closed_by_user", "dismiss", "auto_dismissed"})


class Nothing(Exception):
    """A delivery that was understood and is no signal; the argument says why."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery, as far as it is kept."""

    event: str
    guid: str
    action: str
    body: Mapping[str, object]
    received_at: datetime | None
    repository: Mapping[str, object]

    @property
    def whose(self) -> str:
        """The repository by what does not change when it is renamed."""
        number = self.repository.get("id")
        known = isinstance(number, int) and not isinstance(number, bool)
        return str(number) if known else self.name.lower()

    @property
    def name(self) -> str:
        return text(self.repository, "full_name")

    @property
    def called(self) -> str:
        """The repository without its owner: what a service is taken to be called."""
        return optional_text(self.repository, "name") or self.name.rpartition("/")[2]

    @property
    def public(self) -> bool:
        """Whether everybody can read it; where nobody says, it is not taken to be."""
        return self.repository.get("private") is False

    @property
    def id(self) -> str:
        """The same for the same content: no header is signed, and the delivery's name is one."""
        said = json.dumps([self.event, self.body], sort_keys=True, ensure_ascii=True)
        return f"{SOURCE}-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a delivery says, in the words of a signal."""

    kind: str
    name: str
    title: str
    at: datetime
    firing: bool = False
    told: bool = False
    withdraws: bool = False
    hint: Severity | None = None
    detail: str = ""
    link: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    held_until: datetime | None = None


def alert_of(one: Delivery) -> Mapping[str, object]:
    """The alert a delivery is about; `Nothing` where GitHub sends null."""
    if one.body.get("alert") is None:
        raise Nothing(f"{one.action or 'something'} of no alert")
    return record(one.body, "alert")


def number_of(alert: Mapping[str, object]) -> int:
    """What tells the alert from others of its kind in its repository."""
    number = alert.get("number")
    if isinstance(number, bool) or not isinstance(number, int):
        raise MalformedPayload("`number` must be a whole number", field="number")
    return number


def when(one: Delivery, alert: Mapping[str, object]) -> datetime:
    """When it happened: the newest time the alert has; where nothing says, when it was received."""
    times = [moment(alert, name) for name in _TIMES if alert.get(name) is not None]
    if (one.action in AGAIN and alert.get("updated_at") is None) or not times:
        times += [one.received_at] if one.received_at else []
    if not times:
        raise MalformedPayload("`updated_at` must be a time", field="updated_at")
    late = 2 if one.action in AGAIN else one.action in CLEAR | TELL
    return max(times) + int(late) * TICK


def who(alert: Mapping[str, object], *names: str) -> str:
    """The login of the first of those users who is named; nothing if none is."""
    for name in names:
        if isinstance(user := alert.get(name), dict) and (login := optional_text(user, "login")):
            return login
    return ""


def level(*given: object) -> Severity | None:
    """The first of the source's words for how bad it is."""
    words = (word.lower() for word in given if isinstance(word, str) and word)
    return next((_LEVELS[word] for word in words if word in _LEVELS), None)
