"""A reconciliation over HTTP: reported first, healed on approval, accepted, signed, and told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from functions.reconciler.report import Keeper
from tests.harness.models.reconcile import STRIPE, ReconcileModel, key
from tests.harness.worlds.billing_office import BillingOffice
from tocsin.adapters.billing.outage.memory import MemoryComparisons
from tocsin.adapters.billing.reconcile.memory import MemoryReconciliations
from tocsin.adapters.evidence.keys import describe
from tocsin.adapters.evidence.memory import MemoryArchive
from tocsin.application.billing.reconcile.desk import ACTION, ReconcileDesk
from tocsin.application.billing.reconcile.drive import RESERVE_MS
from tocsin.application.billing.reconcile.schedule import Schedule
from tocsin.application.billing.reconcile.tell import Teller, note
from tocsin.billing.identity import Identity
from tocsin.billing.outage.divergence import Comparison, divergence
from tocsin.billing.reconcile.accounts import Accounts, Left, NotCompared
from tocsin.billing.reconcile.compare import Kind
from tocsin.billing.reconcile.work import Stage
from tocsin.errors import BadInput, StoreUnavailable
from tocsin.notes import Event
from tocsin.runtime.driving import Driver
from tocsin.runtime.watch.json_lines import NOTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.worlds.world import World
    from tocsin.billing.reconcile.work import Found
    from tocsin.ports.messages import Message

PATH = "/v1/reconciliations"
OURS = 26
"""Of 40 workspaces, those that are billed by the account there is a key for."""
OUTAGE = {"title": "Stripe is down", "severity": "high", "category": "operational"}


class Bench:
    """The API, and the reconciler's driver over the same store, one message at a time."""

    def __init__(self, world: World) -> None:
        self.office, self.world = BillingOffice(world), world
        world.reachable("ana", "bo", "kim")
        self.model = ReconcileModel(size=40, store=self.office.reconciliations)
        self.model.now = self.office.now
        self.compared, self.archive = MemoryComparisons(), MemoryArchive()
        self.later: list[str] = []
        tell = Teller(
            store=self.office.reconciliations,
            execute=world.application.execute,
            keep=Keeper(store=self.office.reconciliations, archive=self.archive),
            compared=self.compared,
            now=lambda: self.office.now,
        )
        self.driver = Driver(
            work="reconciliation",
            run=replace(self.model.reconciler, tell=tell).run,
            drive=self.office.reconcilers_woken.append,
            look_again=self.later.append,
            reserve_ms=RESERVE_MS,
            note=note,
            left=Event.RECONCILIATION_LEFT,
            notes=NOTES,
        )
        self.schedule = Schedule(
            store=self.office.reconciliations,
            drive=self.office.reconcilers_woken.append,
            accounts=lambda: Accounts((STRIPE,)),
            now=lambda: self.office.now,
            notes=NOTES,
        )

    @property
    def sent(self) -> list[Message]:
        """What stakeholders and finance got."""
        self.world.pump()
        kept = self.world.inbox.updates
        return [each.message for each in kept if each.kind == "reconciliation"]

    def pump(self) -> None:
        """Every message there is, each handled once."""
        woken = self.office.reconcilers_woken
        while woken:
            body = json.dumps({"v": 1, "reconciliation": woken.pop(0)})
            batch = {"Records": [{"messageId": "m", "body": body}]}
            assert self.driver.handle(batch, lambda: 300_000) == {"batchItemFailures": []}

    def ask(
        self, path: str, body: object = None, *, ok: int = 200, method: str = "POST", **options: Any
    ) -> dict[str, Any]:
        status, found, _ = self.office.request(method, f"{PATH}{path}", body, **options)
        assert status == ok, found
        return found

    def start(self, *, ok: int = 202, **body: Any) -> dict[str, Any]:
        options = {name: body.pop(name) for name in ("group", "headers") if name in body}
        found = self.ask("", {"scope": "full"} | body, ok=ok, **options)
        self.pump()
        return self.ask(f"/{found['id']}", method="GET") if ok < 300 else found

    def declare(self) -> str:
        """A billing incident whose commander is kim."""
        _, body, _ = self.world.request(
            "POST", "/v1/incidents", OUTAGE, person="kim", group="commander"
        )
        self.world.inbox.take_all()
        return str(body["id"])

    def approve(self, incident: str, lines: list[str], *, requester: str = "ana") -> str:
        given = {"action": ACTION, "input": lines, "requester": requester, "reason": "read it"}
        status, shown, _ = self.world.request(
            "POST", f"/v1/incidents/{incident}/authorize", given, person="kim", group="commander"
        )
        assert status == 200, shown
        return f"{incident}:{shown['version']}"

    def told(self, incident: str) -> list[dict[str, Any]]:
        return [
            dict(each.content)
            for each in self.world.store.entries(incident)
            if each.type == "reconciliation_recorded"
        ]


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


def test_from_report_to_signature_while_an_incident_is_open(bench: Bench) -> None:
    """The whole way; the incident knows exactly the classes that are left at each step."""
    for number, kind in zip((1, 2, 4), (Kind.STALE, Kind.MISSING, Kind.PLAN), strict=True):
        bench.model.plant(kind, number)
    before = dict(bench.model.projection.rows)
    incident = bench.declare()
    found = bench.start(incident=incident)
    assert (found["stage"], found["open"]) == ("ready", 3)
    assert found["unresolved"] == [
        {"kind": kind, "count": 1} for kind in ("missing", "plan", "stale")
    ]
    assert bench.model.projection.rows == before, "a report changes nothing"
    (told,) = bench.told(incident)
    assert told["unresolved"] == {"missing": 1, "plan": 1, "stale": 1}
    shown = bench.ask(f"/{found['id']}/report", method="GET")["document"].encode()
    kept = describe(incident, shown, media_type="application/json")
    assert (kept.key, bench.archive.read(kept)) == (told["report"], shown), "evidence of it"
    path = f"/{found['id']}"

    problem = bench.ask(f"{path}/sign-off", {}, ok=409)
    assert (problem["code"], problem["unresolved"]) == (
        "mismatches_left",
        "missing:1,plan:1,stale:1",
    )
    problem = bench.ask(f"{path}/heal", {}, ok=403)
    assert (problem["code"], problem["action"]) == ("approval_required", ACTION)
    assert problem["input"] == "; ".join(found["approve"])
    assert bench.model.projection.rows == before

    plan = next(each["id"] for each in found["mismatches"] if each["kind"] == "plan")
    bench.ask(f"{path}/accept", {"mismatch": plan}, ok=422)
    bench.ask(f"{path}/accept", {"mismatch": plan, "reason": "an old price, agreed in July"})
    found = bench.ask(path, method="GET")
    approval = bench.approve(incident, found["approve"])
    bench.ask(f"{path}/heal", {"approval": approval}, ok=202)
    bench.pump()
    found = bench.ask(path, method="GET")
    assert (found["open"], found["healed"], found["accepted"]) == (0, 2, 1)
    assert bench.told(incident)[-1].get("unresolved") == {}
    problem = bench.ask(f"{path}/heal", {"approval": approval}, ok=400)
    assert problem["code"] == "bad_input", "nothing is open any more"

    found = bench.ask(f"{path}/sign-off", {})
    bench.pump()
    assert found["signed_off_by"] == "ana"
    last = bench.told(incident)[-1]
    assert (last["signed_off_by"], last["healed"], last["accepted"]) == ("ana", 2, 1)
    loaded = bench.world.store.load(incident)
    assert loaded is not None
    assert loaded.reconciliation is not None
    assert loaded.reconciliation.settled
    assert [each.attributes["audience"] for each in bench.sent] == ["finance", "finance"]
    assert "no mismatches open" in bench.sent[-1].subject
    told_so_far, sent_so_far = len(bench.told(incident)), len(bench.sent)
    bench.office.reconcilers_woken.append(found["id"])
    bench.pump()
    assert len(bench.told(incident)) == told_so_far, "the same standing is told once"
    assert len(bench.sent) == sent_so_far


KEYLESS = Identity("stripe", "acct_9", "live")
TEST = Identity("stripe", "acct_1", "test")


def test_accounts_that_are_not_compared_are_named_and_who_signs_names_them(bench: Bench) -> None:
    bench.office.seen.note(KEYLESS, now=1)
    bench.office.seen.note(TEST, now=1)
    incident = bench.declare()
    found = bench.start(incident=incident)
    assert found["accounts"] == ["stripe#acct_1#live"]
    assert [(each["account"], each["why"]) for each in found["not_compared"]] == [
        ("stripe#acct_1#test", "mode"),
        ("stripe#acct_9#live", "no_key"),
    ]
    assert found["agrees"] is False, "what has no key gives access, and nobody looked"
    sign = f"/{found['id']}/sign-off"
    names = [each["account"] for each in found["not_compared"]]
    problem = bench.ask(sign, {}, ok=409)
    assert problem["code"] == "accounts_not_named"
    assert problem["accounts"] == ",".join(names)
    for each in found["not_compared"]:
        assert each["text"] in problem["detail"], "the refusal says why of each, and what to do"
    assert "--without" in problem["detail"]
    assert bench.ask(sign, {"without": names[:1]}, ok=409)["accounts"] == names[1]
    strange = bench.ask(sign, {"without": [*names, "stripe#acct_7#live"]}, ok=409)
    assert "no account was left out as stripe#acct_7#live" in strange["detail"]

    signed = bench.ask(sign, {"without": names})
    assert (signed["signed_off_by"], signed["agrees"]) == ("ana", True)
    bench.pump()
    report = bench.ask(f"/{found['id']}/report", method="GET")
    assert report["agrees"] is True
    assert f"Z, without {', '.join(names)}\n" in report["markdown"]
    assert "there is no API key for it" in report["markdown"]
    left = json.loads(report["document"])["not_compared"]
    assert [each["account"] for each in left] == names
    said = bench.sent[-1].text
    for each in found["not_compared"]:
        assert f"Not compared: {each['text']}." in said, "stakeholders and finance hear it too"


def test_a_schedule_names_them_as_well(bench: Bench) -> None:
    left = (Left("stripe#acct_9#live", NotCompared.NO_KEY),)
    schedule = replace(bench.schedule, accounts=lambda: Accounts((STRIPE,), left))
    name = schedule.start({"scope": "recent"})["reconciliation"]
    bench.pump()
    found = bench.ask(f"/{name}", method="GET")
    assert [each["account"] for each in found["not_compared"]] == ["stripe#acct_9#live"]


def test_an_approval_is_of_these_mismatches_for_this_person_once(bench: Bench) -> None:
    bench.model.plant(Kind.STATUS, 1)
    bench.model.plant(Kind.PERIOD, 2)
    incident = bench.declare()
    found = bench.start()
    path, first = f"/{found['id']}", found["mismatches"][0]["id"]
    approval = bench.approve(incident, found["approve"])
    body = {"approval": approval}
    assert bench.ask(f"{path}/heal", body | {"mismatches": [first]}, ok=403)["why"] == "another act"
    assert bench.ask(f"{path}/heal", body, ok=403, person="bo")["why"] == "another person"
    headers = {"idempotency-key": "k"}
    bench.ask(f"{path}/heal", body, ok=202, headers=headers)
    again = bench.ask(f"{path}/heal", body, ok=202, headers=headers)
    assert again["stage"] == "healing"
    assert bench.ask(f"{path}/heal", body, ok=409)["code"] == "still_comparing"
    bench.pump()
    assert bench.ask(path, method="GET")["healed"] == 2
    assert set(bench.office.reconciliations.spent) == {approval}


def test_a_request_that_died_after_its_approval_was_spent_is_sent_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.model.plant(Kind.STATUS, 1)
    incident = bench.declare()
    found = bench.start()
    heal = f"/{found['id']}/heal"
    body = {"approval": bench.approve(incident, found["approve"])}
    with monkeypatch.context() as dying:
        dying.setattr(MemoryReconciliations, "save", _unavailable)
        bench.ask(heal, body, ok=503, headers={"idempotency-key": "k"})
    assert bench.ask(heal, body, ok=403, headers={"idempotency-key": "l"})["why"] == "used"
    bench.ask(heal, body, ok=202, headers={"idempotency-key": "k"})
    bench.pump()
    assert bench.ask(f"/{found['id']}", method="GET")["healed"] == 1


def test_a_driver_that_was_never_woken_is_woken_by_the_same_request(bench: Bench) -> None:
    bench.model.plant(Kind.STATUS, 1)
    headers = {"idempotency-key": "k"}
    body = {"scope": "full"}
    found = bench.ask("", body, ok=202, headers=headers)
    bench.office.reconcilers_woken.clear()
    bench.ask("", body, headers=headers)
    bench.pump()
    path = f"/{found['id']}"
    assert bench.ask(path, method="GET")["stage"] == "ready"
    heal: dict[str, Any] = {"headers": headers, "group": "commander", "ok": 202}
    bench.ask(f"{path}/heal", {}, **heal)
    bench.office.reconcilers_woken.clear()
    bench.ask(f"{path}/heal", {}, **heal)
    bench.pump()
    assert bench.ask(path, method="GET")["healed"] == 1
    bench.ask(f"{path}/heal", {}, **heal)
    assert bench.office.reconcilers_woken == [], "what is done needs no driver"


def test_a_look_while_healing_ends_is_answered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.model.plant(Kind.STATUS, 1)
    path = f"/{bench.start()['id']}"
    bench.ask(f"{path}/heal", {}, ok=202, group="commander")
    read = ReconcileDesk.page

    def and_then_it_ends(desk: ReconcileDesk, name: str, **page: Any) -> Any:
        found = read(desk, name, **page)
        bench.pump()
        return found

    monkeypatch.setattr(ReconcileDesk, "page", and_then_it_ends)
    found = bench.ask(path, method="GET")
    assert (found["stage"], found["open"], found["healed"]) == ("healing", 1, 0)
    assert found["approve"] == [], "what is healed already needs no approval"
    assert (found["mismatches"][0]["state"], found["compared_workspaces"]) == ("open", OURS)
    found = bench.ask(path, method="GET")
    assert (found["stage"], found["open"], found["healed"]) == ("ready", 0, 1)


def test_a_look_reads_the_cursor_and_one_page_however_much_was_compared(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = [bench.model.plant(Kind.STATUS, number)[1] for number in (1, 2, 4, 5, 7)]
    path = f"/{bench.start()['id']}"
    monkeypatch.setattr(MemoryReconciliations, "workspaces", _unavailable)
    read: list[str] = []
    kept = MemoryReconciliations.found

    def counted(store: MemoryReconciliations, name: str, *, after: str = "") -> Iterator[Found]:
        for each in kept(store, name, after=after):
            read.append(each.mismatch.id)
            yield each

    monkeypatch.setattr(MemoryReconciliations, "found", counted)
    seen: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    for size in (2, 2, 1):
        found = bench.ask(path, method="GET", query=query)
        assert (found["open"], found["found"], found["compared_workspaces"]) == (5, 5, OURS)
        assert (len(found["mismatches"]), found["more"]) == (size, size == 2)
        seen += [each["workspace"] for each in found["mismatches"]]
        query["cursor"] = found["next"] or ""
    assert (sorted(seen), query["cursor"]) == (planted, "")
    assert len(read) <= 3 * 3, "one more than a page, to know whether there is another"
    for bad in ({"limit": "501"}, {"cursor": "x" * 2_000}):
        assert bench.ask(path, method="GET", query=bad, ok=400)["code"] == "bad_input"


def test_one_begun_before_there_were_tallies_is_added_up_when_it_is_looked_at(
    bench: Bench,
) -> None:
    bench.model.plant(Kind.STATUS, 1)
    found = bench.start()
    store = bench.office.reconciliations
    cursor = store.load(found["id"])
    assert cursor is not None
    store.save(replace(cursor, tally=None))
    again = bench.ask(f"/{found['id']}", method="GET")
    assert (again["open"], again["compared_workspaces"], again["approve"]) == (
        1,
        OURS,
        found["approve"],
    )


def test_what_was_accepted_counts_at_once_also_where_the_first_request_died(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.model.plant(Kind.STATUS, 1)
    found = bench.start()
    path, body = (
        f"/{found['id']}/accept",
        {
            "mismatch": found["mismatches"][0]["id"],
            "reason": "agreed in July",
        },
    )
    with monkeypatch.context() as dying:
        dying.setattr(MemoryReconciliations, "save", _unavailable)
        bench.ask(path, body, ok=503)
    assert bench.office.reconcilers_woken == []
    found = bench.ask(path, body)
    assert (found["open"], found["accepted"], found["approve"]) == (0, 1, [])
    assert bench.office.reconcilers_woken == [found["id"]]


def test_who_approved_a_healing_stands_beside_who_had_it_done(bench: Bench) -> None:
    bench.model.plant(Kind.STATUS, 1)
    bench.model.plant(Kind.ENFORCEMENT, 2)
    incident = bench.declare()
    found = bench.start(incident=incident)
    approval = bench.approve(incident, found["approve"])
    bench.ask(f"/{found['id']}/heal", {"approval": approval}, ok=202)
    bench.pump()

    found = bench.ask(f"/{found['id']}", method="GET")
    assert {(each["by"], each["approved_by"]) for each in found["mismatches"]} == {("ana", "kim")}
    (line,) = bench.model.corrections.lines.values()
    assert (line.by, line.approver) == ("ana", "kim")
    last = bench.told(incident)[-1]
    assert (last["healed_by"], last["approved_by"], last["healed"]) == ("ana", "kim", 2)
    report = bench.ask(f"/{found['id']}/report", method="GET")
    assert "healed by ana, approved by kim" in report["markdown"]
    assert json.loads(report["document"])["mismatches"][0]["approved_by"] == "kim"


def _unavailable(*_: object) -> NoReturn:
    raise StoreUnavailable


def test_outside_an_incident_a_commander_heals_some_and_nobody_else_any(bench: Bench) -> None:
    bench.model.plant(Kind.STATUS, 1)
    bench.model.plant(Kind.PERIOD, 2)
    found = bench.start()
    path, first = f"/{found['id']}", found["mismatches"][0]["id"]
    assert bench.ask(f"{path}/heal", {}, ok=403)["code"] == "group_required"
    bench.ask(f"{path}/heal", {"mismatches": [first]}, ok=202, group="commander")
    bench.pump()
    found = bench.ask(path, method="GET")
    assert [(each["id"], each["state"]) for each in found["mismatches"] if each["id"] == first] == [
        (first, "healed")
    ]
    assert found["open"] == 1


def test_the_outage_watch_reads_how_many_differ_of_how_many(bench: Bench) -> None:
    bench.model.plant(Kind.STATUS, 1)
    bench.model.plant(Kind.PERIOD, 2)
    found = bench.start()
    newest = bench.compared.newest(STRIPE)
    assert newest == Comparison(bench.office.now, found["compared_subscriptions"], 2)
    tally = divergence(newest, now=bench.office.now)
    assert tally is not None
    assert tally.broken
    bench.ask(f"/{found['id']}/heal", {}, ok=202, group="commander")
    bench.pump()
    tally = divergence(bench.compared.newest(STRIPE), now=bench.office.now)
    assert tally is not None
    assert (tally.bad, tally.broken) == (0, False)


def test_a_dry_run_heals_nothing_and_tells_nobody(bench: Bench) -> None:
    bench.model.plant(Kind.STATUS, 1)
    incident = bench.declare()
    found = bench.start(incident=incident, dry_run=True)
    assert found["open"] == 1
    assert bench.told(incident) == []
    assert bench.ask(f"/{found['id']}/heal", {}, ok=400)["code"] == "bad_input"


def test_the_same_key_is_the_same_reconciliation(bench: Bench) -> None:
    headers = {"idempotency-key": "one"}
    first = bench.start(headers=headers)
    bench.world.jump(1, sweep=False)
    status, again, answered = bench.office.request(
        "POST",
        PATH,
        {"scope": "full"},
        headers=headers,
    )
    assert (status, again["id"], answered["idempotency-replayed"]) == (200, first["id"], "true")
    assert bench.start(ok=422, scope="recent", headers=headers)["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"scope": "some"}, 400, "bad_input"),
        ({"surprise": 1}, 400, "bad_input"),
        ({"start": "2026-09-08T10:00:00Z", "end": "2026-09-08T09:00:00Z"}, 400, "bad_input"),
        ({"end": "2036-09-08T09:00:00Z"}, 400, "bad_input"),
        ({"start": "2026-01-01T00:00:00Z"}, 400, "bad_input"),
        ({"workspaces": [f"ws_{number}" for number in range(201)]}, 400, "bad_input"),
        ({"group": "viewer"}, 403, "group_required"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_nothing_starts(
    bench: Bench, body: dict[str, Any], status: int, code: str
) -> None:
    assert bench.start(ok=status, **body)["code"] == code
    assert bench.office.reconciliations.cursors == {}


def test_the_report_says_it_in_three_forms_and_the_same_each_time(bench: Bench) -> None:
    bench.model.plant(Kind.STATUS, 1)
    bench.model.plant(Kind.ORPHAN, 2)
    found = bench.start(workspaces=["ws_0002"])
    report = bench.ask(f"/{found['id']}/report", method="GET")
    assert report == bench.ask(f"/{found['id']}/report", method="GET")
    document = json.loads(report["document"])
    assert document["unresolved"] == {"orphan": 1, "status": 1}
    assert {each["class"] for each in document["mismatches"]} == {"orphan", "status"}
    assert "| status | ws_0001 |" in report["markdown"]
    assert "status past_due | status active" in report["markdown"]
    for part in ('role="img"', "<title", "<desc", "1 times gone held as active"):
        assert part in report["matrix"]


def test_a_schedule_starts_one_for_each_of_its_turns(bench: Bench) -> None:
    bench.model.concerned.events[STRIPE] = [(key(1)[1], bench.office.now - 60)]
    bench.model.plant(Kind.MISSING, 1)
    first = bench.schedule.start({"scope": "recent"})
    assert bench.schedule.start({"scope": "recent"}) == first
    bench.pump()
    cursor = bench.office.reconciliations.load(first["reconciliation"])
    assert cursor is not None
    assert (cursor.stage, cursor.started_by) == (Stage.READY, "schedule")
    assert bench.model.found(cursor.id) == [(Kind.MISSING, "ws_0001")]
    for event in ({}, {"scope": "full"}, {"scope": "some"}):
        with pytest.raises(BadInput):
            bench.schedule.start(event)


def test_when_time_is_up_another_message_goes_on(bench: Bench) -> None:
    bench.model.plant(Kind.PLAN, 1)
    found = bench.ask("", {"scope": "full"}, ok=202)
    left = iter([300_000, 300_000, 0, 300_000, 0])
    for _ in range(2):
        body = json.dumps({"v": 1, "reconciliation": bench.office.reconcilers_woken.pop()})
        bench.driver.handle({"Records": [{"messageId": "m", "body": body}]}, lambda: next(left))
        assert bench.office.reconcilers_woken == [found["id"]]
    bench.pump()
    assert bench.ask(f"/{found['id']}", method="GET")["open"] == 1


def test_a_message_that_names_nothing_is_named_as_failed(bench: Bench) -> None:
    batch = {
        "Records": [
            {"messageId": "a", "body": "{"},
            {"messageId": "b", "body": '{"v":1,"reconciliation":"REC-none"}'},
        ]
    }
    answer = bench.driver.handle(batch, lambda: 300_000)
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == ["a", "b"]


def test_a_key_heals_once_and_only_what_it_was_sent_for(bench: Bench) -> None:
    """A duplicate that comes late, after another healing, finds its key used and heals nothing."""
    for number in (1, 2, 4):
        bench.model.plant(Kind.STALE, number)
    found = bench.start()
    path = f"/{found['id']}"
    first, second, third = (each["id"] for each in found["mismatches"])

    def heal(key: str, *mismatches: str, ok: int = 202) -> dict[str, Any]:
        answer = bench.ask(
            f"{path}/heal",
            {"mismatches": list(mismatches)},
            ok=ok,
            headers={"idempotency-key": key},
            group="commander",
        )
        bench.pump()
        return answer

    heal("k1", first)
    assert bench.ask(path, method="GET")["healed"] == 1
    assert heal("k1", second, ok=422)["code"] == "idempotency_key_reused"
    heal("k2", second)
    assert bench.ask(path, method="GET")["healed"] == 2
    heal("k1", first)
    assert heal("k1", ok=422)["code"] == "idempotency_key_reused"
    assert heal("k1", third, ok=422)["code"] == "idempotency_key_reused"
    assert bench.ask(path, method="GET")["healed"] == 2


def test_all_is_what_was_open_when_it_was_asked_for(bench: Bench) -> None:
    for number in (1, 2):
        bench.model.plant(Kind.STALE, number)
    found = bench.start()
    bench.ask(f"/{found['id']}/heal", {}, ok=202, group="commander")
    cursor = bench.office.reconciliations.load(found["id"])
    assert cursor is not None
    assert set(cursor.heal) == {each["id"] for each in found["mismatches"]}
