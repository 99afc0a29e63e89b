"""Reports of people: what somebody says is wrong, before anybody has looked whether it is.

A report comes from whoever is signed in (a teammate, or support for a customer) or by the public
form, from anybody. Its time of receipt is the server's and is t0 of whatever comes of it. It is
triaged within the runbook's hour; what alleges that data is exposed, or is called bad by whoever is
signed in, waits for nobody.

What strangers write is kept as text that is the same in every place it reaches: characters that
steer a terminal, a mail's head or the order of reading stand there as their code points.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.errors import IllegalTransition
from tocsin.incidents import limits
from tocsin.incidents.model.signals import KEY_VERSION, Signal
from tocsin.incidents.vocabulary import Severity

SOURCE = "report"
TEXT = 4_000
"""Characters of what is told at length."""
FORM_PAUSE = timedelta(minutes=10)
"""Between two pages by the public form, in all."""
OWED_FOR = timedelta(minutes=2)
"""How long whoever closes an incident has to answer its reports; no function runs longer."""
BUNDLE = 200
"""Reports that one ring takes along; what is beyond them waits for the next."""
_MOMENT = timedelta(milliseconds=1)
_REFERENCE = re.compile(r"R-[0-9]{8}-[0-9]{6}-[0-9A-HJKMNP-TV-Z]{6}")
_NAMED = 5
"""Reports that a bundle's page names."""


class Via(StrEnum):
    """How it came."""

    API = "api"
    FORM = "form"


class Reporter(StrEnum):
    """Who says so, by their own account."""

    CUSTOMER = "customer"
    RESEARCHER = "researcher"
    TEAM = "team"


class Outcome(StrEnum):
    """What came of a report: a closed set, because the words go to people outside."""

    FIXED = "fixed"
    KNOWN = "known"
    NOT_REPRODUCED = "not_reproduced"
    NO_PROBLEM = "no_problem"
    NOT_OURS = "not_ours"
    SPAM = "spam"


class ReportState(StrEnum):
    """Where a report is: it waits for triage, has rung as a signal, or has its outcome."""

    WAITING = "waiting"
    RUNG = "rung"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. `received_at` is incident time of the server.

    `exposure` says that it alleges exposed data; `severity` is what whoever is signed in calls it.
    A `suspect` one filled in what people do not see: it is kept and listed, and rings nobody.
    `by` is who is signed in, "" by the form. `incident` is what it opened or joined, once it has
    rung. `ver` counts the writes.
    """

    reference: str
    received_at: datetime
    triage_due: datetime
    via: Via
    reporter: Reporter
    title: str
    detail: str = ""
    exposure: bool = False
    severity: Severity | None = None
    service: str | None = None
    environment: str = "production"
    by: str = ""
    suspect: bool = False
    rung_at: datetime | None = None
    incident: str = ""
    outcome: Outcome | None = None
    answered_by: str = ""
    answered_at: datetime | None = None
    ver: int = 1

    @property
    def state(self) -> ReportState:
        if self.outcome is not None:
            return ReportState.ANSWERED
        return ReportState.WAITING if self.rung_at is None else ReportState.RUNG

    @property
    def waits_for_nobody(self) -> bool:
        """Whether it rings as it comes, without somebody's look at it first."""
        return self.exposure or self.severity is not None

    @property
    def due_at(self) -> datetime | None:
        """When it rings unless somebody has looked at it; None when nothing is to be done."""
        if self.state is not ReportState.WAITING or self.suspect:
            return None
        return self.received_at if self.waits_for_nobody else self.triage_due


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What keeps the public form from paging more than once in a while.

    Nothing of it rings before `until`. `flood` is the first report of those that have come without
    such a pause between them; what is in `ringing` has been let through and may not have rung yet.
    """

    until: datetime
    flood: str
    ringing: tuple[str, ...] = ()
    ver: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An incident that somebody is about to close, whose reports are to be answered then.

    Written before it is closed: whoever dies in between has left it to the sweep, from `due_at` on.
    """

    incident: str
    by: str
    due_at: datetime
    ver: int = 1


def reference_of(received_at: datetime, randomness: bytes) -> str:
    """A number that says when it came and nothing of how many others did; 30 random bits."""
    number = int.from_bytes(randomness[:4]) & 0x3FFFFFFF
    drawn = "".join(_LETTERS[number >> shift & 31] for shift in range(25, -1, -5))
    return f"R-{received_at:%Y%m%d-%H%M%S}-{drawn}"


_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def is_reference(text: str) -> bool:
    """Whether a text can be a report's number."""
    return _REFERENCE.fullmatch(text) is not None


def plain_line(name: str, text: str) -> str:
    """A stranger's short text, on one line.

    Raises:
        BadInput: nothing is left of it.
        PayloadTooLarge: it is longer than a line.
    """
    return limits.line(name, " ".join(plain(text).split()))


def plain_text(name: str, text: str) -> str:
    """A stranger's longer text; its line breaks stay.

    Raises:
        PayloadTooLarge: it is longer than the record takes.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    clean = "\n".join(plain(each).rstrip() for each in lines).strip()
    return limits.bounded(name, clean, TEXT)


def plain(text: str) -> str:
    """The text, composed, with what cannot be seen or steers what shows it as its code point.

    So nothing is lost: an analyst sees that somebody sent U+202E, and no screen obeys it.
    """
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    return "".join(each if _harmless(each) else f"<U+{ord(each):04X}>" for each in text)


def _harmless(char: str) -> bool:
    return char.isprintable() or char in "\t "


def answered(report: Report, outcome: Outcome, person: str, now: datetime) -> Report:
    """After somebody said what came of it; they may put that right.

    Raises:
        IllegalTransition: it says so already.
    """
    if report.outcome is outcome:
        raise IllegalTransition(f"{report.reference} is answered so already")
    return replace(report, outcome=outcome, answered_by=person, answered_at=now)


def rung(report: Report, incident: str, now: datetime) -> Report:
    """After it has become a signal; `incident` is "" where its rule only records."""
    return replace(report, rung_at=now, incident=incident)


def signals_of(report: Report) -> tuple[Signal, ...]:
    """What a report says: that it came, and that nothing says any more of it.

    A person tells once; what they told of is no alarm that will clear, so that it ends at once.
    """
    kind = "exposure" if report.exposure else "trouble"
    if not report.waits_for_nobody:
        kind = "untriaged"
    words = "alleges that data is exposed" if report.exposure else "says that something is wrong"
    who = f"A {_WHO[report.reporter]} {words}" + (" (public form)" if _by_form(report) else "")
    late = "" if report.waits_for_nobody else ", and nobody had triaged it in time"
    said = f"{who}{late}: {report.reference}.\n{report.detail}".strip()
    return _told(
        Signal(
            id=f"{SOURCE}:{report.reference}",
            source=SOURCE,
            rule=f"{report.via}/{report.reporter}/{kind}",
            dedup_key=report.reference,
            title=report.title,
            detail=said,
            firing=True,
            occurred_at=report.received_at,
            received_at=report.received_at,
            service=report.service,
            environment=report.environment,
            facts={
                "reference": report.reference,
                "reporter": report.reporter,
                "via": report.via,
                "exposure": "alleged" if report.exposure else "not alleged",
            },
            hint=report.severity,
        )
    )


def bundle_of(reports: tuple[Report, ...], flood: str) -> tuple[Signal, ...]:
    """What several reports by the form say at once; those of one flood are one trouble."""
    alleging = sum(report.exposure for report in reports)
    first = min(reports, key=lambda report: report.received_at)
    alleged = f"; {alleging} allege that data is exposed" if alleging else ""
    named = [f"{one.reference}: {limits.shortened(one.title, 60)}" for one in reports[:_NAMED]]
    more = len(reports) - len(named)
    named += [f"and {more} more: tocsin reports list"] if more else []
    return _told(
        Signal(
            id=f"{SOURCE}:bundle:{flood}:{reports[0].reference}",
            source=SOURCE,
            rule="form/bundle/exposure" if alleging else "form/bundle/untriaged",
            dedup_key=f"{flood}/more",
            title=f"{len(reports)} reports by the public form{alleged}",
            detail="\n".join(named),
            firing=True,
            occurred_at=max(report.received_at for report in reports),
            received_at=first.received_at,
            facts={"reports": str(len(reports)), "alleging_exposure": str(alleging), "via": "form"},
        )
    )


def reports_in(keys: Iterable[str]) -> tuple[frozenset[str], datetime | None]:
    """The reports that keys of signals name one by one, and since when there are bundles, if any.

    A bundle is called by the first report of its flood, whose number says when that came.
    """
    begins = f"{KEY_VERSION}:{SOURCE}:"
    mine = [key.removeprefix(begins) for key in keys if key.startswith(begins)]
    named = frozenset(name for name in mine if is_reference(name))
    floods = (name.partition("/")[0] for name in mine if name not in named)
    return named, min((_came(flood) for flood in floods if is_reference(flood)), default=None)


def _came(reference: str) -> datetime:
    """The second in which a report was received."""
    return datetime.strptime(reference[2:17] + "+0000", "%Y%m%d-%H%M%S%z")


_WHO = {
    Reporter.CUSTOMER: "customer",
    Reporter.RESEARCHER: "security researcher",
    Reporter.TEAM: "team member",
}


def _by_form(report: Report) -> bool:
    return report.via is Via.FORM


def _told(signal: Signal) -> tuple[Signal, ...]:
    end = replace(
        signal,
        id=f"{signal.id}:told",
        firing=False,
        detail="",
        facts={},
        received_at=None,
        occurred_at=signal.occurred_at + _MOMENT,
    )
    return signal, end
