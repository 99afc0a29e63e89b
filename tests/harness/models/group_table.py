"""Who may do what, written by hand: group by verb and route, open and restricted incidents.

`ALLOWED` are the letters of the groups that get past "who asks": Viewer, Responder, Commander,
Security. What then happens (an illegal transition, a second person) is another test's subject.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.incidents.vocabulary import Group

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHER = "another incident"
LARGE = "502 after 502\n" * 1_000
LARGE_SHA256 = hashlib.sha256(LARGE.encode()).hexdigest()
REASON = {"reason": "as agreed"}
AT = "2026-09-01T00:00:00Z"


class Ask(NamedTuple):
    """A body that is well formed, and the groups that may send it."""

    allowed: str
    body: Mapping[str, Any] = MappingProxyType({})


def _ask(groups: str, /, **body: Any) -> Ask:
    return Ask(groups, body)


VERBS: Mapping[tuple[str, str], Ask] = MappingProxyType(
    {
        ("acknowledge", ""): _ask("RCS"),
        ("escalate", ""): _ask("RCS", audience="engineering_lead", **REASON),
        ("page", ""): _ask("RCS", person="senior-engineer", **REASON),
        ("answer", ""): _ask("RCS", on_it=True),
        ("severity", ""): _ask("RCS", severity="critical"),
        ("category", ""): _ask("RCS", category="operational", **REASON),
        ("note", ""): _ask("RCS", text="looking"),
        ("assign", ""): _ask("RCS", role="mitigation_owner", person="senior-engineer"),
        ("leave", ""): _ask("RCS", reason="end of shift"),
        ("impact", ""): _ask("RCS", summary="some cannot pay"),
        ("beginning", ""): _ask("RCS", began_at=AT, **REASON),
        ("checklist", ""): _ask("RCS", item="open-channel", state="done", detail="#inc"),
        ("evidence", ""): _ask("RCS", title="the log", text="502 after 502"),
        ("decide", ""): _ask("RCS", chosen="a", rejected=["b"], why="c", expected_effect="d"),
        ("link", ""): _ask("RCS", purpose="evidence", url="https://example.com/1"),
        ("channel", ""): _ask("RCS", channel="room", address="https://example.com/2"),
        ("correct", ""): _ask("RCS", supersedes=1, text="the other one"),
        ("contain", "plan"): _ask("RCS", action="a1", text="roll back"),
        ("contain", "done"): _ask("RCS", action="a1"),
        ("contain", "withdraw"): _ask("RCS", action="a2", **REASON),
        ("contain", "undo"): _ask("RCS", action="a3", **REASON),
        ("contain", "by_fix"): _ask("RCS", **REASON),
        ("contain", "lost"): _ask("RCS", **REASON),
        ("verify", "observe"): _ask("RCS", check="logs", verdict="passed", detail="seen"),
        ("verify", "contained"): _ask("RCS"),
        ("fix", "link"): _ask("RCS", commit="c0ffee", url="https://example.com/3"),
        ("fix", "provider"): _ask("RCS", provider="stripe"),
        ("fix", "run"): _ask(
            "RCS", commit="c0ffee", run="quality", conclusion="success", url="https://example.com/4"
        ),
        ("fix", "deploy"): _ask(
            "RCS",
            commit="c0ffee",
            conclusion="failure",
            whole_scope=False,
            url="https://example.com/5",
        ),
        ("pause", ""): _ask("C", minutes=30, **REASON),
        ("resume", ""): _ask("C"),
        ("freeze", "extend"): _ask("C", minutes=30, **REASON),
        ("freeze", "allow"): _ask("C", change="c0ffee", purpose="fix", **REASON),
        ("freeze", "lift"): _ask("C", **REASON),
        ("lift", "freeze"): _ask("C", **REASON),
        ("update", ""): _ask(
            "RCS",
            update="u1",
            audience="internal",
            text="what we know",
            accepted=True,
            impact="some",
            mitigation="none",
            eta="unknown",
        ),
        ("customers", ""): _ask("C", tell=False, **REASON),
        ("postmortem", ""): _ask(
            "RCS",
            url="https://example.com/6",
            root_cause="a check",
            actions=[
                {"text": "a test", "owner": "senior-engineer", "due_at": "2026-12-01T00:00:00Z"}
            ],
        ),
        ("prevent", ""): _ask(
            "RCS",
            action="PA-0000000000",
            check="suite",
            failed_at="2026-09-08T13:00:00Z",
            failed_evidence="https://example.com/7",
            passed_at="2026-09-08T13:30:00Z",
            passed_evidence="https://example.com/8",
        ),
        ("clear", ""): _ask("C", signal="api-5xx", **REASON),
        ("confirm", ""): _ask("RCS", criterion="checkouts_succeed", met=True, evidence="green"),
        ("waive", ""): _ask("C", criterion="postmortem_published", days=3, **REASON),
        ("approve", ""): _ask("C", criterion="fix_deployed_and_monitored"),
        ("authorize", ""): _ask(
            "C", action="correct", input=["a=1"], requester="senior-engineer", minutes=30, **REASON
        ),
        ("handover", ""): _ask(
            "", role="incident_commander", person="senior-engineer"
        ),  # only who holds it
        ("merge", ""): _ask("RCS", other=OTHER, **REASON),
        ("split", ""): _ask("RCS", title="the other half", **REASON),
        ("access", ""): _ask("CS", person="senior-engineer", allowed=True, **REASON),
        ("restrict", ""): _ask("CS", **REASON),
        ("lift", "restriction"): _ask("CS", **REASON),
        ("close", ""): _ask("C", resolution="resolved"),
        ("reopen", ""): _ask("RCS", **REASON),
    }
)
"""By verb and step, in the order they are asked: what ends something comes last."""

SETUP: Mapping[tuple[str, str], tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        ("acknowledge", ""): ("acknowledge", {}),
        ("resume", ""): ("pause", {"minutes": 30, "reason": "waiting"}),
        ("approve", ""): (
            "waive",
            {"criterion": "fix_deployed_and_monitored", "days": 3, "reason": "later"},
        ),
    }
)
"""What the commander of the incident says before a verb is asked, so that it means something."""

COMMANDER = "sam"
"""Holds the incident; in the group of security, so that a restricted one is seen too."""

READS: Mapping[str, str] = MappingProxyType(
    {
        "GET /v1/incidents": "VRCS",
        "GET /v1/incidents/{id}": "VRCS",
        "GET /v1/incidents/{id}/first": "VRCS",
        "GET /v1/incidents/{id}/timeline": "VRCS",
        "GET /v1/incidents/{id}/content/{sha256}": "VRCS",
        "GET /v1/incidents/{id}/smoke-tests": "VRCS",
        "GET /v1/incidents/{id}/clocks": "VRCS",
        "GET /v1/incidents/{id}/gate": "VRCS",
        "GET /v1/incidents/{id}/metrics": "VRCS",
        "GET /v1/incidents/{id}/checklist": "VRCS",
        "GET /v1/incidents/{id}/final-update": "VRCS",
        "GET /v1/incidents/{id}/severity": "VRCS",
        "GET /v1/incidents/{id}/containment": "VRCS",
        "GET /v1/releases": "VRCS",
    }
)
"""Reading, by route."""

WRITES: Mapping[str, str] = MappingProxyType(
    {"POST /v1/incidents": "RCS", "POST /v1/releases": "RCS"}
)
"""What is posted and is no verb."""


_STEP = "POST /v1/incidents/{id}/containment/{run}/{step}"
CONTAINMENT: tuple[tuple[str, str, Ask], ...] = (
    ("GET /v1/incidents/{id}/containment/{run}", "/{run}", _ask("VRCS")),
    (
        "POST /v1/incidents/{id}/containment/plan",
        "/plan",
        _ask(
            "RCS",
            action="role-sessions-revoked",
            inputs={"role": "worker"},
            dry_run=True,
            **REASON,
        ),
    ),
    (_STEP, "/{run}/approve", _ask("CS", agree="{agree}")),
    (_STEP, "/{run}/run", _ask("RCS")),
    (_STEP, "/{run}/verify", _ask("RCS")),
    (_STEP, "/{run}/undo", _ask("RCS", **REASON)),
    (_STEP, "/{run}/let-go", _ask("RCS", **REASON)),
)
"""Of a run that somebody else has asked for: by route, what follows `/containment`, and the ask."""

RULES: tuple[tuple[str, Ask], ...] = (
    ("GET /v1/containment/rules", _ask("RCS")),
    ("POST /v1/containment/rules", _ask("CS", containable=["user/deployer"], why="it is")),
    ("POST /v1/containment/rules/agree", _ask("CS", agree="{agree}")),
)
"""What is containable; agreeing to what somebody else proposed."""


class PeopleAsk(NamedTuple):
    """One request about people. `ASKER`, `LATER` and `OVERRIDE` are put in by the test."""

    key: str
    path: str
    allowed: str
    body: Mapping[str, Any] = MappingProxyType({})


ASKER, OVERRIDE, COLLEAGUE = "<who asks>", "<a colleague's override>", "senior-engineer"
LATER = "<in an hour>"
_ROLE = "/v1/oncall/incident_commander"
_TURNS = {"zone": "UTC", "starts_at": AT, "members": ["ana", "bo"]}
_SMS = {"kind": "sms", "address": "+12025550123"}
_WAY, _ANY_WAY = "POST /v1/contacts/{way}/{action}", "/v1/contacts/0000000000"


def _others(action: str) -> PeopleAsk:
    body = {"person": COLLEAGUE} | ({"code": "000000"} if action == "confirm" else {})
    return PeopleAsk(_WAY, f"{_ANY_WAY}/{action}", "C", body)


PEOPLE = (
    PeopleAsk("GET /v1/oncall", "/v1/oncall", "VRCS"),
    PeopleAsk("GET /v1/oncall/shifts", "/v1/oncall/shifts", "VRCS"),
    PeopleAsk("GET /v1/oncall/calendar", "/v1/oncall/calendar", "VRCS"),
    PeopleAsk("GET /v1/oncall/{role}", _ROLE, "VRCS"),
    PeopleAsk("POST /v1/oncall/{role}/rotation", f"{_ROLE}/rotation", "C", _TURNS),
    PeopleAsk("POST /v1/oncall/{role}/preview", f"{_ROLE}/preview", "C", _TURNS),
    PeopleAsk(
        "POST /v1/oncall/{role}/overrides",
        f"{_ROLE}/overrides",
        "RCS",
        {"person": ASKER, "ends_at": LATER},
    ),
    PeopleAsk(
        "POST /v1/oncall/{role}/overrides",
        f"{_ROLE}/overrides",
        "C",
        {"person": COLLEAGUE, "ends_at": LATER},
    ),
    PeopleAsk(
        "POST /v1/oncall/{role}/end-override",
        f"{_ROLE}/end-override",
        "C",
        {"override": OVERRIDE},
    ),
    PeopleAsk("GET /v1/reachability", "/v1/reachability", "VRCS"),
    PeopleAsk("GET /v1/contacts/numbers", "/v1/contacts/numbers", "CS"),
    PeopleAsk("GET /v1/contacts", "/v1/contacts", "VRCS"),
    PeopleAsk("GET /v1/contacts", f"/v1/contacts?person={COLLEAGUE}", "C"),
    # One's own ways are one's own; that a viewer may only GET is the gateway's to say.
    PeopleAsk("POST /v1/contacts", "/v1/contacts", "VRCS", _SMS),
    PeopleAsk("POST /v1/contacts", "/v1/contacts", "C", _SMS | {"person": COLLEAGUE}),
    PeopleAsk(_WAY, f"{_ANY_WAY}/test", "VRCS"),
    PeopleAsk(_WAY, "/v1/contacts/all/erase", "VRCS"),
    PeopleAsk("GET /v1/policies", "/v1/policies", "VRCS"),
    PeopleAsk("GET /v1/policies/{number}", "/v1/policies/0", "VRCS"),
    PeopleAsk("POST /v1/policies", "/v1/policies", "C", {"policy": {}, "why": "none"}),
    *(_others(action) for action in ("confirm", "resend", "test", "remove", "erase")),
)
"""Who is on call, how they are reached and what everybody goes by; what is no person's own is a
commander's business."""

PEOPLES = ("/v1/oncall", "/v1/contacts", "/v1/reachability", "/v1/policies")
OURS = ("/v1/incidents", "/v1/releases", "/v1/containment")
"""What the table is about; other subjects of the function have tests of their own."""


def letter(group: Group) -> str:
    return group.value[0].upper()


def outcome(status: int, code: str) -> str:
    """`hidden`, `refused` for who asks, or `allowed` whatever became of it."""
    if code == "unknown_incident":
        return "hidden"
    if status == 403 and code != "second_person_required":
        return "refused"
    assert status < 500, (status, code)
    return "allowed"


def expected(ask: Ask, group: Group, *, restricted: bool) -> str:
    """A restricted incident exists for security and for nobody else without a part in it."""
    if restricted and group is not Group.SECURITY:
        return "hidden"
    return "allowed" if letter(group) in ask.allowed else "refused"
