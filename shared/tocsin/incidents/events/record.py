"""What was written down while it was worked on: the events, and what they make of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.changes import Handlers, counted, unchanged
from tocsin.incidents.model.content import MediaType, Stored
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import ChannelKind, Exposure, Impact, Item, ItemState, LinkPurpose


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSettled(Event):
    """A checklist item is done or does not apply; late or not."""

    type: ClassVar[str] = "item_settled"

    item: str
    state: ItemState
    person: str
    detail: str
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactRecorded(Event):
    """The blast radius as known now; the newest one counts."""

    type: ClassVar[str] = "impact_recorded"

    summary: str
    exposure: Exposure
    tenants: int | None
    users: int | None
    endpoints: tuple[str, ...]
    services: tuple[str, ...]
    data_categories: tuple[str, ...]
    confirmed_by: str | None
    ever: Exposure | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginningCorrected(Event):
    """Harm began at another time than was thought."""

    type: ClassVar[str] = "beginning_corrected"

    old: datetime | None
    new: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecorded(Event):
    """A decision with its alternatives."""

    type: ClassVar[str] = "decision_recorded"

    chosen: str
    rejected: tuple[str, ...]
    why: str
    expected_effect: str
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecorded(Event):
    """What was found; `text` is all of it, or the beginning of what is `stored`."""

    type: ClassVar[str] = "evidence_recorded"

    title: str
    text: str
    media_type: MediaType
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAdded(Event):
    """A link with a purpose."""

    type: ClassVar[str] = "link_added"

    purpose: LinkPurpose
    url: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRecorded(Event):
    """Where people talk about it."""

    type: ClassVar[str] = "channel_recorded"

    channel: ChannelKind
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(Event):
    """Supersedes an earlier entry, which stays."""

    type: ClassVar[str] = "corrected"

    supersedes: int
    text: str
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded(Event):
    """Free text for the record."""

    type: ClassVar[str] = "note_added"

    text: str
    stored: Stored | None = None


def _item(incident: Incident, event: ItemSettled) -> Incident:
    item = Item(state=event.state, at=event.at, by=event.person, late=event.late)
    return replace(incident, checklist={**incident.checklist, event.item: item})


def _impact(incident: Incident, event: ImpactRecorded) -> Incident:
    impact = Impact(
        summary=event.summary,
        exposure=event.exposure,
        tenants=event.tenants,
        users=event.users,
        endpoints=event.endpoints,
        services=event.services,
        data_categories=event.data_categories,
        confirmed_by=event.confirmed_by,
        ever=event.ever,
    )
    return replace(incident, impact=impact)


def _beginning(incident: Incident, event: BeginningCorrected) -> Incident:
    return replace(incident, began_at=event.new)


def _decision(incident: Incident, _event: DecisionRecorded) -> Incident:
    return counted(incident, "decisions")


def _evidence(incident: Incident, _event: EvidenceRecorded) -> Incident:
    return counted(incident, "evidence")


def _link(incident: Incident, event: LinkAdded) -> Incident:
    return counted(incident, f"links_{event.purpose}")


def _channel(incident: Incident, event: ChannelRecorded) -> Incident:
    return replace(incident, channels={**incident.channels, event.channel: event.address})


def _corrected(incident: Incident, _event: Corrected) -> Incident:
    return counted(incident, "corrections")


HANDLERS: Handlers = {
    NoteAdded: unchanged,
    ItemSettled: _item,
    ImpactRecorded: _impact,
    BeginningCorrected: _beginning,
    DecisionRecorded: _decision,
    EvidenceRecorded: _evidence,
    LinkAdded: _link,
    ChannelRecorded: _channel,
    Corrected: _corrected,
}
