"""What each function can do, tried with its own credentials: its row below, and nothing else.

The rows are written out here, away from the permission files, so that a right added there shows
up as a difference here and has to be wanted twice.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cloud.stage import probes

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed

ROWS: dict[str, set[str]] = {
    "alarm_trigger": {
        "dynamodb:BatchGetItem on incidents",
        "dynamodb:GetItem on incidents",
        "dynamodb:PutItem on incidents",
        "dynamodb:PutItem on operations",
        "dynamodb:Query on incidents",
        "dynamodb:Query on operations",
        "sqs:ChangeMessageVisibility on alarms",
        "sqs:DeleteMessage on alarms",
        "sqs:GetQueueAttributes on alarms",
        "sqs:ReceiveMessage on alarms",
        "sqs:SendMessage on dead_letters",
        "ssm:GetParameter on clock",
        "dynamodb:UpdateItem on operations",
    },
    "github_ingest": {
        "secretsmanager:GetSecretValue on github-webhooks",
        "sqs:SendMessage on signals",
        # Of the partitions `WAIT#…`; the emulator does not look at `dynamodb:LeadingKeys`.
        "dynamodb:PutItem on operations",
        "lambda:InvokeFunction on deployment_gate",
    },
    "containment": {
        "dynamodb:GetItem on incidents",
        "dynamodb:GetItem on operations",
        "dynamodb:PutItem on incidents",
        "dynamodb:PutItem on operations",
        "dynamodb:Query on operations",
        "dynamodb:Query on operations/due",
        "ssm:GetParameter on clock",
        "sts:AssumeRole on contain-access-key-off",
        "sts:AssumeRole on contain-ip-block",
        "sts:AssumeRole on contain-lambda-alias-rollback",
        "sts:AssumeRole on contain-role-sessions-revoked",
    },
    "deployment_gate": {
        # The same.
        "dynamodb:PutItem on operations",
        "dynamodb:Query on operations",
        "dynamodb:Query on operations/due",
        "secretsmanager:GetSecretValue on github-app",
        "ssm:GetParameter on clock",
    },
    "security_trigger": {
        "dynamodb:BatchGetItem on incidents",
        "dynamodb:GetItem on incidents",
        "dynamodb:PutItem on incidents",
        "dynamodb:PutItem on operations",
        "dynamodb:Query on incidents",
        "dynamodb:Query on operations",
        "dynamodb:UpdateItem on operations",
        "sqs:DeleteMessage on signals",
        "sqs:GetQueueAttributes on signals",
        "sqs:ReceiveMessage on signals",
        "ssm:GetParameter on clock",
    },
    "attention": {
        "sns:Publish on ops",
        "sqs:ReceiveMessage on dead_letters",
        "sqs:SendMessage on dead_letters",
    },
    "auditor": {
        "dynamodb:UpdateItem on incidents",
        "dynamodb:GetItem on incidents",
        "dynamodb:Query on incidents",
        "dynamodb:Query on incidents/due",
        "dynamodb:Query on incidents/list",
        "dynamodb:Query on operations",
        "ssm:GetParameter on clock",
    },
    "billing_api": {
        "dynamodb:BatchGetItem on billing_subscriptions",
        "dynamodb:GetItem on billing_subscriptions",
        "dynamodb:GetItem on incidents",
        "dynamodb:GetItem on operations",
        "dynamodb:PutItem on operations",
        "dynamodb:Query on billing_events",
        "dynamodb:Query on operations",
        "dynamodb:UpdateItem on billing_subscriptions",
        "dynamodb:Query on billing_subscriptions/workspace",
        "dynamodb:Query on incidents/list",
        "lambda:InvokeFunction on outage_watch",
        "secretsmanager:GetSecretValue on provider-keys",
        "sqs:SendMessage on reconcile",
        "sqs:SendMessage on refetch",
        "sqs:SendMessage on replay",
        "ssm:GetParameter on clock",
        "dynamodb:Query on incidents",
        "lambda:InvokeFunction on reconciler",
        "lambda:InvokeFunction on replay_planner",
    },
    "billing_projector": {
        "dynamodb:GetItem on billing_events",
        "dynamodb:GetItem on billing_subscriptions",
        "dynamodb:PutItem on operations",
        "dynamodb:UpdateItem on billing_subscriptions",
        "dynamodb:UpdateItem on operations",
        "secretsmanager:GetSecretValue on provider-keys",
        "sqs:DeleteMessage on refetch",
        "sqs:ReceiveMessage on refetch",
        "sqs:SendMessage on dead_letters",
        "sqs:SendMessage on refetch",
    },
    "incident_api": {
        "dynamodb:GetItem on incidents",
        "dynamodb:GetItem on operations",
        "dynamodb:PutItem on incidents",
        "dynamodb:PutItem on operations",
        "dynamodb:Query on incidents",
        "dynamodb:Query on incidents/list",
        "dynamodb:Query on operations",
        "lambda:InvokeFunction on containment",
        "lambda:InvokeFunction on notifier",
        "s3:GetObject on evidence",
        "s3:ListBucket on evidence",
        "s3:PutObject on evidence",
        "ssm:GetParameter on clock",
        "dynamodb:BatchGetItem on incidents",
        "dynamodb:UpdateItem on operations",
    },
    "notifier": {
        "dynamodb:GetItem on incidents",
        "dynamodb:GetItem on operations",
        "dynamodb:PutItem on operations",
        "dynamodb:Query on incidents",
        "dynamodb:Query on operations",
        "secretsmanager:GetSecretValue on delivery-keys",
        "ses:SendEmail on mail",
        "sns:Publish on chat",
        "sns:Publish on a telephone",
        "dynamodb:UpdateItem on incidents",
        # Of one partition; the emulator does not look at `dynamodb:LeadingKeys`.
        "dynamodb:UpdateItem on operations",
        "sns:Publish on pages",
        "sns:Publish on stakeholders",
        "sqs:SendMessage on dead_letters",
        "ssm:GetParameter on clock",
    },
    "outage_watch": {
        "dynamodb:GetItem on incidents",
        "dynamodb:GetItem on operations",
        "dynamodb:PutItem on incidents",
        "dynamodb:PutItem on operations",
        "dynamodb:Query on billing_events",
        "dynamodb:Query on operations",
        "secretsmanager:GetSecretValue on provider-keys",
        "sqs:SendMessage on alarms",
        "ssm:GetParameter on clock",
    },
    "provider_watch": {
        "dynamodb:BatchGetItem on billing_events",
        "dynamodb:GetItem on operations",
        "dynamodb:BatchGetItem on billing_subscriptions",
        "dynamodb:PutItem on operations",
        "dynamodb:Query on billing_events",
        "dynamodb:Query on operations",
        "secretsmanager:GetSecretValue on provider-keys",
        "sqs:GetQueueAttributes on reconcile",
        "sqs:GetQueueAttributes on refetch",
        "sqs:GetQueueAttributes on replay",
        "sqs:GetQueueAttributes on restore",
        "lambda:InvokeFunction on billing_projector",
        "lambda:InvokeFunction on reconciler",
        "lambda:InvokeFunction on replay_planner",
        "lambda:InvokeFunction on replay_worker",
    },
    "reconciler": {
        "dynamodb:BatchGetItem on billing_subscriptions",
        "dynamodb:GetItem on billing_subscriptions",
        "dynamodb:GetItem on incidents",
        "dynamodb:GetItem on operations",
        "dynamodb:PutItem on incidents",
        "dynamodb:PutItem on operations",
        "dynamodb:Query on billing_events",
        "dynamodb:Query on billing_subscriptions/workspace",
        "dynamodb:Query on incidents/list",
        "dynamodb:Query on operations",
        "dynamodb:UpdateItem on billing_subscriptions",
        "dynamodb:UpdateItem on operations",
        "s3:PutObject on evidence",
        "secretsmanager:GetSecretValue on provider-keys",
        "sqs:DeleteMessage on reconcile",
        "sqs:ReceiveMessage on reconcile",
        "sqs:SendMessage on reconcile",
        "sqs:SendMessage on refetch",
        "ssm:GetParameter on clock",
        "lambda:InvokeFunction on reconciler",
    },
    "replay_planner": {
        "dynamodb:BatchGetItem on billing_events",
        "dynamodb:BatchGetItem on billing_subscriptions",
        "dynamodb:GetItem on billing_subscriptions",
        "dynamodb:GetItem on incidents",
        "dynamodb:GetItem on operations",
        "dynamodb:PutItem on incidents",
        "dynamodb:PutItem on operations",
        "dynamodb:Query on billing_events",
        "dynamodb:Query on operations",
        "dynamodb:UpdateItem on billing_subscriptions",
        "dynamodb:UpdateItem on operations",
        "s3:PutObject on evidence",
        "secretsmanager:GetSecretValue on provider-keys",
        "secretsmanager:GetSecretValue on webhook-registrations",
        "sqs:DeleteMessage on replay",
        "sqs:ReceiveMessage on replay",
        "sqs:SendMessage on refetch",
        "sqs:SendMessage on replay",
        "sqs:SendMessage on restore",
        "ssm:GetParameter on clock",
        "lambda:InvokeFunction on replay_planner",
        "lambda:InvokeFunction on replay_worker",
    },
    "replay_worker": {
        "dynamodb:PutItem on billing_events",
        "dynamodb:PutItem on operations",
        "sqs:DeleteMessage on restore",
        "sqs:ReceiveMessage on restore",
    },
    "public_intake": {
        "dynamodb:GetItem on incidents",
        "dynamodb:GetItem on operations",
        "dynamodb:PutItem on incidents",
        # Of two partitions; the emulator does not look at `dynamodb:LeadingKeys`.
        "dynamodb:PutItem on operations",
        "dynamodb:UpdateItem on operations",
        "dynamodb:Query on operations",
        "secretsmanager:GetSecretValue on delivery-keys",
        "ssm:GetParameter on clock",
        "dynamodb:Query on incidents",
    },
    "sla_check": {
        "dynamodb:BatchGetItem on incidents",
        "dynamodb:GetItem on incidents",
        "dynamodb:PutItem on incidents",
        "dynamodb:PutItem on operations",
        "dynamodb:Query on incidents/due",
        "dynamodb:Query on incidents/list",
        "dynamodb:Query on incidents",
        "dynamodb:Query on operations",
        "dynamodb:Query on operations/due",
        "lambda:InvokeFunction on notifier",
        "sqs:DeleteMessage on due",
        "sqs:GetQueueAttributes on due",
        "sqs:ReceiveMessage on due",
        "sqs:SendMessage on due",
        "ssm:GetParameter on clock",
        "dynamodb:UpdateItem on operations",
    },
    "webhook_ingest": {
        "dynamodb:PutItem on billing_events",
        "secretsmanager:GetSecretValue on webhook-registrations",
    },
}


def test_every_deployed_function_has_a_row(stage: Deployed) -> None:
    assert set(stage.outputs["functions"]) == set(ROWS)


@pytest.mark.parametrize("function", sorted(ROWS))
def test_i12_a_function_can_do_what_its_row_says_and_nothing_else(
    stage: Deployed, function: str
) -> None:
    found = probes.rights(stage, function)

    assert (found - ROWS[function], ROWS[function] - found) == (set(), set())


def test_a_right_that_is_added_to_a_role_is_found(stage: Deployed) -> None:
    role, table = probes.role_name(stage, "webhook_ingest"), stage.outputs["tables"]["incidents"]
    statement = {
        "Effect": "Allow",
        "Action": "dynamodb:Scan",
        "Resource": f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}",
    }
    stage.clients.iam.put_role_policy(
        RoleName=role,
        PolicyName="added",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    try:
        found = probes.rights(stage, "webhook_ingest")
    finally:
        stage.clients.iam.delete_role_policy(RoleName=role, PolicyName="added")

    assert found - ROWS["webhook_ingest"] == {"dynamodb:Scan on incidents"}


def test_a_responder_can_call_the_api_and_nothing_behind_it(stage: Deployed) -> None:
    assert probes.rights_with(stage, stage.as_person("commander-primary")) == set()
