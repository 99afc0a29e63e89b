"""Releases and freezes in memory: the twins of `releases.store` and `releases.freezes`."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from tocsin.adapters.incidents.forms import freeze_of
from tocsin.adapters.releases.forms import (
    release_of,
    release_sk,
    release_text,
    sk_after,
    telling_of,
    telling_pk,
    telling_sk,
    telling_text,
)
from tocsin.errors import BadInput, CommandRepeated, ConditionFailed
from tocsin.ports.releases import ReleasePage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.incidents.model.releases import Release, Telling
    from tocsin.incidents.queries.freeze import ServiceFreeze
    from tocsin.ports.incidents import CommandRecord


class MemoryReleases:
    """A `ReleaseStore` that forgets everything with the process; it keeps the stored form.

    `requests` are the creations of the incident store beside it: the table keeps both together.
    """

    def __init__(self, requests: dict[tuple[str, str], CommandRecord]) -> None:
        self._lock = Lock()
        self._texts: dict[tuple[str, str], str] = {}
        self._tellings: dict[tuple[str, str], str] = {}
        self._requests = requests

    def put(
        self,
        release: Release,
        request: CommandRecord | None = None,
        telling: Telling | None = None,
    ) -> None:
        where = (release.service, release_sk(release))
        with self._lock:
            asked = (request.principal or "", request.key or "") if request else None
            if asked in self._requests:
                raise CommandRepeated
            known = self._texts.get(where)
            if known is not None and release_of(known).shipped_at is not None:
                raise ConditionFailed
            self._texts[where] = release_text(release)
            if telling is not None:
                self._tellings[telling_pk(telling), telling_sk(telling)] = telling_text(telling)
            if request is not None and asked is not None:
                self._requests[asked] = request

    def get(self, release: Release) -> Release | None:
        text = self._texts.get((release.service, release_sk(release)))
        return None if text is None else release_of(text)

    def waiting(self, *, at: datetime, limit: int) -> tuple[Telling, ...]:
        """As `TellingStore`."""
        found = sorted(map(telling_of, self._tellings.values()), key=lambda each: each.due_at)
        return tuple(each for each in found if not each.done and each.due_at <= at)[:limit]

    def save(self, telling: Telling, *, expected: int) -> None:
        """As `TellingStore`."""
        where = (telling_pk(telling), telling_sk(telling))
        with self._lock:
            if where not in self._tellings or telling_of(self._tellings[where]).ver != expected:
                raise ConditionFailed
            self._tellings[where] = telling_text(telling)

    def page(
        self,
        service: str,
        *,
        cut_after: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> ReleasePage:
        if cursor is not None and "#" not in cursor:
            raise BadInput("this cursor was not given out here", field="cursor")
        after = cursor or (sk_after(cut_after) if cut_after else "")
        rows = sorted(sk for of, sk in self._texts if of == service and sk > after)
        return ReleasePage(
            releases=tuple(release_of(self._texts[service, sk]) for sk in rows[:limit]),
            cursor=rows[limit - 1] if len(rows) > limit else None,
        )


class MemoryFreezes:
    """A `FreezeStore` over `MemoryIncidents.freezes`: texts by their place in the table."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def of(self, service: str) -> tuple[ServiceFreeze, ...]:
        return tuple(held for held in self.all() if held.service == service)

    def all(self) -> tuple[ServiceFreeze, ...]:
        return tuple(freeze_of(text) for _, text in sorted(self._texts.items()))
