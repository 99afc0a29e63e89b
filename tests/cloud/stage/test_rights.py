"""Rights as the calls are made: what functions were seen to need is what their roles hold.

`called_rights.json` is written while the suites run on the local cloud, by what its emulator asks
for each call (`tests/harness/strict_aws/rights.py`). It and the functions' own files are compared
both ways: nothing that was called is missing, and nothing is held that nobody called, but what
AWS's own services need of a role. A session in which something is called that the file lacks fails
at its end.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from infra.catalogue import FUNCTIONS
from infra.statements import own_logs, read_clock_offset
from tests.harness import called_rights
from tests.harness.called_rights import Right

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.spec import FunctionSpec
    from infra.statements import Statement

ROOT = Path(__file__).parents[3]
GUIDE = "https://docs.aws.amazon.com"
BY_SERVICES: Mapping[str, tuple[frozenset[str], str]] = MappingProxyType(
    {
        "WriteOwnLogs": (
            frozenset({"logs:CreateLogStream", "logs:PutLogEvents"}),
            f"{GUIDE}/lambda/latest/dg/lambda-intro-execution-role.html",
        ),
        "ReadStream": (
            frozenset(
                {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}
            ),
            f"{GUIDE}/lambda/latest/dg/services-dynamodb-eventsourcemapping.html",
        ),
        "ListStreams": (
            frozenset({"dynamodb:ListStreams"}),
            f"{GUIDE}/lambda/latest/dg/services-dynamodb-eventsourcemapping.html",
        ),
        "TakeFromQueue": (
            frozenset({"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}),
            f"{GUIDE}/lambda/latest/dg/services-sqs-configure.html",
        ),
        "HandOverFailures": (
            frozenset({"sqs:SendMessage"}),
            f"{GUIDE}/lambda/latest/dg/invocation-async-retain-records.html",
        ),
        "UseDataKeyThroughDynamoDB": (
            frozenset({"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"}),
            f"{GUIDE}/amazondynamodb/latest/developerguide/encryption.usagenotes.html",
        ),
        "UseDataKeyThroughSecretsManager": (
            frozenset({"kms:Decrypt"}),
            f"{GUIDE}/secretsmanager/latest/userguide/security-encryption.html",
        ),
        "UseDataKeyThroughS3": (
            frozenset({"kms:Decrypt", "kms:GenerateDataKey"}),
            f"{GUIDE}/AmazonS3/latest/userguide/UsingKMSEncryption.html",
        ),
        "UseKeyThroughSQS": (
            frozenset({"kms:Decrypt", "kms:GenerateDataKey"}),
            f"{GUIDE}/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html",
        ),
        "UseKeyThroughSNS": (
            frozenset({"kms:Decrypt", "kms:GenerateDataKey"}),
            f"{GUIDE}/sns/latest/dg/sns-key-management.html",
        ),
    }
)
"""What a service needs of a role for its own work, by the statement, with AWS's page."""


BY_RESOURCE: Mapping[Right, str] = MappingProxyType(
    {
        # Who may list is told that nothing is there, and not that a right is missing.
        Right("s3:ListBucket", "bucket/evidence"): (
            f"{GUIDE}/AmazonS3/latest/API/API_GetObject.html"
        ),
        # Where an identity has a default configuration set, sending needs a right on that too.
        Right("ses:SendEmail", "configuration-set/any"): (
            f"{GUIDE}/ses/latest/dg/control-user-access.html"
        ),
    }
)


_PAGES = "tests/unit/functions/test_attention.py"
_WAKES = (
    "tests/unit/runtime/test_draining.py::test_who_sends_wakes_and_who_sends_for_later_does_not"
)
SELDOM: Mapping[str, Mapping[Right, str]] = MappingProxyType(
    {
        "attention": {
            Right("cloudwatch:GetMetricData", "*"): (
                f"{_PAGES}::test_an_alarm_over_several_queues_is_told_with_those_that_are_high"
            ),
            Right("sqs:ReceiveMessage", "queue/dead-letters"): (
                f"{_PAGES}::test_dead_letters_are_told_with_where_they_come_from"
            ),
        },
        "auditor": {
            Right("dynamodb:UpdateItem", "table/incidents"): (
                "tests/contract/incidents/test_audit_store.py"
                "::test_a_pointer_is_mended_as_it_was_read_and_not_otherwise"
            ),
        },
        "billing_api": {
            Right("dynamodb:Query", "table/incidents"): (
                "tests/unit/functions/billing_api/test_replay_window.py"
                "::test_who_was_asked_about_a_restricted_incident_may_replay_for_it"
            ),
            Right("lambda:InvokeFunction", "function/outage-watch"): (
                "tests/unit/functions/billing_api/test_exit.py"
                "::test_real_sessions_and_a_payment_meet_the_gate"
            ),
            Right("sqs:SendMessage", "queue/refetch"): (
                "tests/unit/functions/billing_api/test_lost_activation.py"
                "::test_pending_whose_activation_was_lost_asks_the_provider_during_an_incident"
            ),
        },
        "containment": {
            # The emulator has no credentials for single services, and no traffic to block.
            Right("sts:AssumeRole", f"role/contain-{action}"): (
                "tests/cloud/containment/test_proven_locally.py"
                "::test_an_action_is_carried_out_and_undone_in_the_rights_of_its_role"
            )
            for action in ("access-key-off", "ip-block")
        },
        "deployment_gate": {
            Right("events:PutEvents", "bus/default"): (
                "tests/integration/freeze/test_herald.py"
                "::test_the_bus_hears_of_a_start_a_change_and_an_end_once_each"
            ),
            # The emulator has no CodePipeline.
            **{
                Right(f"codepipeline:{action}", "pipeline/tagged"): (
                    "tests/integration/freeze/test_herald.py"
                    "::test_a_stage_is_locked_while_its_service_is_frozen_and_only_by_us"
                )
                for action in (
                    *("DisableStageTransition", "EnableStageTransition", "GetPipelineState"),
                )
            },
        },
        "notifier": {
            Right("sns:Publish", "topic/chat"): (
                "tests/unit/functions/notifier/test_chat_room.py"
                "::test_the_room_follows_an_incident_from_opening_to_reopening"
            ),
        },
        "provider_watch": {
            Right("dynamodb:BatchGetItem", "table/billing-events"): (
                "tests/contract/billing/test_replay_stores.py"
                "::test_the_ledger_names_what_it_holds_and_where_from"
            ),
            **{
                Right("lambda:InvokeFunction", f"function/{name}"): (
                    "tests/unit/functions/test_quiet_accounts.py"
                    "::test_for_what_lies_in_a_queue_that_nobody_polls_its_consumer_is_woken"
                )
                for name in ("reconciler", "replay-planner", "replay-worker")
            },
        },
        "reconciler": {
            Right("lambda:InvokeFunction", "function/reconciler"): _WAKES,
            Right("sqs:SendMessage", "queue/reconcile"): (
                "tests/unit/application/billing/test_reconcile.py"
                "::test_a_provider_that_stays_down_while_listing_stalls_and_goes_on_when_woken"
            ),
        },
        "replay_planner": {
            Right("lambda:InvokeFunction", "function/replay-planner"): _WAKES,
            Right("sqs:SendMessage", "queue/refetch"): (
                "tests/unit/application/billing/test_paid_question.py"
                "::test_a_request_handed_over_a_little_early_is_not_lost"
            ),
            Right("sqs:SendMessage", "queue/replay"): (
                "tests/unit/application/billing/test_replay_proof.py"
                "::test_a_lost_message_is_handed_over_again_at_each_resume_and_counted_once"
            ),
        },
        "replay_worker": {
            Right("dynamodb:PutItem", "table/operations"): (
                "tests/unit/application/billing/test_restoring.py"
                "::test_an_item_that_cannot_be_read_is_set_aside_and_the_rest_go_on"
            ),
        },
        "sla_check": {
            Right("sqs:SendMessage", "queue/due"): (
                "tests/unit/functions/sla_check/test_sweeping.py"
                "::test_what_is_beyond_a_round_is_handed_on_and_worked_off_by_the_same_code"
            ),
        },
    }
)
"""What no session on the local cloud has called for, and the test that shows the call."""


def held(statements: Iterable[Statement]) -> set[Right]:
    """All that they grant but what AWS's services need for their own work."""
    return {
        Right(action, resource)
        for one in statements
        for action in one.actions
        for resource in one.resources
        if action not in BY_SERVICES.get(one.sid, (frozenset[str](), ""))[0]
    }


def granted(spec: FunctionSpec) -> tuple[Statement, ...]:
    """As in a stage whose clock can be moved, where calls are recorded."""
    clock = (read_clock_offset(),) if spec.incident_clock else ()
    return (*spec.statements, own_logs(spec.name), *clock)


def missing(spec: FunctionSpec, called: Iterable[Right]) -> set[Right]:
    """What it calls and its role does not hold."""
    everything = {
        Right(action, resource)
        for one in granted(spec)
        for action in one.actions
        for resource in one.resources
    }
    return set(called) - everything


def spare(spec: FunctionSpec, called: Iterable[Right]) -> set[Right]:
    """What its role holds and nobody called."""
    seldom = SELDOM.get(spec.name, {})
    return held(granted(spec)) - set(called) - BY_RESOURCE.keys() - seldom.keys()


CALLED = called_rights.read()


def test_every_function_was_seen_to_call_something() -> None:
    assert set(CALLED) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_i12_a_role_holds_what_its_function_was_seen_to_call_and_no_more(name: str) -> None:
    spec, called = FUNCTIONS[name], CALLED[name]
    assert (missing(spec, called), spare(spec, called)) == (set(), set())


def test_a_right_that_is_taken_away_or_added_is_named() -> None:
    """The check fails where it has to, in both directions."""
    spec, called = FUNCTIONS["webhook_ingest"], CALLED["webhook_ingest"]
    (put,) = [one for one in spec.statements if one.actions == ("dynamodb:PutItem",)]
    without = replace(spec, statements=tuple(one for one in spec.statements if one != put))
    assert missing(without, called) == {Right("dynamodb:PutItem", "table/billing-events")}
    more = replace(put, actions=("dynamodb:PutItem", "dynamodb:DeleteItem"))
    with_it = replace(spec, statements=(*without.statements, more))
    assert spare(with_it, called) == {Right("dynamodb:DeleteItem", "table/billing-events")}


def test_what_is_held_for_a_service_is_no_more_than_its_page_says() -> None:
    for spec in FUNCTIONS.values():
        for one in granted(spec):
            actions, page = BY_SERVICES.get(one.sid, (frozenset(one.actions), GUIDE))
            assert set(one.actions) <= actions, (spec.name, one.sid, page)


def test_what_is_seldom_called_has_a_test_that_shows_the_call_and_was_never_seen() -> None:
    """Seen once it belongs into the file, and not here."""
    for name, rights in SELDOM.items():
        assert not rights.keys() & CALLED[name], name
        for right, shown in rights.items():
            file, _, test = shown.partition("::")
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), (name, right)
