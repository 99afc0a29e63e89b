"""Rubbish at every other door: alarms, links, queues, streams, and what a provider answers.

Whoever can publish to the alarm topic, holds a link or speaks for a provider is a stranger. What
cannot be read is refused in our own words and alone: what lies beside it is worked off all the
same.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from functions.alarm_trigger import intake as alarms
from functions.notifier import intake as notifier
from functions.security_trigger.intake import source_of
from tests.fuzz import broken
from tests.fuzz import test_webhook_fuzz as webhooks
from tests.fuzz.broken import (
    DEEP,
    LONG_NUMBER,
    broken_bytes,
    broken_document,
    broken_header,
    noise,
    run,
)
from tests.harness.fakes.requests import api_event, link_event
from tests.harness.fakes.time import START
from tests.harness.worlds.alarms import notification, queue_event
from tests.harness.worlds.containing import Containing
from tests.harness.worlds.findings import Findings, sample, signed
from tests.harness.worlds.world import BASE, World
from tocsin.adapters.billing.projection.ledger import item_of, record_of
from tocsin.adapters.billing.projection.queues import read_items
from tocsin.adapters.containment.rulebook import book_of, book_text
from tocsin.adapters.containment.store import ledger_of, ledger_text, run_of, run_text
from tocsin.adapters.incidents.due_queue import body_of, incidents_of
from tocsin.application.containment.orders import Done, Order, Refusal, What
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.billing.projection.refetch import LedgerReplay, Reason, RefetchRequest, read_message
from tocsin.containment.rulebook import Edition, Proposal, Rulebook
from tocsin.errors import (
    BadInput,
    MalformedPayload,
    ProviderUnavailable,
    SignatureInvalid,
    TocsinError,
    UnreadableShape,
)
from tocsin.incidents.model.reports import signals_of
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json
from tocsin.incidents.vocabulary import Group
from tocsin.people.links import BUNDLE
from tocsin.providers.bodies.codec import keep
from tocsin.providers.http import events as listed_events
from tocsin.providers.http import subscriptions as listed_subscriptions
from tocsin.providers.registry import PROVIDERS, object_reader, webhook_reader
from tocsin.runtime.driving import read_drive
from tocsin.runtime.intake import json_object
from tocsin.signals.github import deployment
from tocsin.signals.github.delivery import EVENT, SIGNATURE
from tocsin.signals.github.deployment import callback_of
from tocsin.signals.registry import SOURCES, reader

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import CodeType

ROOT = Path(__file__).resolve().parents[2]
IDENTITY = Identity("stripe", "acct_1", "test")
SIGNALS = {
    source: [path.read_bytes() for path in sorted((ROOT / "events" / source).glob("*.json"))]
    for source in SOURCES.names
}
pytestmark = pytest.mark.timeout(3600)


def spoiled(draw: random.Random, body: bytes) -> str:
    """A message's text, broken in its bytes or in what it says."""
    breaker = draw.choice([broken_bytes, broken_document])
    return breaker(draw, body).decode("utf-8", "replace")


@pytest.mark.parametrize("source", SOURCES.names)
def test_no_signal_breaks_its_parser(source: str) -> None:
    parse = reader(source)

    def one(draw: random.Random) -> None:
        body = draw.choice(SIGNALS[source])
        envelope = json.loads(body)
        if draw.random() < 0.5 and "Message" in envelope:  # what SNS carries is text in a text
            envelope["Message"] = spoiled(draw, str(envelope["Message"]).encode())
            body = json.dumps(envelope).encode()
        try:
            document = json.loads(spoiled(draw, body))
            reading = parse(document if isinstance(document, dict) else {"x": document})
        except (MalformedPayload, ValueError, RecursionError):
            return
        for signal in reading.signals:
            assert signal.id
            assert signal.rule

    run(0.05, f"signal-{source}", one)


def test_no_delivery_of_githubs_gets_in_unsigned_or_breaks_who_takes_it() -> None:
    findings = Findings(World())

    def one(draw: random.Random) -> None:
        document = json.loads(draw.choice(SIGNALS["github"]))
        body = json.dumps(document["payload"]).encode()
        if draw.random() < 0.9:
            body = spoiled(draw, body).encode()
        good = signed(body)
        given = draw.choice([good, good, good, broken_header(draw, good)])
        event = draw.choice([document[EVENT], document[EVENT], noise(draw, 70).decode("latin-1")])
        try:
            findings.deliveries.take(
                {EVENT.lower(): event, SIGNATURE: given}, body, at=findings.world.clock.now
            )
        except (SignatureInvalid, MalformedPayload):
            return
        assert given == good
        for text in findings.bodies:
            with suppress(MalformedPayload):
                reader(source_of(json_object(text)))(json_object(text))
        findings.bodies.clear()
        findings.sent.clear()

    run(0.03, "github-delivery", one)


def test_no_deployment_breaks_its_parser_or_is_answered_elsewhere() -> None:
    good = json.dumps(sample("github", "deployment-requested")["payload"])
    api = "https://api.github.com"

    def one(draw: random.Random) -> None:
        asked = json_object(good)
        if draw.random() < 0.9:
            with suppress(MalformedPayload):
                asked = json_object(spoiled(draw, good.encode()))
        with suppress(MalformedPayload):
            if (found := deployment.asked(asked, api=api, at=START)) is not None:
                place = callback_of(api, found.repository, found.run)
                assert asked["deployment_callback_url"] == place

    run(0.03, "deployment", one)


def test_no_message_of_findings_takes_another_along() -> None:
    findings = Findings(World())
    good = json.dumps(sample("github", "secret-created"))
    broken_ones = [text for source in ("guardduty", "security_hub") for text in SIGNALS[source]]

    def one(draw: random.Random) -> None:
        bad = draw.choice([spoiled(draw, draw.choice(broken_ones)), DEEP.decode(), "{}"])
        findings.bodies += [bad, good]
        assert "message-2" not in findings.drain()

    run(0.004, "finding-batch", one)
    findings.world.inbox.take_all()


def test_a_message_nobody_can_read_takes_no_other_alarm_along() -> None:
    world = World()
    good = notification("api-5xx", START)
    first = json.dumps(good).encode()

    def one(draw: random.Random) -> None:
        huge = [text.decode() for text in (DEEP, LONG_NUMBER)]
        bad = draw.choice([spoiled(draw, first), noise(draw, 200).decode("latin-1"), *huge])
        answer = alarms.take(
            queue_event(bad, good), application=world.application, watch=world.watch
        )
        failed = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
        assert "message-2" not in failed, bad[:200]
        with suppress(MalformedPayload):  # what comes alone has nobody beside it
            alarms.take({"detail-type": bad}, application=world.application, watch=world.watch)

    run(0.004, "alarm-batch", one)


def test_what_wakes_alarm_trigger_by_itself_is_recorded_or_refused() -> None:
    """Direct actions, events and SNS: the caller tries again what is refused, and nothing else."""
    world = World()

    def one(draw: random.Random) -> None:
        try:
            event = json.loads(spoiled(draw, draw.choice(SIGNALS["cloudwatch"])))
        except (ValueError, RecursionError):
            return
        direct = event if isinstance(event, dict) else {"Message": event}
        with suppress(TocsinError):
            alarms.take(direct, application=world.application, watch=world.watch)

    run(0.004, "alarm-direct", one)


@pytest.fixture(scope="module")
def tokens() -> Iterator[tuple[World, list[str]]]:
    """A world with a page and a list, and the tokens of what arrived."""
    world = World()
    world.reachable()
    for number in range(6):
        world.alarm(f"alarm-{number}")
    world.advance(2)  # what did not leave in full is a list by then
    texts = [one.message.text for one in world.inbox.all]
    found = sorted({each for text in texts for each in re.findall(rf"{BASE}/a/(\w+)", text)})
    assert {each[0] for each in found} >= {"a", BUNDLE}
    yield world, found
    world.inbox.take_all()


def test_no_token_and_no_form_gets_a_bug_or_an_act(tokens: tuple[World, list[str]]) -> None:
    world, known = tokens
    before = sum(len(world.store.entries(each)) for each in ids(world))

    def one(draw: random.Random) -> None:
        token = draw.choice(known)
        cut = draw.randrange(len(token))
        spoilt = draw.choice(
            [
                token[:cut] + draw.choice("abcz27=%/.\0é") + token[cut + 1 :],
                token[:cut],
                token + token,
                noise(draw, 40).decode("latin-1"),
                "b" + token[1:],
            ]
        )
        if spoilt in known or (token[0] == BUNDLE and draw.random() < 0.3):
            spoilt = next(each for each in known if each[0] == BUNDLE)  # a list is sent something
        rubbish = noise(draw, 300).decode("latin-1")
        form = draw.choice(["", f"link={token[:-1]}", "link=" * 99, rubbish, "%ff=%zz&&;"])
        method = draw.choice(["GET", "HEAD", "POST"])
        event = link_event(method, f"{BASE}/a/x", form)
        nothing: list[dict[str, str] | None] = [{"token": ""}, {}, None]
        event["pathParameters"] = draw.choice([{"token": spoilt}] * 9 + nothing)
        answer = world.public.respond(event)
        sound = 200 if spoilt in known else 400
        assert sound <= answer["statusCode"] < 500, (spoilt, form)

    run(0.02, "links", one)
    assert sum(len(world.store.entries(each)) for each in ids(world)) == before


def test_no_report_gets_a_bug() -> None:
    """Whatever is sent to the form is kept as a report or refused with a code."""
    world = World()
    sound = "title=it+is+down&reporter=customer&detail=x&exposure=yes&contact=kim%40example.com"

    def one(draw: random.Random) -> None:
        world.wall.advance(timedelta(minutes=10))
        body = broken_bytes(draw, sound.encode()) if draw.random() < 0.7 else noise(draw, 300)
        text = body.decode("latin-1") if draw.random() < 0.5 else body.decode("utf-8", "replace")
        source = draw.choice(
            ["192.0.2.1", "2001:db8::1", "", "x", noise(draw, 20).decode("latin-1")]
        )
        answer = world.public.respond(link_event("POST", f"{BASE}/report", text, source=source))
        assert answer["statusCode"] in {200, 400, 413, 429}, text

    run(0.02, "reports", one)
    for kept in world.reports.listed(limit=10_000).items:
        assert kept.title.isprintable()
        assert len(signals_of(kept)) == 2


def ids(world: World) -> list[str]:
    return sorted(world.store._snapshots)


def stored_record() -> LedgerRecord:
    """A sample of Stripe's as ingest files it."""
    envelope, document = webhook_reader("stripe").read({}, webhooks.SAMPLES["stripe"][0])
    return LedgerRecord(IDENTITY, "default", envelope, webhooks.NOW, keep(document, b"key"))


def messages() -> dict[str, tuple[str, Callable[[str], object]]]:
    """A sound message of every queue that functions of ours read, and its reader."""
    item = item_of(stored_record())
    asked = RefetchRequest(IDENTITY, "sub_1", Reason.FAILED, about=webhooks.NOW)
    restore = json.dumps({"v": 1, "replay": "RPL-1", "items": [item]})
    drive = '{"v":1,"%s":"one"}'
    return {
        "refetch": (asked.to_json(), read_message),
        "refetch of a stored event": (LedgerReplay("p", "s").to_json(), read_message),
        "restore": (restore, lambda text: [record_of(each) for each in read_items(text)[1]]),
        "due": (body_of(["INC-1", "INC-2"]), incidents_of),
        "replay": (drive % "replay", lambda text: read_drive(text, work="replay")),
        "reconcile": (
            drive % "reconciliation",
            lambda text: read_drive(text, work="reconciliation"),
        ),
    }


@pytest.mark.parametrize("queue", messages())
def test_no_message_breaks_whoever_reads_its_queue(queue: str) -> None:
    sound, read = messages()[queue]
    read(sound)

    def one(draw: random.Random) -> None:
        try:
            read(spoiled(draw, sound.encode()))
        except MalformedPayload:
            return

    run(0.02, f"queue-{queue}", one)


def test_no_stored_item_breaks_who_reads_the_ledger() -> None:
    sound = item_of(stored_record())

    def one(draw: random.Random) -> None:
        try:
            document = json.loads(spoiled(draw, json.dumps(sound).encode()))
            record_of(document if isinstance(document, dict) else {})
        except (MalformedPayload, ValueError, RecursionError):
            return

    run(0.02, "ledger", one)


def contained() -> dict[str, tuple[str, Callable[[str], object], Callable[[Any], str]]]:
    """A sound text of all that containment stores or is sent, its reader, and its writer."""
    world = Containing()
    run = world.contained("access-key-off")
    waiting = replace(run, approvals=(), undo_asked=None)
    rules, why = world.desk.rules, "what there is"
    edition = Edition(number=1, rules=rules, proposed_by="di", agreed_by="sam", at=START, why=why)
    asked = Proposal(rules=rules, by="di", at=START, until=START, why=why, replaces=1)
    book = Rulebook(edition=edition, proposal=asked, ver=3)
    order = Order(
        what=What.APPROVE,
        person="bo",
        groups=frozenset({Group.COMMANDER}),
        incident=run.incident,
        run=run.id,
        inputs={"key": "AKIA"},
        rules=world.desk.rules,
    )
    done = Done(run=run, refused=Refusal(code="conflict", detail="changed"))
    ledger = world.desk.runs.ledger()
    return {
        "run": (run_text(run), run_of, run_text),
        "run that waits": (run_text(waiting), run_of, run_text),
        "ledger": (ledger_text(ledger), ledger_of, ledger_text),
        "rules": (book_text(book), book_of, book_text),
        "order": (_sent(order), lambda text: decode_fields(Order, json_object(text)), _sent),
        "answer": (_sent(done), lambda text: decode_fields(Done, json_object(text)), _sent),
    }


def _sent(value: object) -> str:
    return canonical_json(encode_fields(value)).decode()


@pytest.mark.parametrize("form", contained())
def test_no_form_of_containment_is_read_as_another_than_it_would_be_written(form: str) -> None:
    """What is read is of its own types all the way down, so that it can be written again."""
    sound, read, write = contained()[form]
    assert write(read(sound)) == sound

    def one(draw: random.Random) -> None:
        try:
            found = read(spoiled(draw, sound.encode()))
            written = write(found)  # half a character cannot be written, nor sent
        except UNREADABLE:
            return
        assert write(read(written)) == written

    run(0.02, f"containment-{form}", one)


UNREADABLE = (MalformedPayload, ValueError, TypeError, AttributeError, KeyError, RecursionError)
"""No run, rule or order is carried out that cannot be read; what is wrong with it is for a log."""


def test_no_stream_record_breaks_the_notifier() -> None:
    world = World()
    sound = {
        "eventName": "INSERT",
        "dynamodb": {
            "SequenceNumber": "1",
            "Keys": {"PK": {"S": "INC#INC-1"}, "SK": {"S": "OUT#00000001#page#person:kim"}},
        },
    }

    def one(draw: random.Random) -> None:
        try:
            document = json.loads(spoiled(draw, json.dumps(sound["dynamodb"]).encode()))
        except (ValueError, RecursionError):
            return
        change = document if isinstance(document, dict) else {}
        record = {"eventName": "INSERT", "dynamodb": {**change, "SequenceNumber": "1"}}
        answer = notifier.take({"Records": [record]}, delivery=world.delivery, owner="fuzz")
        assert set(answer) == {"batchItemFailures"}

    run(0.01, "stream", one)


ANSWERS = {
    "stripe": {"object": "list", "has_more": False, "url": "/v1"},
    "razorpay": {"entity": "collection", "count": 1},
}


@pytest.mark.parametrize("provider", PROVIDERS.names)
def test_no_answer_of_a_provider_is_anything_but_a_list_or_no_answer(provider: str) -> None:
    objects = [json.loads(each) for each in webhooks.SAMPLES[provider][:3]]
    listed = {"data": objects, "items": objects, **ANSWERS[provider]}
    sound = json.dumps(listed).encode()
    reader = object_reader(provider)
    readers: list[Callable[[urllib3.BaseHTTPResponse], Sequence[Mapping[str, Any]]]] = [
        lambda response: listed_events._read(response).documents,
        lambda response: listed_subscriptions._entries(response, provider, None)[0],
    ]

    def one(draw: random.Random) -> None:
        status = draw.choice([200, 200, 200, 200, 302, 401, 429, 500])
        body = spoiled(draw, sound).encode()
        for read in readers:
            try:
                found = read(urllib3.HTTPResponse(body, status=status, preload_content=True))
            except (BadInput, ProviderUnavailable):
                continue
            for each in found:
                try:
                    reader.subscription(each, as_of=webhooks.NOW)
                except UnreadableShape:
                    continue

    run(0.02, f"answer-{provider}", one)


REFUSALS = frozenset(
    {
        "LinkInvalid",
        "MalformedPayload",
        "SignatureInvalid",
        "TimestampOutOfTolerance",
        "UnreadableShape",
    }
)
ROOMS = ("signals", "providers", "runtime", "people", "billing", "adapters", "application")
OWN = {"shared/tocsin/adapters/billing/projection/items.py"}
"""Reads rows that only the projector writes."""


def parsers() -> set[tuple[str, str]]:
    """Every function that refuses what came from outside: its file and its name.

    What reads our own timeline (`incidents`, `documents`) is not among them, nor the command line.
    """
    files = [file for room in ROOMS for file in (ROOT / "shared" / "tocsin" / room).rglob("*.py")]
    found = set()
    for file in [*files, *(ROOT / "functions").rglob("*.py")]:
        place = file.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and place not in OWN and _refuses(node):
                found.add((place, node.name))
    return found


def _refuses(function: ast.FunctionDef) -> bool:
    raised = (
        getattr(each.exc, "func", each.exc)
        for each in ast.walk(function)
        if isinstance(each, ast.Raise)
    )
    return any(isinstance(each, ast.Name) and each.id in REFUSALS for each in raised)


def test_every_parser_that_strangers_reach_is_among_the_targets(
    monkeypatch: pytest.MonkeyPatch, tokens: tuple[World, list[str]]
) -> None:
    """Seen by running them: a parser that no target enters is named here."""
    entered: set[tuple[str, str]] = set()
    tool = sys.monitoring.PROFILER_ID

    def seen(code: CodeType, _offset: int) -> object:
        path = Path(code.co_filename)
        if path.is_relative_to(ROOT):
            entered.add((path.relative_to(ROOT).as_posix(), code.co_name))
        return sys.monitoring.DISABLE

    monkeypatch.setattr(broken, "CASES", 4_000)
    sys.monitoring.use_tool_id(tool, "fuzz")
    sys.monitoring.register_callback(tool, sys.monitoring.events.PY_START, seen)
    sys.monitoring.set_events(tool, sys.monitoring.events.PY_START)
    try:
        _all_targets(tokens)
    finally:
        sys.monitoring.set_events(tool, 0)
        sys.monitoring.free_tool_id(tool)

    assert parsers() - entered == set()
    assert len(parsers()) > 25


def _all_targets(tokens: tuple[World, list[str]]) -> None:
    """Each of the two files' targets, a few cases each."""
    webhooks.test_no_header_and_no_body_gets_past_stripes_verifier()
    webhooks.test_no_header_and_no_body_gets_past_razorpays_verifier()
    webhooks.test_no_stored_body_breaks_the_unpacker()
    webhooks.test_no_gateway_event_breaks_the_request_parser()
    for provider in PROVIDERS.names:
        webhooks.test_a_signed_body_is_read_to_the_end_or_refused(provider, broken.broken_document)
        test_no_answer_of_a_provider_is_anything_but_a_list_or_no_answer(provider)
    for source in SOURCES.names:
        test_no_signal_breaks_its_parser(source)
    for queue in messages():
        test_no_message_breaks_whoever_reads_its_queue(queue)
    test_a_message_nobody_can_read_takes_no_other_alarm_along()
    test_what_wakes_alarm_trigger_by_itself_is_recorded_or_refused()
    test_no_delivery_of_githubs_gets_in_unsigned_or_breaks_who_takes_it()
    test_no_deployment_breaks_its_parser_or_is_answered_elsewhere()
    test_no_message_of_findings_takes_another_along()
    test_no_token_and_no_form_gets_a_bug_or_an_act(tokens)
    test_no_stored_item_breaks_who_reads_the_ledger()
    test_no_stream_record_breaks_the_notifier()
    for form in contained():
        test_no_form_of_containment_is_read_as_another_than_it_would_be_written(form)
    world, _ = tokens
    for body in ("{", '{"a":1,"a":2}', '{"a":1.5}', "[]"):
        answer = world.api.respond(api_event("POST", "/v1/incidents", body, person="ana"))
        assert answer["statusCode"] == 400
