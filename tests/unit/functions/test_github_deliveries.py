"""Who may speak as GitHub, and what of what is said is kept.

"Validating webhook deliveries" (docs.github.com): HMAC-SHA256 over the raw body, lower-case hex.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.harness.worlds.findings import NEXT, SECRET, Findings, Kept, sample, signed
from tests.harness.worlds.world import World
from tocsin.errors import MalformedPayload, SecretUnavailable, SignatureInvalid
from tocsin.signals.github.delivery import DELIVERY, EVENT, SIGNATURE

PLANTED = "SYNTHETIC0000-us2"
RAW = (
    '{"action":"created","repository":{"full_name":"acme/shop","description":"pay 💳 …"}}'.encode()
)
ESCAPED = (
    rb'{"action":"created","repository":{"full_name":"acme/shop","description":"pay \ud83d\udcb3"}}'
)


@pytest.fixture
def findings(world: World) -> Findings:
    return Findings(world)


def headers(signature: str | None, event: str = "issues") -> dict[str, str]:
    found = {EVENT: event, DELIVERY: "00000000-0000-4000-8000-000000000001"}
    return found if signature is None else found | {SIGNATURE: signature}


@pytest.mark.parametrize("body", [RAW, ESCAPED], ids=["raw", "escaped"])
@pytest.mark.parametrize("encoded", [True, False])
@pytest.mark.parametrize("secret", [SECRET, NEXT])
def test_bytes_that_one_of_two_secrets_signed_are_taken_in_either_encoding(
    findings: Findings, body: bytes, secret: str, *, encoded: bool
) -> None:
    taken = findings.post(body, headers(signed(body, secret)), encoded=encoded)
    assert (taken.status, taken.event, len(findings.bodies)) == ("queued", "issues", 1)


def sha1(body: bytes) -> str:
    return "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()


@pytest.mark.parametrize(
    "given",
    [
        *(None, "", "sha256=", "sha256", sha1(RAW), signed(RAW).upper(), signed(RAW, "")),
        *(signed(RAW, "another"), signed(RAW)[:-1], signed(RAW) + "0", " " + signed(RAW)),
        *("sha256=" + signed(RAW)[7:].upper(), signed(RAW).removeprefix("sha256=")),
        *(signed(ESCAPED), signed(RAW) + "\n", "sha256=" + "\u0660" * 64),
    ],
)
def test_what_is_not_signed_as_github_signs_is_refused_and_queued_nowhere(
    findings: Findings, given: str | None
) -> None:
    with pytest.raises(SignatureInvalid):
        findings.post(RAW, headers(given))
    assert findings.sent == []


@pytest.mark.parametrize("at", [0, 40, len(RAW) - 1])
def test_one_changed_byte_is_refused(findings: Findings, at: int) -> None:
    changed = RAW[:at] + bytes([RAW[at] ^ 1]) + RAW[at + 1 :]
    with pytest.raises(SignatureInvalid):
        findings.post(changed, headers(signed(RAW)), encoded=True)


def test_a_sha1_signature_beside_the_right_one_changes_nothing(findings: Findings) -> None:
    both = headers(signed(RAW)) | {"X-Hub-Signature": sha1(RAW)}
    assert findings.post(RAW, both).queued
    with pytest.raises(SignatureInvalid):
        findings.post(RAW, headers(None) | {"X-Hub-Signature": sha1(RAW)})


def test_an_empty_secret_signs_nothing_and_one_that_ran_out_no_more(findings: Findings) -> None:
    past = findings.world.clock.now.timestamp() - 1
    findings.kept = Kept({"secrets": [{"secret": " "}, {"secret": SECRET, "not_after": past}]})
    for secret in ("", " ", SECRET):
        with pytest.raises(SignatureInvalid):
            findings.post(RAW, headers(signed(RAW, secret)))
    findings.kept = Kept({})
    with pytest.raises(SignatureInvalid):
        findings.post(RAW, headers(signed(RAW, "")))


def test_a_rotation_that_was_not_seen_yet_is_looked_for_once(findings: Findings) -> None:
    findings.kept = Kept({"secrets": [{"secret": "old"}]}, {"secrets": [{"secret": SECRET}]})
    assert findings.post(RAW, headers(signed(RAW))).queued


@pytest.mark.parametrize("document", [{"secrets": [{}]}, {"secrets": [7]}, {"secrets": 7}])
def test_a_secret_nobody_can_read_lets_nobody_in(
    findings: Findings, document: dict[str, object]
) -> None:
    findings.kept = Kept(document)
    with pytest.raises(SecretUnavailable):
        findings.post(RAW, headers(signed(RAW)))


def test_a_ping_is_answered_and_queued_nowhere(findings: Findings) -> None:
    body = json.dumps(sample("github", "ping")["payload"]).encode()
    assert findings.post(body, headers(signed(body), "ping")).status == "pong"
    assert findings.sent == []


@pytest.mark.parametrize("body", [b"", b"[]", b"payload=%7B%7D", b"[" * 50_000, b"\xff{}"])
def test_what_is_signed_and_is_no_json_object_is_refused(findings: Findings, body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        findings.post(body, headers(signed(body)), encoded=True)


FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
"""What a webhook of GitHub's is set to unless somebody chooses the other."""


def test_a_form_says_what_the_same_in_json_says(findings: Findings) -> None:
    form = urlencode({"payload": RAW.decode()}).encode()
    assert findings.post(form, headers(signed(form)) | FORM, encoded=True).queued
    assert findings.post(RAW, headers(signed(RAW))).queued
    assert findings.sent[0] == findings.sent[1]
    with pytest.raises(SignatureInvalid):  # what is signed is the form, not what is in it
        findings.post(form, headers(signed(RAW)) | FORM, encoded=True)


@pytest.mark.parametrize(
    "body",
    [b"", b"payload=", b"payload=%7B", b"payload={}&payload={}", b"other={}", RAW, b"a=b&" * 9],
)
def test_a_form_without_its_one_payload_is_refused(findings: Findings, body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        findings.post(body, headers(signed(body)) | FORM, encoded=True)


@pytest.mark.parametrize("event", ["", "a b", "x" * 65, "issues\n", "../x"])
def test_an_event_that_none_is_called_is_refused(findings: Findings, event: str) -> None:
    with pytest.raises(MalformedPayload):
        findings.post(RAW, headers(signed(RAW), event))


def spellings(secret: str) -> set[bytes]:
    """A secret as it may lie somewhere: plain, escaped, and in base64 at any offset."""
    plain = secret.encode()
    within = {base64.b64encode(b"x" * shift + plain)[4 * (shift > 0) : -4] for shift in range(3)}
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in secret).encode()
    return {plain, quote(secret, safe="").encode(), json.dumps(secret).encode(), escaped, *within}


def everything(findings: Findings) -> bytes:
    """All that a world has kept, said and sent, and all that its queue ever held."""
    world = findings.world
    store = vars(world.store)
    parts = [repr(store), repr(world.inbox.all), repr(world.logged), *findings.sent]
    return "\n".join(parts).encode()


def test_the_search_finds_what_it_looks_for() -> None:
    for told in (PLANTED, quote(PLANTED), base64.b64encode(f"a {PLANTED} b".encode()).decode()):
        assert any(one in f"... {told} ...".encode() for one in spellings(PLANTED))
    packed = gzip.compress(PLANTED.encode())
    assert not any(one in packed for one in spellings(PLANTED)), "so packed bodies are opened"


@pytest.mark.parametrize("broken", [False, True])
def test_the_secret_itself_is_kept_said_and_sent_nowhere(*, broken: bool) -> None:
    findings = Findings(World(room=True))
    findings.world.reachable()
    assert PLANTED in json.dumps(sample("github", "secret-location"))
    findings.github("secret-created")
    changes: dict[str, Any] = {"location": [PLANTED]} if broken else {}
    back = findings.github("secret-location", **changes)
    assert bool(back) is broken, "what cannot be read comes back, and ends with the dead letters"
    findings.github("secret-closed-by-person")
    assert len(findings.sent) == 3
    assert {"sms", "room", "stakeholders"} <= {str(one.channel) for one in findings.world.inbox.all}
    kept = everything(findings)
    assert b"acme/shop" in kept
    assert [one for one in spellings(PLANTED) if one in kept] == []
    findings.world.inbox.take_all()


ACTIONS = {
    "secret_scanning_alert": (
        "secret-created",
        *("assigned", "created", "publicly_leaked", "reopened", "resolved", "unassigned"),
        "validated",
    ),
    "secret_scanning_alert_location": ("secret-location", "created"),
    "code_scanning_alert": (
        "code-created",
        *("appeared_in_branch", "closed_by_user", "created", "fixed", "reopened"),
        *("reopened_by_user", "updated_assignment"),
    ),
    "dependabot_alert": (
        "dependency-created",
        *("assignees_changed", "auto_dismissed", "auto_reopened", "created", "dismissed", "fixed"),
        *("reintroduced", "reopened"),
    ),
    "repository_vulnerability_alert": (
        "vulnerability-create",
        *("create", "dismiss", "reopen", "resolve"),
    ),
    "workflow_run": ("workflow-ci-begun", "completed", "in_progress", "requested"),
}
"""The actions of "Webhook events and payloads" (docs.github.com), after a sample of its event."""


@pytest.mark.parametrize("event", ACTIONS)
def test_every_action_is_taken_and_one_without_its_alert_crashes_nothing(
    findings: Findings, event: str
) -> None:
    """GitHub does not send again by itself: what crashed would be lost."""
    name, *actions = ACTIONS[event]
    assert sample("github", name)[EVENT] == event
    about = "workflow_run" if event == "workflow_run" else "alert"
    nothing: dict[str, Any] = {about: None}
    for action in (*actions, "named_next_year"):
        before = len(findings.world.logged)
        assert findings.github(name, action=action) == []
        said = [line["message"] for line in findings.world.logged[before:]]
        assert event == "workflow_run" or {"signal.noted", "signal.received"} & set(said), action
        back = findings.github(name, action=action, **nothing)
        last = findings.world.logged[-1]
        if event == "workflow_run":
            assert (len(back), last["code"]) == (1, "malformed_payload"), "it is to be looked at"
        else:
            assert (back, last["why"]) == ([], f"{event}: {action} of no alert")
    assert "UnexpectedErrors" not in findings.world.meter.counts
    findings.world.inbox.take_all()
