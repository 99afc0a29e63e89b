"""A release of a service, as it is reported: what a next-release clock waits for (semantics 6).

Its identity is service, cut and id: a release that is cut again is another one, because what was
cut before an incident began cannot carry its fix.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tocsin.errors import BadInput, GroupRequired
from tocsin.incidents import limits
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import RESPONDERS, ActorKind, Group

MOST_COMMITS = 100


class ReleaseKind(StrEnum):
    """What went out: a release, or a feature flag that was turned."""

    RELEASE = "release"
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release; `shipped_at` None: planned. `commits` are those of the fixes it carries.

    A flag is kept beside releases because the question asked of both is what went out before
    an incident; it is never regular and carries no commit, so no clock hears of it.
    """

    service: str
    release: str
    regular: bool
    cut_at: datetime
    planned_at: datetime | None = None
    shipped_at: datetime | None = None
    commits: tuple[str, ...] = ()
    kind: ReleaseKind = ReleaseKind.RELEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A release that open incidents are still to be told of, in the name of who reported it.

    `cursor` is where the board was left; `at_end` says that its end was reached. `left` are
    incidents that could not be told then. `ver` counts its changes.
    """

    release: Release
    actor_kind: ActorKind
    actor_id: str
    groups: frozenset[Group]
    correlation_id: str
    due_at: datetime
    cursor: str | None = None
    at_end: bool = False
    left: tuple[str, ...] = ()
    ver: int = 1

    @property
    def actor(self) -> Actor:
        return Actor(self.actor_kind, self.actor_id)

    @property
    def done(self) -> bool:
        return self.at_end and not self.left


def check(release: Release, *, person: str, groups: frozenset[Group], at: datetime) -> None:
    """Refuses a report that cannot be true, and one by somebody who may only look.

    Raises:
        GroupRequired: a viewer reports.
        BadInput: it shipped in the future or before it was cut, or a name is none.
        PayloadTooLarge: a name is too long.
    """
    if not groups & RESPONDERS:
        raise GroupRequired(f"{person} may look but not act")
    limits.name("service", release.service)
    limits.name("release", release.release)
    if "#" in release.service or "#" in release.release:
        raise BadInput("no service and no release has a # in its name")
    if len(release.commits) > MOST_COMMITS:
        raise BadInput(f"a release names at most {MOST_COMMITS} commits", field="commits")
    for commit in release.commits:
        limits.name("commits", commit)
    if release.kind is ReleaseKind.FLAG and (
        release.regular or release.commits or release.shipped_at is None
    ):
        raise BadInput(
            "a flag is not `regular`, has no `commits`, and was turned at `shipped_at`",
            field="kind",
        )
    if release.shipped_at is not None and release.shipped_at > at:
        raise BadInput("a release that has not shipped has no shipping time", field="shipped_at")
    for name, moment in (("shipped_at", release.shipped_at), ("planned_at", release.planned_at)):
        if moment is not None and moment < release.cut_at:
            raise BadInput(f"{name} is before the release was cut", field=name)


def completed(report: Release, known: Release | None) -> Release:
    """The release with what this report leaves out and an earlier one told."""
    if known is None:
        return report
    return replace(
        report,
        planned_at=report.planned_at or known.planned_at,
        shipped_at=report.shipped_at or known.shipped_at,
        commits=report.commits or known.commits,
    )


def awaited(releases: Iterable[Release], since: datetime) -> Release | None:
    """The first regular one cut after `since`; `releases` in the order they were cut."""
    return next((each for each in releases if each.regular and each.cut_at > since), None)
