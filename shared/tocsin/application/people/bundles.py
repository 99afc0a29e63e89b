"""A storm of pages to one telephone: three in full, the others in one text with a list behind it.

What has to wait is given back to the outbox, due when the next bundle may leave, so that a process
that dies loses nothing: the sweep that finds the first of them lets all leave that came meanwhile.
A bundle claims its members, leaves, and only then is marked on each of them; dying in between
repeats it, and no more. Where it cannot be told what left of late, the page leaves in full: too
many texts are better than none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from tocsin.application.people.route import Writer
from tocsin.errors import ConditionFailed, Conflict, MessageRefused, TocsinError
from tocsin.incidents.model.outbox import KEPT_ATTEMPTS, REFUSED
from tocsin.incidents.vocabulary import Kind, Severity
from tocsin.notes import Event, Metric
from tocsin.people.links import handle_of
from tocsin.people.storm import MOST_BUNDLED, Left, Line, bundles, takes
from tocsin.people.ways import order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from tocsin.application.people.mint_links import Minter
    from tocsin.incidents.model.outbox import OutboxItem, OutboxKey
    from tocsin.incidents.queries.briefing import Brief
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.notes import Notes
    from tocsin.people.storm import Texts
    from tocsin.people.ways import Way
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.messages import Message
    from tocsin.ports.people import ContactStore, TextStore, WaySender
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.time import IncidentClock, WallClock

WAITS, BUNDLED = "waits", "bundled"
"""What the record of an attempt says of a message that waits for a bundle, and left in one."""

_RACES = 10
_AGAIN = timedelta(seconds=60)


class BundleWriter(Writer, Protocol):
    """Puts messages that leave as one into words, and one that is left alone into its own."""

    def bundle(
        self,
        items: Sequence[OutboxItem],
        policies: Callable[[OutboxItem], Policy],
        *,
        message_id: str,
        link: str | None,
        at: datetime,
    ) -> Message:
        """`items` are for one person, the worst first; `link` leads to the list of them."""
        ...

    def worst_first(self, items: Sequence[OutboxItem]) -> tuple[OutboxItem, ...]:
        """The order in which people need them."""
        ...


class Single(Protocol):
    """Sends one message as if nothing else was there, and says how it may be sent now."""

    def as_it_is_now(self, item: OutboxItem) -> OutboxItem | str:
        """The message as it may leave, or why it does not."""
        ...

    def policy(self, item: OutboxItem) -> Policy:
        """The policy its incident was opened under."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundler:
    """The ports of bundling; `lines` are those by which something has waited for this sweep."""

    store: IncidentStore
    texts: TextStore
    contacts: ContactStore
    policies: PolicySource
    ways: Callable[[str], WaySender]
    private: Callable[[str], bool]
    writer: BundleWriter
    minter: Minter
    brief: Callable[[OutboxItem], Brief | None]
    clock: IncidentClock
    wall: WallClock
    notes: Notes
    lease: timedelta
    lines: set[Line] = field(default_factory=set)

    def admits(self, item: OutboxItem, way: Way, *, waited: bool) -> bool:
        """Whether the page may leave in full by the way now; otherwise it waits there."""
        line = _line(item, way)
        try:
            for _ in range(_RACES):
                texts = self.texts.texts(line)
                after = takes(texts, self._left(item), waited=waited)
                if after is None:
                    self.texts.wait(line, texts.epoch, item.key)
                    self._note(line, waited=waited)
                    return False
                if after is texts or self._written(line, after):
                    return True
        except TocsinError as error:
            self.notes.refused(Event.BUNDLE_UNSURE, error, incident=item.incident, seq=item.seq)
            return True
        self._note(line, waited=waited)
        return False

    def _note(self, line: Line, *, waited: bool) -> None:
        """What has waited for a sweep is bundled by it; until then more may come together."""
        if waited:
            self.lines.add(line)

    def due(self, item: OutboxItem, way: Way) -> datetime:
        """When what waits may leave: the sweep after that lets it."""
        now = self.clock.incident_now()
        try:
            return self.texts.texts(_line(item, way)).next_bundle(now)
        except TocsinError:
            return now

    def send(self, single: Single, *, owner: str) -> int:
        """Lets the bundles leave that may; how many messages left in them.

        Raises:
            StoreUnavailable: what was claimed is free again when its lease ends.
        """
        lines, sent = sorted(self.lines, key=lambda line: (line.person, line.way, line.drill)), 0
        self.lines.clear()
        for line in lines:
            texts = self.texts.texts(line)
            after = bundles(texts, self.clock.incident_now())
            if after is None:
                continue
            waiting = self.texts.waiting(line, texts.epoch)
            if waiting and self._written(line, after):
                sent += self._bundle(line, after, waiting, single, owner)
        return sent

    def _bundle(
        self,
        line: Line,
        texts: Texts,
        waiting: Sequence[OutboxKey],
        single: Single,
        owner: str,
    ) -> int:
        members: list[OutboxItem] = []
        for key in waiting:
            if len(members) == MOST_BUNDLED:
                break
            item = self._claimed(key, single, owner)
            if item is not None:
                members.append(item)
        if not members:
            return 0
        name = f"bundle/{handle_of(f'{line.person}/{line.way}/{line.drill}/{texts.epoch}')}"
        ordered = self.writer.worst_first(members)
        told: tuple[list[str], bool] = ([], False)
        try:
            told = self._leave(line, name, ordered, single)
        except Exception as error:  # noqa: BLE001 - each of them is given back, and tried again
            self.notes.failed(Event.BUNDLE_FAILED, error, bundle=name)
        lines, left = told
        over = left or lines[-1:] == [REFUSED]
        for item in ordered:
            self._mark(item, [*lines], owner, over=over)
        if over and not left:
            self.notes.count(Metric.MESSAGES_REFUSED, len(ordered), kind="bundle")
            return 0
        if not left:
            self.notes.count(Metric.MESSAGES_FAILED, kind="bundle")
            return 0
        self.notes.info(Event.BUNDLE_SENT, bundle=name, members=len(ordered))
        self.notes.count(Metric.MESSAGES_SENT, len(ordered), kind="bundle")
        return len(ordered)

    def _claimed(self, key: OutboxKey, single: Single, owner: str) -> OutboxItem | None:
        """A member that may leave now; what needs no answer any more is done with."""
        wall_now = self.wall.wall_now()
        item = self.store.claim_outbox(key, owner=owner, wall_now=wall_now, lease=self.lease)
        if item is None:
            return None
        found = single.as_it_is_now(item)
        if not isinstance(found, str):
            return found
        tried = (*item.tried, found)[-KEPT_ATTEMPTS:]
        now = self.clock.incident_now()
        self.store.mark_sent(key, owner=owner, sent_at=now, tried=tried)
        return None

    def _leave(
        self, line: Line, name: str, items: Sequence[OutboxItem], single: Single
    ) -> tuple[list[str], bool]:
        """What each member's record gets, and whether the bundle left."""
        tried: list[str] = []
        finals: list[bool] = []
        linked, bare = self._written_as(line, name, items, single)
        for way in self._ways(line):
            label = f"{way.kind}:{way.id}"
            try:
                self.ways(way.kind).send(way, linked if self.private(way.kind) else bare)
            except Exception as error:  # noqa: BLE001 - the next way may work
                code = error.code if isinstance(error, TocsinError) else "unexpected"
                tried.append(f"{label} {code}")
                finals.append(isinstance(error, MessageRefused))
                self.notes.failed(Event.WAY_FAILED, error, bundle=name, way=label)
                self.notes.count(Metric.WAYS_FAILED, kind="bundle")
                continue
            return [*tried, f"{label} {BUNDLED} {name}"], True
        return [*tried, REFUSED] if finals and all(finals) else tried, False

    def _written_as(
        self, line: Line, name: str, items: Sequence[OutboxItem], single: Single
    ) -> tuple[Message, Message]:
        """The text with its links, and without; the only one leaves in full if there is room."""
        at = self.clock.incident_now()
        if len(items) == 1 and self._has_room(line, items[0]):
            policy, brief = single.policy(items[0]), self.brief(items[0])
            links = self.minter.links(items[0], page=True)
            linked = self.writer.message(items[0], policy, links=links, brief=brief, at=at)
            return linked, self.writer.message(items[0], policy, at=at)
        link = self.minter.bundle(line.person, name, items)
        write = self.writer.bundle
        linked = write(items, single.policy, message_id=name, link=link, at=at)
        return linked, write(items, single.policy, message_id=name, link=None, at=at)

    def _has_room(self, line: Line, item: OutboxItem) -> bool:
        after = takes(texts := self.texts.texts(line), self._left(item), waited=False)
        return after is not None and (after is texts or self._written(line, after))

    def _ways(self, line: Line) -> Iterator[Way]:
        """The way the members wait at, then the person's others as for the worst."""
        kinds = self.policies.current().severities[Severity.CRITICAL].escalation.ways
        found = order(self.contacts.ways(line.person), kinds, page=True)
        yield from sorted(found, key=lambda way: way.id != line.way)

    def _mark(self, item: OutboxItem, lines: list[str], owner: str, *, over: bool) -> None:
        tried = (*item.tried, *lines)[-KEPT_ATTEMPTS:]
        now = self.clock.incident_now()
        try:
            if over:
                self.store.mark_sent(item.key, owner=owner, sent_at=now, tried=tried)
            else:
                due = now + _AGAIN
                self.store.release_outbox(item.key, owner=owner, due_at=due, tried=tried)
        except Conflict as error:
            self.notes.refused(Event.MESSAGE_HELD, error, incident=item.incident, seq=item.seq)

    def _left(self, item: OutboxItem) -> Left:
        critical = item.facts.get("severity") == Severity.CRITICAL
        return Left(self.clock.incident_now(), critical, item.message_id)

    def _written(self, line: Line, texts: Texts) -> bool:
        try:
            self.texts.put_texts(line, texts)
        except ConditionFailed:
            return False
        return True


def _line(item: OutboxItem, way: Way) -> Line:
    return Line(person=item.person, way=way.id, drill=item.facts.get("kind") == Kind.DRILL)
