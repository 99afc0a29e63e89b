"""A provider's outage as an incident sees it: examined, replayed, compared, told."""

from __future__ import annotations

from typing import Any, Final

from tests.harness.worlds.stories import BO, Story, make, signal
from tocsin.incidents.commands import billing as b
from tocsin.incidents.commands.opening import MergeSignals
from tocsin.incidents.model import figures
from tocsin.incidents.model.billing import ReplayCounts, ReplayKind
from tocsin.incidents.model.content import Stored
from tocsin.incidents.queries.gate import Standing, gate
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind, Category, Severity

T0: Final = "09-08 10:00"
ROBOT: Final = Actor(ActorKind.RULE, "billing-exit")
KEPT: Final = Stored(key="a/b", sha256="5" * 64, size=12, media_type="application/json")
COMPLETE = """Timeline
- 2026-09-08T14:00Z opened
Counts
- 3 checkouts
Corrections
none
Residual actions
- tell finance; owner: bo
"""


def outage(category: Category = Category.OPERATIONAL) -> Story:
    """An operational incident with the evidence of a provider in it."""
    story = Story().open(T0, Severity.HIGH, category)
    story.acknowledge("09-08 10:01", BO)
    seen = signal(story.at("09-08 10:02"), firing=False, name="stripe:1790000000", source="billing")
    story.do("09-08 10:02", make(MergeSignals, ROBOT, signals=(seen,)))
    return story


def counted(story: Story, at: str, *, who: Actor = ROBOT, **changes: Any) -> None:
    values: dict[str, Any] = {
        "provider": "stripe",
        "asked_by": "ana",
        "since": story.at(T0),
        "sessions": 4,
        "workspaces": 3,
        "probe": None,
        "paid": 1,
        "quiet_minutes": 12,
        "volume": 4,
        "lacks": (),
    }
    story.do(at, make(b.ExamineCheckouts, who, **(values | changes)))


def line(story: Story, code: str, at: str = "09-08 11:00") -> Standing:
    (found,) = [one for one in gate(story.incident, story.policy, story.at(at)) if one.code == code]
    return found


def ready(story: Story) -> None:
    """Everything but the billing facts that are not recorded yet."""
    story.contain("09-08 11:00")
    story.repair("09-08 12:00")
    story.tell_everybody("09-08 12:30")
    told = "".join(f"- {one}\n" for one in figures.counted(story.incident))
    text = COMPLETE.replace("Corrections\n", f"{told}Corrections\n")
    story.update("09-08 12:40", "u-final", final=True, text=text, residual="tell finance")


def replayed(story: Story, at: str, **changes: Any) -> None:
    values: dict[str, Any] = {
        "replay": "RPL-1",
        "kind": ReplayKind.EVENTS,
        "provider": "stripe",
        "account": "acct_1#live",
        "start": story.at("09-08 09:00"),
        "end": story.at("09-08 10:00"),
        "counts": ReplayCounts(listed=9, missing=4, duplicate=5, inserted=4, unreadable=0),
        "proven": True,
        "checksums": ("a", "b", "b"),
    }
    story.do(at, make(b.RecordReplay, ROBOT, **(values | changes)))


def reconciled(story: Story, at: str, **changes: Any) -> None:
    values: dict[str, Any] = {
        "reconciliation": "REC-1",
        "started_at": story.at(at),
        "full": True,
        "workspaces": 3,
        "compared": 3,
        "unresolved": {},
        "unknown": 0,
        "healed": 0,
        "accepted": 0,
        "signed_off_by": "bo",
        "evidence": KEPT,
    }
    story.do(at, make(b.RecordReconciliation, ROBOT, **(values | changes)))
