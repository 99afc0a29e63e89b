"""Changing who is on call, and showing it: rotations, overrides, the days ahead.

Rotations are the commanders': whoever changes who is woken at night is named, and what was before
is kept. An override may also be made by the very person who takes over, because covering for
somebody needs nobody's leave.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.application.people.on_call import read_rotas
from tocsin.errors import (
    BadInput,
    GroupRequired,
    IdempotencyKeyReused,
    InvalidPolicy,
    UnknownName,
)
from tocsin.incidents import limits
from tocsin.incidents.runbook.calendar import load_zone
from tocsin.incidents.vocabulary import RESPONDERS, Group, Role
from tocsin.people.rotation import NOBODY, Override, Rota, Rotation, duty_at, handoff, shifts, turn
from tocsin.people.turns import AHEAD, changed

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.runbook.policy import Policy
    from tocsin.people.rotation import Duty, Shift
    from tocsin.people.turns import ChangedTurn
    from tocsin.ports.people import RotaStore

MEMBERS = 40
LONGEST_TURN = 366
LONGEST_CALENDAR = timedelta(days=366)
_LOOK_BACK = timedelta(days=8)
"""Longer than a request is remembered under its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyDesk:
    """The rotas of one deployment; `policy` is the current one, whose roster stands in.

    `person` asks, as far as `groups` let them. `now` is incident time.
    """

    rotas: RotaStore
    policy: Policy
    person: str
    groups: frozenset[Group]
    now: datetime

    def duty(self, at: datetime) -> Duty:
        """Who is on call for every role at an instant."""
        return duty_at(self.policy.roster, read_rotas(self.rotas, since=at), at)

    def rota(self, role: Role) -> Rota:
        """The rotation of a role, and the overrides that are not over."""
        return self.rotas.rota(role, since=self.now)

    def shifts(self, roles: tuple[Role, ...], start: datetime, end: datetime) -> list[Shift]:
        """Who is on call from `start` to `end`, role after role.

        Raises:
            BadInput: the end is not after the start, or more than a year after it.
        """
        if not start < end <= start + LONGEST_CALENDAR:
            raise BadInput("a calendar is of at most a year, from a time to a later one")
        known = {role: self.rotas.rota(role, since=start) for role in roles}
        roster = self.policy.roster
        return [each for role in roles for each in shifts(known[role], role, roster, start, end)]

    def set_rotation(self, asked: Rotation, *, at_once: bool = False) -> Rotation:
        """Puts a rotation in the place of the one there is; the same again changes nothing.

        Turns that are running go on until their next hand-off, and until turns that are planned for
        later begin; `at_once` they do not.

        Raises:
            GroupRequired: only a commander says who takes turns.
            BadInput: the rotation cannot be.
            VersionConflict: somebody else changed it at the same time.
        """
        before = self.rotas.rota(asked.role, since=self.now).rotation
        wanted = self._wanted(asked, before, at_once=at_once)
        if wanted is not before:
            self.rotas.set_rotation(wanted, before=before)
        return wanted

    def preview(self, asked: Rotation, *, at_once: bool = False) -> tuple[ChangedTurn, ...]:
        """Whose turns of the next 180 days would be others'; changes nothing.

        Raises:
            GroupRequired: only a commander says who takes turns.
            BadInput: the rotation cannot be.
        """
        rota = self.rotas.rota(asked.role, since=self.now)
        wanted = self._wanted(asked, rota.rotation, at_once=at_once)
        end, roster = self.now + AHEAD, self.policy.roster
        before, after = (
            [*shifts(each, asked.role, roster, self.now, end)]
            for each in (rota, replace(rota, rotation=wanted))
        )
        return tuple(
            replace(one, starts_at=max(one.starts_at, self.now)) for one in changed(before, after)
        )

    def _wanted(self, asked: Rotation, before: Rotation | None, *, at_once: bool) -> Rotation:
        """What is to be stored; `before` itself where that says the same."""
        self._require_commander()
        wanted = replace(_checked(asked), set_by=self.person, set_at=self.now)
        if before is not None and _without_author(before) == _without_author(wanted):
            return before
        if before is not None and not at_once:
            return _from_the_next_turn(wanted, before.at(self.now), self.now)
        return wanted

    def override(
        self, asked: Override, *, key: str, from_now: bool = False
    ) -> tuple[Override, bool]:
        """Puts a person in the place of whoever's turn it is; whether that was made now.

        `key` makes a repeat the same override, also when it is over. `from_now`: its start is when
        it was asked for, so that a repeat may say another.

        Raises:
            GroupRequired: neither a commander nor the person who takes over.
            BadInput: it ends before it starts, or is over.
            IdempotencyKeyReused: the key was used for another override.
        """
        limits.person(asked.person)
        if asked.person != self.person or not self.groups & RESPONDERS:
            self._require_commander()
        start = max(asked.starts_at, self.now)
        if not start < asked.ends_at <= start + LONGEST_CALENDAR:
            raise BadInput("an override ends in the future, after it starts, within a year")
        digest = hashlib.sha256(f"{self.person}\n{key}".encode()).hexdigest()[:16]
        reason = limits.line("reason", asked.reason) if asked.reason else ""
        made = replace(asked, id=digest, reason=reason, set_by=self.person, set_at=self.now)
        since = self.now - _LOOK_BACK
        if (known := self._find(asked.role, digest, since=since)) is not None:
            if from_now:
                made = replace(made, starts_at=known.starts_at)
            if _as_asked(known) != _as_asked(made):
                raise IdempotencyKeyReused("this key was used for another override", key=key)
            return known, False
        self.rotas.set_override(made)
        return made, True

    def end_override(self, role: Role, override_id: str) -> Override:
        """Ends an override now, or undoes one that has not begun.

        Raises:
            UnknownName: there is none of that id that is not over.
            GroupRequired: neither a commander nor who made it nor who took over.
        """
        if (found := self._find(role, override_id)) is None:
            raise UnknownName(f"no override {override_id[:32]!r} of the {role}", kind="override")
        if self.person not in {found.set_by, found.person}:
            self._require_commander()
        ended = replace(found, ends_at=max(self.now, found.starts_at))
        self.rotas.set_override(ended)
        return ended

    def ended(self, role: Role, override_id: str) -> Override:
        """An override that was ended not long ago.

        Raises:
            UnknownName: there is none of that id.
        """
        if (found := self._find(role, override_id, since=self.now - _LOOK_BACK)) is None:
            raise UnknownName(f"no override {override_id[:32]!r} of the {role}", kind="override")
        return found

    def _find(self, role: Role, override_id: str, since: datetime | None = None) -> Override | None:
        known = self.rotas.rota(role, since=since or self.now).overrides
        return next((each for each in known if each.id == override_id), None)

    def _require_commander(self) -> None:
        if Group.COMMANDER not in self.groups:
            raise GroupRequired(f"{self.person} may not say who is on call: commanders do")


def _checked(rotation: Rotation) -> Rotation:
    """The rotation, if it can be.

    Raises:
        BadInput: no member, no such zone, a turn of no time, or a name no person has.
    """
    try:
        load_zone(rotation.zone)
    except InvalidPolicy as error:
        raise BadInput(f"there is no time zone {rotation.zone[:64]!r}", field="zone") from error
    if not 1 <= rotation.length_days <= LONGEST_TURN:
        raise BadInput(f"a turn takes 1 to {LONGEST_TURN} days", field="length_days")
    named = (*rotation.members, *rotation.backups, *rotation.deputies)
    if not any(rotation.members) or len(named) > MEMBERS:
        raise BadInput(f"a rotation has a member, and names at most {MEMBERS}", field="members")
    for person in (*rotation.backups, *rotation.deputies, *filter(None, rotation.members)):
        limits.person(person)
    return replace(rotation, starts_at=handoff(rotation, 0))


def _from_the_next_turn(wanted: Rotation, running: Rotation, now: datetime) -> Rotation:
    """The rotation with the turn that runs until it is handed over, or until the new ones begin."""
    number = turn(running, now)
    if number is None:
        return wanted
    from_at = max(wanted.starts_at, handoff(running, number + 1))
    return replace(
        wanted, until_then=replace(running, until_then=None, from_at=None), from_at=from_at
    )


def _without_author(rotation: Rotation) -> Rotation:
    return replace(rotation, set_by=NOBODY, set_at=None, until_then=None, from_at=None)


def _as_asked(override: Override) -> Override:
    """Without when it was set, and without an end that it may have been given since."""
    return replace(override, set_at=None, ends_at=override.starts_at)
