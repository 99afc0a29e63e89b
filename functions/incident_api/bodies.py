"""What requests of people carry that is no command: one frozen value a body, named by its route."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.incidents.commands.asked import asked
from tocsin.incidents.model.reports import Outcome, Reporter
from tocsin.incidents.vocabulary import Severity, WayKind
from tocsin.people.rotation import Rank

_PEOPLE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Who takes turns; an empty text among the members is a turn nobody takes."""

    zone: str = asked("Whose wall clock, like Europe/Berlin.")
    starts_at: datetime = asked("The first hand-off.")
    length_days: int = asked("How long a turn is.", default=7, minimum=1, maximum=366)
    members: tuple[str, ...] = asked("In their order.", left_to_engine=True, maxItems=_PEOPLE)
    backups: tuple[str, ...] = asked(
        "Take turns beside them; without, the next member.", default=(), maxItems=_PEOPLE
    )
    deputies: tuple[str, ...] = asked("After all members.", default=(), maxItems=_PEOPLE)
    at_once: bool = asked(
        "Also for the turn that runs now; without, it goes on until it is handed over.",
        default=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A person in the place of whoever's turn it is."""

    rank: Rank = asked("Which place of the role.", default=Rank.PRIMARY)
    person: str
    starts_at: datetime | None = asked("Now without.", default=None)
    ends_at: datetime = asked("Until before when.")
    reason: str = asked("Why; part of the record.", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedOverride:
    """Which override ends now."""

    override: str = asked("Its id.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWay:
    """A way to reach a person; its confirmation code leaves by the way itself."""

    kind: WayKind = asked("What kind of way.")
    address: str = asked("A number, an address or a URL, as the kind wants it.")
    person: str | None = asked("Whose, as a commander; your own without.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WayAction:
    """What is done with a way is in the path; `code` belongs to `confirm` alone."""

    code: str | None = asked("The code that came by the way, to confirm it.", default=None)
    person: str | None = asked("Whose, as a commander; your own without.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRunbook:
    """A runbook and why it changes."""

    policy: Mapping[str, Any] = asked(
        "As `tocsin runbook compile` writes it; its `change` is not kept."
    )
    why: str = asked("One line, part of the record.", left_to_engine=True, maxLength=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """All that is asked for stands in the path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSchedule:
    """How often something beats, and what it is about."""

    every_seconds: int = asked(
        "How long after a beat the next one is expected.", minimum=60, maximum=2_678_400
    )
    grace_seconds: int | None = asked(
        "How late it may be; without, a fifth of the period, at least a minute.",
        default=None,
        minimum=60,
        maximum=2_678_400,
    )
    service: str | None = asked("What misses it.", default=None)
    environment: str = asked("Where it runs.", default="production")
    drill: bool = asked("A drill's: what it opens is one.", default=False)
    new_address: bool = asked(
        "Give it another address; the old one is worth nothing then.", default=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """What somebody reports; when it was received is not theirs to say."""

    title: str = asked("What is wrong, in one line.", left_to_engine=True, maxLength=200)
    detail: str = asked("How to see it, and since when.", default="", maxLength=4000)
    exposure: bool = asked(
        "They say that somebody can see data that is not theirs: it pages at once.", default=False
    )
    severity: Severity | None = asked(
        "How bad you call it: it pages at once. Without, it is triaged within the hour.",
        default=None,
    )
    service: str | None = asked("Where.", default=None)
    environment: str = asked("Where that runs.", default="production")
    reporter: Reporter = asked("Who says so.", default=Reporter.TEAM)
    contact: str | None = asked(
        "Their mail address, to be told what came of it; it is asked first if that was them.",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAction:
    """`severity` belongs to `open`, `outcome` to `answer`."""

    severity: Severity | None = asked("How bad it is, to open an incident.", default=None)
    outcome: Outcome | None = asked("What came of it, to answer.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """For how long what opens nothing. At least a service, a source or a name is given."""

    minutes: int = asked("How long, at most a day.", minimum=1, maximum=1_440)
    reason: str = asked("Why, in one line.", left_to_engine=True, maxLength=200)
    service: str | None = asked("Only of this service.", default=None)
    source: str | None = asked("Only of this source, like cloudwatch.", default=None)
    pattern: str | None = asked("Only of names like this, `checkout-*`.", default=None)
    environment: str | None = asked("Only where it runs.", default=None)
    starts_at: datetime | None = asked("Now without.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentWish:
    """An action that somebody wants on a target."""

    action: str = asked("Which, as `GET …/containment` names it.")
    inputs: Mapping[str, Any] = asked("What it asks for, by name; texts.")
    reason: str = asked("Why; part of the record.", left_to_engine=True)
    lasts_seconds: int | None = asked(
        "For how long, of what ends by itself.", default=None, minimum=60, maximum=604_800
    )
    dry_run: bool = asked("Only say what it would do.", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentStep:
    """`purpose` and `agree` belong to `approve`, `settled` to `verify`; an undo says why."""

    reason: str = asked("Why, to undo or to let go.", default="")
    purpose: str = asked("What the yes is for.", default="execute", among=("execute", "undo"))
    agree: str = asked("`asks.agree` of the run that you were shown.", default="")
    settled: Mapping[str, Any] | None = asked(
        "Of each thing left open, why it is open no more; texts.", default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentRules:
    """What is containable. All of it: what is not named is not in the rules any more."""

    containable: tuple[str, ...] = asked(
        "What may be acted on: user/NAME, role/NAME, function/NAME, ip-set/NAME/ID.",
        default=(),
        maxItems=200,
    )
    protected: tuple[str, ...] = asked(
        "What never may, like break-glass accounts.", default=(), maxItems=200
    )
    approvers: tuple[str, ...] = asked(
        "The only ones who may approve; without, every commander and security.",
        default=(),
        maxItems=200,
    )
    wide: tuple[str, ...] = asked(
        "Ranges that two people block: the office, the load balancer.", default=(), maxItems=200
    )
    per_hour: int = asked("Actions an hour in all.", default=20, minimum=1, maximum=100)
    per_incident: int = asked("Of these, of one incident.", default=6, minimum=1, maximum=100)
    why: str = asked("Why they change; part of the record.", left_to_engine=True, maxLength=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentAgreement:
    """A yes to just what was shown."""

    agree: str = asked("`proposal.agree` of the rules that you were shown.")
