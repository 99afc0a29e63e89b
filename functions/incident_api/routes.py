"""The routes of responders: one table from which requests are served and the document is written.

Every answer about one incident names the version it shows as an `ETag`; every POST takes an
`Idempotency-Key`, whose repeat is answered with what the first one led to. Who asks comes from
the gateway's proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from functions.incident_api import bodies
from functions.incident_api.call import Call
from functions.incident_api.containment_routes import CONTAINMENT
from functions.incident_api.resources import (
    act,
    contacts,
    first_minutes,
    freeze_and_actions,
    heartbeats,
    incident_shapes,
    maintenance,
    oncall,
    read,
    reports,
    runbooks,
    signals,
    status_shapes,
)
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.model.releases import Release
from tocsin.people import rotation
from tocsin.runtime.web.http import MAX_BODY_BYTES
from tocsin.runtime.web.serving import Route, respond

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from functions.incident_api.call import Containing, PeopleDesk
    from tocsin.ports.evidence import Archive
    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.web.http import Request, Response
    from tocsin.runtime.web.identity import Caller, SignIn
    from tocsin.runtime.wiring.incidents import Application

_LIMIT = "At most so many lines."
_CURSOR = "`next` of the page before."
_AHEAD = {
    "role": "Only this role.",
    "from": "From when; now without.",
    "to": "Until when, a year at most.",
}

ROUTES: Mapping[str, Route[Call]] = MappingProxyType(
    {
        "POST /v1/incidents": Route(
            "Open an incident and page who is on call",
            act.open_incident,
            incident_shapes.Incident,
            (201, 200),
            body=OpenIncident,
        ),
        "GET /v1/incidents": Route(
            "Open incidents, or those closed in a month; newest first",
            read.board,
            incident_shapes.Board,
            query={
                "status": "`open` (the default) or `closed`.",
                "month": "The month of closing, UTC, like 202609; with `status=closed`.",
                "severity": "Only this severity.",
                "category": "Only this category.",
                "service": "Only this service.",
                "mine": "`true`: only those in which you have a role, or were asked.",
                "limit": _LIMIT,
                "cursor": _CURSOR,
            },
        ),
        "GET /v1/incidents/{id}": Route(
            "The incident as it stands", read.incident, incident_shapes.Incident
        ),
        "GET /v1/incidents/{id}/first": Route(
            "What whoever was woken has to know in the first five minutes",
            first_minutes.first,
            first_minutes.FirstMinutes,
        ),
        "GET /v1/incidents/{id}/timeline": Route(
            "The timeline, oldest first",
            read.timeline,
            incident_shapes.Timeline,
            query={"after": "Entries with a higher `seq`.", "limit": _LIMIT},
        ),
        "GET /v1/incidents/{id}/content/{sha256}": Route(
            "Content that an entry names under `stored`, read from the archive",
            read.content,
            incident_shapes.Content,
        ),
        "GET /v1/incidents/{id}/smoke-tests": Route(
            "The smoke tests that its policy names for it",
            read.smoke,
            incident_shapes.SmokeTests,
        ),
        "GET /v1/incidents/{id}/clocks": Route(
            "Every clock, with its arithmetic on request",
            read.clocks,
            status_shapes.Clocks,
            query={"explain": "`true`: how each deadline came about."},
        ),
        "GET /v1/incidents/{id}/gate": Route(
            "Each criterion for closing, its evidence or the next step",
            read.closing_gate,
            status_shapes.Gate,
        ),
        "GET /v1/incidents/{id}/metrics": Route(
            "How long it took and which promises were kept, from the timeline alone",
            read.measures,
            status_shapes.Metrics,
        ),
        "GET /v1/incidents/{id}/checklist": Route(
            "What to do next, and every phase with its items",
            read.checklist,
            status_shapes.Checklist,
        ),
        "GET /v1/incidents/{id}/final-update": Route(
            "A draft of the final update, from what is recorded; changes nothing",
            read.final_update,
            status_shapes.FinalUpdate,
        ),
        "GET /v1/incidents/{id}/severity": Route(
            "Old and new deadlines of a change of severity; changes nothing",
            read.preview,
            status_shapes.Preview,
            query={"to!": "The severity it would be changed to."},
        ),
        "POST /v1/incidents/{id}/{command}": Route(
            "Carry a verb out; 202: it was asked for and waits for a second person",
            act.act,
            incident_shapes.Incident,
            status=(200, 202),
            max_body=MAX_BODY_BYTES,
        ),
        **CONTAINMENT,
        "GET /v1/oncall": Route(
            "Who is on call, now or at another time",
            oncall.on_call,
            oncall.OnCall,
            query={"at": "Another time."},
        ),
        "GET /v1/oncall/shifts": Route(
            "Who is on call in the days ahead",
            oncall.shifts,
            oncall.Shifts,
            query=_AHEAD,
        ),
        "GET /v1/oncall/calendar": Route(
            "The days ahead as an iCalendar to subscribe to (RFC 5545)",
            oncall.ical,
            str,
            query=_AHEAD,
            media="text/calendar",
        ),
        "GET /v1/oncall/{role}": Route("A role's rotation and overrides", oncall.rota, oncall.Rota),
        "POST /v1/oncall/{role}/rotation": Route(
            "Say who takes turns for a role",
            oncall.set_rotation,
            rotation.Rotation,
            body=bodies.Turns,
        ),
        "POST /v1/oncall/{role}/preview": Route(
            "Whose turns of the next 180 days a rotation would change; changes nothing",
            oncall.preview_rotation,
            oncall.ChangedTurns,
            body=bodies.Turns,
        ),
        "POST /v1/oncall/{role}/overrides": Route(
            "Put a person in the place of whoever's turn it is",
            oncall.add_override,
            rotation.Override,
            (201, 200),
            body=bodies.Replacement,
        ),
        "POST /v1/oncall/{role}/end-override": Route(
            "End an override now",
            oncall.end_override,
            rotation.Override,
            body=bodies.EndedOverride,
        ),
        "POST /v1/releases": Route(
            "Record a release and tell the open incidents of its service",
            act.record_release,
            incident_shapes.RecordedRelease,
            (201, 200),
            query={"cursor": "`next` of the answer before: go on telling incidents."},
            body=Release,
        ),
        "GET /v1/releases": Route(
            "A service's releases, in the order they were cut",
            act.list_releases,
            incident_shapes.Releases,
            query={"service!": "Whose.", "limit": _LIMIT, "cursor": _CURSOR},
        ),
        "GET /v1/contacts": Route(
            "Your ways; as a commander anybody's",
            contacts.listed,
            contacts.ContactWays,
            query={"person": "Whose; your own without it."},
        ),
        "GET /v1/contacts/numbers": Route(
            "Telephone numbers of everybody who can be paged (commander, security)",
            contacts.telephone_numbers,
            contacts.TelephoneNumbers,
        ),
        "GET /v1/reachability": Route(
            "Everybody who could be missed, and why",
            contacts.unreachable,
            contacts.Reachability,
        ),
        "POST /v1/contacts": Route(
            "Add a way and have its confirmation code sent",
            contacts.add,
            contacts.ContactWay,
            (201, 200),
            body=bodies.NewWay,
        ),
        "POST /v1/contacts/{way}/{action}": Route(
            "confirm, test, resend or remove a way; erase `all`",
            contacts.act,
            contacts.ContactWays,
            body=bodies.WayAction,
        ),
        "POST /v1/policies": Route(
            "Publish a runbook for the incidents to come",
            runbooks.publish,
            runbooks.PolicyVersion,
            (201, 200),
            max_body=MAX_BODY_BYTES,
            body=bodies.NewRunbook,
        ),
        "GET /v1/policies": Route(
            "Published runbooks, the newest first: who changed what, when and why",
            runbooks.listed,
            runbooks.Policies,
            query={"limit": _LIMIT, "cursor": _CURSOR},
        ),
        "GET /v1/policies/{number}": Route(
            "A published runbook, compiled; 0 is the one that came with the deployment",
            runbooks.shown,
            runbooks.PolicyDocument,
        ),
        "GET /v1/heartbeats": Route(
            "What is expected to beat, and when it last did",
            heartbeats.listed,
            heartbeats.Heartbeats,
        ),
        "POST /v1/heartbeats/{name}": Route(
            "It beats: put down that it came now",
            heartbeats.beat,
            heartbeats.Heartbeat,
            body=bodies.Nothing,
        ),
        "POST /v1/heartbeats/{name}/schedule": Route(
            "Say how often it beats; new: with the address where it does so without a login",
            heartbeats.schedule,
            heartbeats.Heartbeat,
            body=bodies.HeartbeatSchedule,
        ),
        "POST /v1/heartbeats/{name}/remove": Route(
            "Expect it no longer",
            heartbeats.remove,
            heartbeats.Heartbeat,
            body=bodies.Nothing,
        ),
        "POST /v1/reports": Route(
            "Report what is wrong; alleged exposure, or a severity, pages at once",
            reports.take,
            reports.Report,
            (201, 200),
            body=bodies.NewReport,
        ),
        "GET /v1/reports": Route(
            "Reports of people, the newest first",
            reports.listed,
            reports.Reports,
            query={
                "state": "`waiting`, `rung` or `answered`; all without.",
                "limit": _LIMIT,
                "cursor": _CURSOR,
            },
        ),
        "GET /v1/reports/{reference}": Route("One report in full", reports.shown, reports.Report),
        "POST /v1/reports/{reference}/{action}": Route(
            "open an incident from it, or answer what came of it",
            reports.act,
            reports.Report,
            body=bodies.ReportAction,
        ),
        "GET /v1/maintenance": Route(
            "Maintenance windows: those that run, those to come, those that ended of late",
            maintenance.listed,
            maintenance.MaintenanceWindows,
        ),
        "POST /v1/maintenance": Route(
            "Hold back what would open or reopen an incident, for a day at most",
            maintenance.set_window,
            maintenance.MaintenanceWindow,
            (201, 200),
            body=bodies.Maintenance,
        ),
        "POST /v1/maintenance/{id}/end": Route(
            "End a window now; what it held back is looked at within a minute",
            maintenance.end,
            maintenance.MaintenanceWindow,
            body=bodies.Nothing,
        ),
        "GET /v1/signals/unknown": Route(
            "What no rule of the runbook knew, by key and week",
            signals.unknown,
            signals.Unknowns,
            query={"week": "An ISO week, like 2026-W37; without, the one that is gathered now."},
        ),
        "GET /v1/freeze": Route(
            "Whether deployments are frozen, by what, and whether a change may go out",
            freeze_and_actions.freeze,
            freeze_and_actions.Freeze,
            query={
                "service": "Whose; without, every service.",
                "change": "`code` (the default), `schema`, `flag_off`, `prices` and so on.",
                "name": "What the change was let through as: a commit, a pull request, a flag.",
                "over": "`true`: those of the last month that ended, too.",
            },
        ),
        "GET /v1/signals": Route(
            "Signals that led to nothing on a day, or not yet: why, and what they would have done",
            signals.set_aside,
            signals.Asides,
            query={
                "day": "A day in UTC, like 2026-09-08; without, today.",
                "limit": _LIMIT,
                "cursor": _CURSOR,
            },
        ),
        "GET /v1/actions": Route(
            "Preventive work across incidents, the earliest due first",
            freeze_and_actions.actions,
            freeze_and_actions.Preventions,
            query={
                "status": "`open` (the default) or `done`.",
                "limit": _LIMIT,
                "cursor": _CURSOR,
            },
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API of one stage."""

    application: Application
    watch: Watch
    sign_in: SignIn
    people: PeopleDesk | None = None
    archive: Archive | None = None
    containing: Callable[[], Containing] | None = None

    def respond(self, event: Mapping[str, Any]) -> Response:
        """Answers one request; whatever goes wrong is an answer too."""
        return respond(
            event,
            routes=ROUTES,
            call=self._call,
            watch=self.watch,
            sign_in=self.sign_in,
            subject="incident",
        )

    def _call(self, request: Request, caller: Caller, route: str) -> Call:
        return Call(
            application=self.application,
            watch=self.watch,
            request=request,
            caller=caller,
            route=route,
            takes=ROUTES[route].body,
            people=self.people,
            archive=self.archive,
            containing=self.containing,
        )
