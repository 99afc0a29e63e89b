"""Everything that incidents, people, runbooks and releases keep, written by their stores."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.harness.fakes.time import VirtualWallClock
from tests.harness.stored_forms import timeline
from tests.harness.stored_forms.examples import EPOCH, Examples
from tocsin.adapters.containment.rulebook import DynamoRulebook
from tocsin.adapters.containment.store import DynamoRuns
from tocsin.adapters.evidence.keys import describe
from tocsin.adapters.incidents.boards import DynamoActions
from tocsin.adapters.incidents.due_queue import body_of, incidents_of
from tocsin.adapters.incidents.numbers import DynamoNumbers
from tocsin.adapters.incidents.store import DynamoIncidents
from tocsin.adapters.people.rotas import DynamoRotas
from tocsin.adapters.people.stores import DynamoContacts, DynamoLinks, DynamoNews, DynamoRequests
from tocsin.adapters.people.texts import DynamoTexts
from tocsin.adapters.releases.freezes import DynamoFreezes
from tocsin.adapters.releases.store import DynamoReleases
from tocsin.adapters.reports.store import DynamoReports
from tocsin.adapters.runbooks.store import DynamoPolicies
from tocsin.containment.guards import Ledger
from tocsin.containment.rulebook import Edition, Rulebook
from tocsin.containment.runs import Run, RunState
from tocsin.incidents.model.correspondents import Correspondent
from tocsin.incidents.model.maintenance import Window
from tocsin.incidents.model.outbox import OutboxItem, OutboxKey, OutboxState
from tocsin.incidents.model.releases import Release, Telling
from tocsin.incidents.model.reports import Gate, Owed, Report
from tocsin.incidents.model.signals import Signal
from tocsin.incidents.model.work import Follower, Known, Seen, WorkKind
from tocsin.incidents.queries.freeze import ServiceFreeze
from tocsin.incidents.queries.prevention import PreventiveAction
from tocsin.incidents.runbook.policy import ChangedKey
from tocsin.incidents.vocabulary import Kind
from tocsin.people.links import Bundle, Link
from tocsin.people.rotation import Override, Rotation
from tocsin.people.storm import Line, Texts
from tocsin.people.ways import Way
from tocsin.ports.incidents import CommandRecord, Commit
from tocsin.ports.messages import Told
from tocsin.ports.requests import Done
from tocsin.ports.runbooks import Asked, PolicyVersion
from tocsin.ports.signals import Aside, Pointer, Unknown, Why

if TYPE_CHECKING:
    from tests.harness.stored_forms.writing import Written

MINUTE = timedelta(minutes=1)


def write(written: Written) -> None:
    """Every store's every kind of item."""
    examples = Examples(datetime=datetime, ChangedKey=ChangedKey)
    _incident(written, examples)
    _numbers(written)
    _outbox(written, examples)
    _people(written, examples)
    _runbooks(written, examples)
    _releases(written, examples)
    _reports(written, examples)
    _containment(written, examples)
    written.message("due incidents", body_of(["INC-1", "INC-2"]))
    assert incidents_of(body_of(["INC-1"])) == ("INC-1",)
    kept = describe("INC-1", b"content", media_type="text/plain")
    written.lines["object of the archive"] = asdict(kept)


def _store(written: Written) -> DynamoIncidents:
    return DynamoIncidents(
        written.cloud.aws("dynamodb"),
        table=written.cloud.table("incidents"),
        operations_table=written.cloud.table("operations"),
    )


def _numbers(written: Written) -> None:
    """The counter, a number that is an incident's, and one that was passed over."""
    aws = written.cloud.aws("dynamodb")
    numbers = DynamoNumbers(
        aws,
        hasty=aws,
        incidents_table=written.cloud.table("incidents"),
        operations_table=written.cloud.table("operations"),
    )
    assert numbers.next(Kind.DRILL) == 1
    written.after("counting")
    incident = timeline.incident(Examples(datetime=datetime, ChangedKey=ChangedKey))
    other = replace(incident, id="DRL-00000000000000000000000002", kind=Kind.DRILL, number=1)
    _store(written).commit(Commit(expected_version=0, incident=other, entries=(), number=1))
    assert numbers.skip(Kind.DRILL, 2)
    written.after("numbering")
    assert numbers.holder("DRILL-1") == other.id
    assert numbers.holder("DRILL-2") is None


def _incident(written: Written, examples: Examples) -> None:
    store, incident = _store(written), timeline.incident(examples)
    freeze = examples.filled(ServiceFreeze, "freeze", incident=incident.id)
    action = examples.filled(PreventiveAction, "action", incident=incident.id)
    creation = examples.filled(CommandRecord, "creation", incident=incident.id)
    commit = Commit(
        expected_version=0,
        incident=incident,
        entries=(),
        outbox=(),
        command=creation,
        pointers=(Pointer(key="v1:cloudwatch:a", incident=incident.id, open=True),),
        due=EPOCH,
        freezes=(freeze,),
        actions=(action,),
    )
    store.commit(commit)
    written.after("opening")
    assert store.load(incident.id) == incident
    assert store.creation(creation.principal or "", creation.key or "") == creation
    assert DynamoFreezes(
        written.cloud.aws("dynamodb"), table=written.cloud.table("operations")
    ).all() == (freeze,)
    command = replace(creation, principal=None, key=None)
    pointer = examples.filled(
        Pointer, "pointer", key="v1:cloudwatch:a", incident=incident.id, open=False, over=None
    )
    done = replace(action, work=replace(action.work, done_at=None), restricted=False)
    shown = replace(incident, restricted=False, closed_at=EPOCH, version=8)
    closing = Commit(
        expected_version=incident.version,
        incident=shown,
        entries=(),
        command=command,
        pointers=(pointer,),
        freezes=(replace(freeze, service="other", until=None),),
        actions=(done,),
    )
    store.commit(closing)
    written.after("closing")
    assert store.command(incident.id, command.hash) == command
    assert store.pointer("v1:cloudwatch:a") == pointer
    actions = DynamoActions(written.cloud.aws("dynamodb"), table=written.cloud.table("incidents"))
    assert actions.page(done=False).actions == (done,)
    whole = examples.filled(Signal, "signal", drill=False, part="", received_at=None)
    signal = replace(whole, only_told=False, held_for="", held_since=None)
    store.trace([signal], incident=incident.id, recorded_at=EPOCH)
    cleared = replace(signal, id="cleared", firing=False)
    store.trace([cleared], incident=None, recorded_at=EPOCH)
    store.hear_clear(cleared, recorded_at=EPOCH)
    assert store.clear_heard(cleared.key) is not None
    source_held = replace(whole, held_for="", held_since=None, suppressed=True)
    store.hold(replace(source_held, part="contributor:one"))
    assert store.held(replace(signal, part="contributor:one").key) is not None
    store.let_go(signal.whole, until=EPOCH, recorded_at=EPOCH)
    written.after("signals")
    assert store.unseen([signal, cleared]) == ()
    told = replace(source_held, part="contributor:one", received_at=EPOCH)
    store.hold(replace(told, dedup_key="report"))
    assert store.held(replace(told, dedup_key="report").key) is not None
    written.after("report held")
    _noise(written, examples, whole)


def _noise(written: Written, examples: Examples, signal: Signal) -> None:
    store = _store(written)
    told = replace(signal, id="told", part="two", only_told=True)
    store.trace([told], incident="INC-1", recorded_at=EPOCH)
    held = replace(signal, id="held", part="two", only_told=False)
    store.trace([held], incident=None, recorded_at=EPOCH, why=Why.FLAPPING)
    assert [one.why for one in store.traces(held.key, limit=9)] == ["flapping"]
    store.hold(held)
    kept = store.held(held.key)
    assert kept is not None
    assert (kept.held_for, kept.held_since) == (held.held_for, held.held_since)
    store.set_aside(
        Aside(
            id="aside",
            key=held.key,
            source="cloudwatch",
            title="title",
            firing=True,
            at=EPOCH,
            occurred_at=EPOCH,
            why=Why.MAINTENANCE,
            rule="rule",
            would="open a high production incident",
            until=EPOCH + timedelta(hours=1),
            because="m-1 by ana: why",
            window="m-1",
        )
    )
    store.take_lead("real#rule#production#service", "INC-1", at=EPOCH)
    windows = (examples.filled(Window, "window"),)
    store.set_windows(windows, known=())
    assert store.windows() == windows
    unknown = Unknown(
        key="v1:source:key", source="source", name="name", count=2, at=EPOCH, incident="INC-1"
    )
    store.count_unknown(unknown, week="2026-W37", told_at=EPOCH, batch="batch")
    assert store.unknown("2026-W37") == (unknown,)
    written.after("noise")
    store.week_told("2026-W37", at=EPOCH)
    written.after("told")
    store.follow("b" * 40, "INC-1", at=EPOCH)
    seen = Seen(
        source="github",
        kind=WorkKind.RUN,
        commit="b" * 40,
        repository="shop",
        name=".github/workflows/ci.yml",
        number=7,
        attempt=2,
        conclusion="success",
        url="https://github.example/runs/7",
        at=EPOCH,
    )
    store.see(seen, recorded_at=EPOCH)
    assert store.known_of("bbbbbbb") == Known(
        followers=(Follower(incident="INC-1", commit="b" * 40),), seen=(seen,)
    )
    written.after("work")


def _outbox(written: Written, examples: Examples) -> None:
    store, base = _store(written), timeline.incident(examples)
    incident = replace(base, id="INC-2", version=1)
    first, second = (
        examples.filled(
            OutboxItem,
            "outbox",
            incident=incident.id,
            seq=seq,
            state=OutboxState.PENDING,
            attempts=0,
            tried=(),
        )
        for seq in (1, 2)
    )
    store.commit(Commit(expected_version=0, incident=incident, entries=(), outbox=(first, second)))
    written.after("messages asked for")
    assert store.outbox(first.key) == first
    for item in (first, second):
        store.claim_outbox(item.key, owner="owner", wall_now=EPOCH, lease=MINUTE)
    written.after("messages claimed")
    store.mark_sent(first.key, owner="owner", sent_at=EPOCH, tried=("sms:1 sent",))
    store.release_outbox(second.key, owner="owner", due_at=EPOCH, tried=("sms:1 refused",))
    written.after("messages sent and given back")
    sent, back = store.outbox(first.key), store.outbox(second.key)
    assert sent is not None
    assert back is not None
    assert (sent.state, sent.attempts, sent.tried) == (OutboxState.SENT, 1, ("sms:1 sent",))
    assert (back.state, back.due_at) == (OutboxState.PENDING, EPOCH)
    news = DynamoNews(written.cloud.aws("dynamodb"), table=written.cloud.table("operations"))
    news.keep(first)
    written.after("news")
    assert news.last(first) == Told(first.content_hash, 1)


def _people(written: Written, examples: Examples) -> None:
    client, table = written.cloud.aws("dynamodb"), written.cloud.table("operations")
    contacts = DynamoContacts(client, table=table)
    way = contacts.put(examples.filled(Way, "way", rev=0))
    written.after("way")
    assert contacts.ways(way.person) == (way,)
    contacts.erase(way)
    written.after("way erased")
    assert contacts.ways(way.person) == ()
    links = DynamoLinks(client, table=table)
    link = links.keep(examples.filled(Link, "link"))
    written.after("link")
    assert links.find(link.handle) == link
    bundle = examples.filled(Bundle, "bundle")
    links.keep_bundle(bundle)
    written.after("bundle")
    assert links.find_bundle(bundle.handle) == bundle
    texts, line = DynamoTexts(client, table, VirtualWallClock(EPOCH)), examples.filled(Line, "line")
    left = examples.filled(Texts, "texts", rev=0)
    texts.put_texts(line, left)
    texts.wait(line, left.epoch, OutboxKey(incident="INC-1", sk="OUT#00000001#page#person:kim"))
    written.after("texts and one that waits")
    assert texts.texts(line) == replace(left, rev=1)
    rotas = DynamoRotas(client, table=table)
    rotation = examples.filled(Rotation, "rotation")
    rotas.set_rotation(rotation, before=None)
    override = examples.filled(Override, "override")
    rotas.set_override(override)
    written.after("rotation and override")
    rota = rotas.rota(rotation.role, since=override.ends_at - MINUTE)
    assert (rota.rotation, rota.overrides) == (rotation, (override,))
    rotas.set_rotation(replace(rotation, set_by="bo"), before=rotation)
    written.after("next rotation")
    assert rotas.past(rotation.role) == (rotation,)


def _runbooks(written: Written, examples: Examples) -> None:
    client, table = written.cloud.aws("dynamodb"), written.cloud.table("operations")
    policies = DynamoPolicies(client, table=table)
    document = b'{"made":"up"}'
    version = examples.filled(
        PolicyVersion,
        "policy",
        number=1,
        document=document,
        sha256=hashlib.sha256(document).hexdigest(),
    )
    asked = Asked(digest="digest", wish="wish", number=1)
    policies.publish(version, asked)
    written.after("policy")
    assert policies.page(limit=2) == (version,)
    assert policies.find(version.version) == version
    assert policies.asked("digest") == asked
    assert policies.document(version.version) == document
    done = examples.filled(Done, "done")
    store = DynamoRequests(client, table=table)
    for number in range(2):
        store.keep(f"digest-{number}", done, until=1_800_000_000)
        written.after(f"request {number}")
        assert store.done(f"digest-{number}") == done


def _releases(written: Written, examples: Examples) -> None:
    store = DynamoReleases(written.cloud.aws("dynamodb"), table=written.cloud.table("operations"))
    planned = examples.filled(Release, "release", shipped_at=None)
    telling = examples.filled(Telling, "telling", release=planned, ver=1)
    request = examples.filled(CommandRecord, "release request", key="release")
    store.put(planned, request, telling)
    written.after("release planned")
    assert store.get(planned) == planned
    assert store.waiting(at=telling.due_at + MINUTE, limit=5) == (telling,)
    done = replace(telling, at_end=True, left=(), ver=2)
    store.save(done, expected=1)
    store.put(replace(planned, shipped_at=EPOCH))
    written.after("release shipped and told")
    assert store.waiting(at=telling.due_at + MINUTE, limit=5) == ()


def _reports(written: Written, examples: Examples) -> None:
    store = DynamoReports(written.cloud.aws("dynamodb"), table=written.cloud.table("operations"))
    number = "R-20260908-140000-7K3MQ2"
    waits = {"rung_at": None, "outcome": None, "suspect": False}
    report = examples.filled(Report, "report", reference=number, ver=1, **waits)
    who = examples.filled(Correspondent, "correspondent", reference=number, ver=1)
    gate = examples.filled(Gate, "gate", ver=1)
    store.put(report, who)
    store.save_gate(gate, expected=0)
    store.take("what", most=2, until=EPOCH)
    written.after("report waits")
    assert (store.get(number), store.correspondent(number), store.gate()) == (report, who, gate)
    answered = examples.filled(Report, "report", reference=number, ver=2)
    store.save(answered, expected=1)
    store.forget(who)
    written.after("report answered")
    assert store.get(number) == answered
    assert store.correspondent(number) is None
    owed = examples.filled(Owed, "owed", incident="INC-1", ver=1)
    store.owe(owed)
    written.after("report owed")
    assert store.owed(at=owed.due_at + MINUTE, limit=1) == (owed,)
    store.settle(owed)
    written.after("report settled")
    assert store.owed(at=owed.due_at + MINUTE, limit=1) == ()
    bare = examples.bare(Report, "bare report", reference="R-20260908-140000-000000")
    store.put(bare)
    written.after("report bare")
    assert store.get(bare.reference) == bare


def _containment(written: Written, examples: Examples) -> None:
    """A run as it was asked, one with all of its life, who holds what, and what is containable."""
    aws, table = written.cloud.aws("dynamodb"), written.cloud.table("operations")
    runs, book = DynamoRuns(aws, table), DynamoRulebook(aws, table)
    incident = "INC-00000000000000000000000001"
    asked = examples.bare(Run, "bare run", id="run-0", incident=incident, told=("planned",))
    runs.save(asked)
    written.after("containment asked")
    held = examples.filled(Ledger, "ledger", ver=1)
    lives = {"ver": 1, "state": RunState.VERIFIED, "warned_at": None}
    begun = examples.filled(Run, "run", id="run-1", incident=incident, **lives)
    runs.save(begun, ledger=held)
    written.after("containment in force")
    assert (runs.get(incident, "run-1"), runs.ledger()) == (begun, held)
    undone = examples.filled(Run, "run", id="run-1", incident=incident, ver=2)
    runs.save(undone)
    written.after("containment over")
    assert runs.of(incident) == tuple(sorted((asked, undone), key=lambda run: run.asked_at))
    waits = examples.filled(Rulebook, "rulebook", edition=None, ver=1)
    book.save(waits)
    written.after("containment rules proposed")
    assert book.load() == waits
    edition = examples.filled(Edition, "edition", number=1)
    ruled = Rulebook(edition=edition, ver=2)
    book.save(ruled, edition=edition)
    written.after("containment rules in force")
    assert (book.load(), book.editions(limit=9)) == (ruled, (edition,))
