"""Comparing whole workspaces, in one step of a reconciliation: hints first, then questions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.billing.identity import is_object_id, placed
from tocsin.billing.projection.ordering import Answer, Verdict
from tocsin.billing.reconcile.compare import Mismatch, Subject, Unknown, compare, double
from tocsin.billing.reconcile.work import Compared, Found
from tocsin.errors import MalformedPayload, ProviderUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tocsin.billing.access.entitlement import AccessPolicy
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Row
    from tocsin.billing.reconcile.work import Cursor
    from tocsin.billing.subscription import Subscription
    from tocsin.ports.billing.access import SeenTwice
    from tocsin.ports.billing.projection import ProviderClient, SeenAccounts
    from tocsin.ports.billing.reconcile import ReconciliationStore, Rows
    from tocsin.ports.billing.replay import RateLimit

    type Key = tuple[Identity, str]

LOOSE = "-"
"""Begins the name under which something is noted of which no workspace is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """What it takes to look at both sides of a subscription.

    `incident_open` says whether a billing incident is open; where that cannot be known it says so.
    """

    store: ReconciliationStore
    rows: Rows
    client: ProviderClient
    rate: RateLimit
    access: AccessPolicy
    incident_open: Callable[[], bool]
    now: Callable[[], int]
    accounts: SeenAccounts
    twice: SeenTwice
    add_ons: frozenset[str] = frozenset()

    def again(self, mismatch: Mismatch) -> str | None:
        """Reads both sides of a mismatch once more; None if they agree, else what is still wrong.

        Raises:
            Unavailable: the provider's budget is used up, or a store does not answer.
        """
        objects = [placed(each) for each in mismatch.others] or [
            (mismatch.identity, mismatch.subscription)
        ]
        subjects = [self.asked(identity, name) for identity, name in objects]
        findings = [self.compared(each) for each in subjects]
        if mismatch.workspace is not None:
            findings.append(double(mismatch.workspace, subjects, self.add_ons))
        left = [each for each in findings if each is not None]
        if not left:
            return None
        return "; ".join(
            each.why if isinstance(each, Unknown) else f"still {each.kind}" for each in left
        )

    def asked(self, identity: Identity, name: str, newest: int | None = None) -> Subject:
        """A subscription as it is now: the row consistently, the provider by its id."""
        self.rate.take(identity)
        answer = self.client.fetch(identity, name)
        try:
            row = self.rows.read(identity, name)
        except MalformedPayload as error:
            row, answer = None, Answer(Verdict.UNREADABLE, detail=error.detail)
        return Subject(
            identity=identity, subscription=name, row=row, answer=answer, newest_event=newest
        )

    def compared(self, subject: Subject) -> Mismatch | Unknown | None:
        """What is wrong with a subscription, if anything is or may be."""
        return compare(subject, self.access, now=self.now(), incident_open=self.incident_open())


class Look:
    """One step's comparing: what lists said of subscriptions, and what was met on the way."""

    def __init__(self, by: Comparing, cursor: Cursor) -> None:
        """Nothing listed and nothing met yet."""
        self._by, self._cursor = by, cursor
        self.listed: dict[Key, Subscription] = {}
        self.newest: dict[Key, int] = {}
        self.calls = 0
        self.workspaces = self.subscriptions = self.mismatches = 0

    def workspace(self, workspace: str, also: Iterable[Key] = ()) -> None:
        """Compares all of a workspace, unless that was done, all of `also` in it and known."""
        store, name = self._by.store, self._cursor.id
        before = store.compared(name, workspace)
        wanted = set(also)
        done = {_key(each) for each in before.subscriptions} if before else set()
        if before is not None and wanted <= done and not before.unknown:
            return
        held: dict[Key, Row] = {}
        for identity, row in self._by.rows.of_workspace(workspace):
            if identity not in self._cursor.identities:
                self._not_compared(identity)
            elif row.subscription:
                held[identity, row.subscription.id] = row
        keys = sorted(wanted | done | held.keys(), key=str)
        self._compare(workspace, keys, held)

    def loose(self, identity: Identity, subscription: str) -> None:
        """Compares one of which no workspace is known; if the provider names one, all of that."""
        if not is_object_id(subscription):
            self._cannot_be_asked(identity, subscription)
            return
        truth = self.listed.get((identity, subscription))
        if truth is None:
            answer = self._ask(identity, subscription).answer
            truth = answer.subscription
        if truth is not None and truth.workspace is not None:
            self.workspace(truth.workspace, also=[(identity, subscription)])
            return
        name = f"{LOOSE}{identity}#{subscription}"
        if self._by.store.compared(self._cursor.id, name) is None:
            self._compare(name, [(identity, subscription)], {})

    def _cannot_be_asked(self, identity: Identity, name: str) -> None:
        """Names what cannot be the id of a subscription: no key is made of it, nobody asked."""
        key = f"{LOOSE}id#{hashlib.sha256(name.encode()).hexdigest()}"
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}... ({len(name)} characters)"
        why = f"{identity}: {shown!r} cannot be the id of a subscription"
        self._by.store.compare(self._cursor.id, Compared(key, (), (why,)))

    def nothing_listed(self, identity: Identity) -> None:
        """An empty list proves nothing: it is noted as unknown, and nothing follows from it."""
        self.not_listed(identity, f"{identity} listed no subscriptions at all")

    def not_listed(self, identity: Identity, why: str) -> None:
        """An account whose list cannot be had is noted as unknown; the others are compared."""
        name = f"{LOOSE}list#{identity}"
        self._by.store.compare(self._cursor.id, Compared(name, (), (why,)))

    def _not_compared(self, identity: Identity) -> None:
        """A row of an account that nobody knew of when this began is noted as unknown."""
        if any(each.holds(identity) for each in self._cursor.left):
            return
        name = f"{LOOSE}account#{identity}"
        why = f"{identity}: an account that was not known when this began; reconcile again"
        self._by.store.compare(self._cursor.id, Compared(name, (), (why,)))
        self._by.accounts.note(identity, now=self._by.now())

    def shrunk(self, identity: Identity, listed: int, before: int) -> None:
        """A provider lists what has ended too: a list that is shorter than once is not whole."""
        why = f"{identity} listed {listed} subscriptions, and {before} in an earlier reconciliation"
        name = f"{LOOSE}shrunk#{identity}"
        self._by.store.compare(self._cursor.id, Compared(name, (), (why,)))

    def _compare(self, workspace: str, keys: Sequence[Key], held: Mapping[Key, Row]) -> None:
        subjects = [self._subject(key, held.get(key)) for key in keys]
        found: list[Mismatch] = []
        unknown: list[str] = []
        for index, subject in enumerate(subjects):
            finding = self._by.compared(subject)
            if finding is not None and self._is_hint(subject):
                subjects[index] = self._ask(subject.identity, subject.subscription)
                finding = self._by.compared(subjects[index])
            if isinstance(finding, Unknown):
                unknown.append(f"{finding.identity}#{finding.subscription}: {finding.why}")
            elif finding is not None:
                found.append(finding)
        whose = None if workspace.startswith(LOOSE) else workspace
        if whose is not None and double(whose, subjects, self._by.add_ons) is not None:
            sure = [
                self._ask(each.identity, each.subscription) if self._is_hint(each) else each
                for each in subjects
            ]
            unknown += [
                f"{each.identity}#{each.subscription}: not known whether {whose} pays twice"
                for each in sure
                if each.answer.verdict not in _ANSWERS
            ]
            if (twice := double(whose, sure, self._by.add_ons)) is not None:
                found.append(twice)
                self._by.twice.note(whose, now=self._by.now())
        for each in found:
            self._by.store.add(self._cursor.id, Found(each, at=self._by.now()))
        names = tuple(f"{identity}#{name}" for identity, name in keys)
        self.workspaces += 1
        self.subscriptions += len(names)
        self.mismatches += len(found)
        self._by.store.compare(self._cursor.id, Compared(workspace, names, tuple(unknown)))

    def _subject(self, key: Key, row: Row | None) -> Subject:
        """By what a list said, where one did; asked for by its id where none did."""
        if (truth := self.listed.get(key)) is None:
            return self._ask(*key)
        identity, name = key
        try:
            row = row or self._by.rows.read(identity, name)
        except MalformedPayload:
            return self._ask(*key)
        return Subject(
            identity=identity,
            subscription=name,
            row=row,
            answer=Answer(Verdict.FOUND, truth),
            newest_event=self.newest.get(key),
        )

    def _is_hint(self, subject: Subject) -> bool:
        return (subject.identity, subject.subscription) in self.listed

    def _ask(self, identity: Identity, subscription: str) -> Subject:
        self.calls += 1
        self.listed.pop((identity, subscription), None)
        found = self._by.asked(identity, subscription, self.newest.get((identity, subscription)))
        if found.answer.verdict is Verdict.FAILED and found.answer.http_status in _BUSY:
            raise ProviderUnavailable(found.answer.detail or "no answer")
        return found


_ANSWERS = frozenset({Verdict.FOUND, Verdict.MISSING})
"""What a provider has said; everything else is no answer, and never a "no"."""

_SHOWN = 60
_BUSY = frozenset({429})


def _key(text: str) -> Key:
    return placed(text)
