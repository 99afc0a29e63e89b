"""Each thing that can be missing is found by name, and an account in order has no findings.

Every answer of AWS is checked against botocore's model of that service by its Stubber; what the
local cloud does not have (quotas, the sandboxes of SES and SNS) is known here by these alone.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.stub import ANY, Stubber

from tocsin.production import doctor
from tocsin.production.account import Account
from tocsin.production.deployment import checked
from tocsin.production.doctor import Finding, Patient, examine, unasked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEPLOYMENT = checked(
    {
        "account": "123456789012",
        "region": "eu-central-1",
        "ops_mail": "ops@example.com",
        "mail_from": "tocsin@example.com",
        "providers": ["stripe", "razorpay"],
        "sign_in": "role:okta-oncall=responder",
    }
)
API = "https://abc.execute-api.eu-central-1.amazonaws.com"
AT = datetime(2026, 9, 8, tzinfo=UTC)
FIXED = {
    "Effect": "Allow",
    "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/okta.example"},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {"sts:RoleSessionName": "${okta.example:sub}"}},
}


@cache
def session() -> boto3.Session:
    """One for all: it keeps the models of the services, which take a while to read."""
    return boto3.Session("AKIAFAKEFORTESTS0000", "x", region_name=DEPLOYMENT.region)


def stack(name: str, status: str = "CREATE_COMPLETE") -> dict[str, Any]:
    return {"StackName": name, "StackStatus": status, "CreationTime": AT}


def secret(document: object) -> dict[str, Any]:
    return {"SecretString": document if isinstance(document, str) else json.dumps(document)}


KEYS = {"current": "1", "keys": {"1": "ab" * 32}, "webhooks": "cd" * 32, "link_base": API}
REGISTERED = {
    "hash_key": "x" * 32,
    "stripe/default": {"account": "acct_1", "mode": "live", "secrets": [{"secret": "whsec_1"}]},
    "razorpay/default": {"account": "acc_1", "mode": "live", "secrets": [{"secret": "s"}]},
}
PROVIDER_KEYS = {
    "stripe/default": {"account": "acct_1", "mode": "live", "api_key": "sk_live_1"},
    "razorpay/default": {"account": "acc_1", "mode": "live", "api_key": "rzp_live_1:s"},
}

WELL: dict[str, dict[str, Any]] = {
    "bucket": {},
    "stacks": dict.fromkeys(doctor.STACKS, "CREATE_COMPLETE"),
    "concurrency": {"AccountLimit": {"ConcurrentExecutions": 1000}},
    "sender": {"VerifiedForSendingStatus": True},
    "domain": {"VerifiedForSendingStatus": False},
    "mail": {"ProductionAccessEnabled": True},
    "sms": {"IsInSandbox": False},
    "spend": {"attributes": {"MonthlySpendLimit": "50"}},
    "listeners": {
        "Subscriptions": [
            {
                "SubscriptionArn": "arn:aws:sns:eu-central-1:123456789012:tocsin-production-ops:1",
                "Endpoint": "ops@example.com",
            }
        ]
    },
    "delivery-keys": KEYS,
    "webhook-registrations": REGISTERED,
    "provider-keys": PROVIDER_KEYS,
    "schedules": {"Schedules": [{"Name": "tocsin-production-sla-check", "State": "ENABLED"}]},
    "rules": {"Rules": [{"Name": "tocsin-production-auditor", "State": "ENABLED"}]},
    "role": {"Version": "2012-10-17", "Statement": [FIXED]},
    "alarms": {"MetricAlarms": [{"AlarmName": "tocsin-production-a", "ActionsEnabled": True}]},
    "asked": {"key": 200, "endpoints": [{"url": f"{API}/webhooks/stripe", "status": "enabled"}]},
}


@dataclass
class Office:
    """An account whose services answer as `said`; botocore checks that AWS could say it."""

    said: dict[str, dict[str, Any]]

    def __post_init__(self) -> None:
        self.account = Account(DEPLOYMENT.account, DEPLOYMENT.region)
        self.session = cast("Any", session())
        for name, service, answers in (
            ("s3", "s3", self.bucket),
            ("cloudformation", "cloudformation", self.stacks),
            ("functions", "lambda", self.concurrency),
            ("mail", "sesv2", self.mail),
            ("topics", "sns", self.texts),
            ("secrets", "secretsmanager", self.secrets),
            ("schedules", "scheduler", self.schedules),
            ("events", "events", self.rules),
            ("rights", "iam", self.role),
            ("watch", "cloudwatch", self.alarms),
        ):
            client = self.session.client(service)
            stub = Stubber(client)
            answers(stub)
            stub.activate()
            self.account.__dict__[name] = client
        others = {"cloudwatch": "watch", "events": "events"}
        self.account.__dict__["client"] = lambda service: self.account.__dict__[others[service]]

    def bucket(self, stub: Stubber) -> None:
        if "missing" in self.said["bucket"]:
            stub.add_client_error("head_bucket", "404", http_status_code=404)
        else:
            stub.add_response("head_bucket", {})

    def stacks(self, stub: Stubber) -> None:
        for part in doctor.STACKS:
            name = f"tocsin-production-{part}"
            status = self.said["stacks"].get(part)
            if status is None:
                says = f"Stack with id {name} does not exist"
                stub.add_client_error("describe_stacks", "ValidationError", says)
            else:
                stub.add_response("describe_stacks", {"Stacks": [stack(name, status)]})

    def concurrency(self, stub: Stubber) -> None:
        stub.add_response("get_account_settings", self.said["concurrency"])

    def mail(self, stub: Stubber) -> None:
        for which in ("sender", "domain"):
            if self.said[which].get("missing"):
                stub.add_client_error("get_email_identity", "NotFoundException")
                continue
            stub.add_response("get_email_identity", self.said[which])
            if self.said[which]["VerifiedForSendingStatus"]:
                break
        stub.add_response("get_account", self.said["mail"])

    def texts(self, stub: Stubber) -> None:
        stub.add_response("get_sms_sandbox_account_status", self.said["sms"])
        stub.add_response("get_sms_attributes", self.said["spend"], {"attributes": ANY})
        topic = {"TopicArn": "arn:aws:sns:eu-central-1:123456789012:tocsin-production-ops"}
        stub.add_response("list_subscriptions_by_topic", self.said["listeners"], topic)

    def secrets(self, stub: Stubber) -> None:
        order = ["delivery-keys", "webhook-registrations", "provider-keys", "provider-keys"]
        for name in [*order, "delivery-keys"]:
            known = {"SecretId": f"tocsin/production/{name}"}
            stub.add_response("get_secret_value", secret(self.said[name]), known)

    def schedules(self, stub: Stubber) -> None:
        group = {"GroupName": "tocsin-production-schedules"}
        stub.add_response("list_schedules", self.said["schedules"], group)

    def rules(self, stub: Stubber) -> None:
        stub.add_response("list_rules", self.said["rules"], {"NamePrefix": "tocsin-production-"})

    def role(self, stub: Stubber) -> None:
        if "missing" in self.said["role"]:
            stub.add_client_error("get_role", "NoSuchEntity")
            return
        found = {
            "Path": "/",
            "RoleName": "okta-oncall",
            "RoleId": "AROAEXAMPLEEXAMPLE00",
            "Arn": "arn:aws:iam::123456789012:role/okta-oncall",
            "CreateDate": AT,
            "AssumeRolePolicyDocument": json.dumps(self.said["role"]),
        }
        stub.add_response("get_role", {"Role": found}, {"RoleName": "okta-oncall"})

    def alarms(self, stub: Stubber) -> None:
        stub.add_response("describe_alarms", self.said["alarms"], {"AlarmNamePrefix": ANY})

    def ask(self, url: str, headers: Mapping[str, str]) -> tuple[int, Any] | None:
        assert headers["Authorization"]
        if "webhook_endpoints" in url:
            return 200, {"data": self.said["asked"]["endpoints"]}
        status = self.said["asked"]["key"]
        return None if status is None else (status, {})


def found(change: Callable[[dict[str, dict[str, Any]]], object]) -> list[Finding]:
    said = copy.deepcopy(WELL)
    change(said)
    office = Office(said)
    bases = {"stripe": "https://stripe.test", "razorpay": "https://razorpay.test"}
    return examine(Patient(office.account, DEPLOYMENT, office.ask, bases))


def test_an_account_in_order_has_no_findings() -> None:
    assert found(lambda _: None) == []


def put(name: str, **values: Any) -> Callable[[dict[str, dict[str, Any]]], object]:
    return lambda said: said[name].update(values)


def without(name: str, key: str) -> Callable[[dict[str, dict[str, Any]]], object]:
    return lambda said: said[name].pop(key)


FAULTS: list[tuple[str, Callable[[dict[str, dict[str, Any]]], object], str, str]] = [
    ("no bucket", put("bucket", missing=True), "bootstrap", "tocsin deploy"),
    ("a stack is missing", without("stacks", "api"), "stacks", "tocsin deploy"),
    (
        "a stack failed",
        put("stacks", data="UPDATE_ROLLBACK_FAILED"),
        "stacks",
        "see why in CloudFormation",
    ),
    (
        "a new account's quota",
        put("concurrency", AccountLimit={"ConcurrentExecutions": 5}),
        "concurrency",
        "Service Quotas",
    ),
    ("nobody verified the sender", put("sender", missing=True), "mail", "verify one"),
    ("mail in the sandbox", put("mail", ProductionAccessEnabled=False), "mail", "production"),
    ("texts in the sandbox", put("sms", IsInSandbox=True), "texts", "leave it"),
    ("a dollar of texts", put("spend", attributes={}), "texts", "may spend 1 USD"),
    (
        "nobody confirmed",
        put(
            "listeners",
            Subscriptions=[
                {"SubscriptionArn": "PendingConfirmation", "Endpoint": "ops@example.com"}
            ],
        ),
        "operations",
        "has not confirmed",
    ),
    ("nobody subscribed", put("listeners", Subscriptions=[]), "operations", "nobody is subscribed"),
    ("no link key", without("delivery-keys", "keys"), "delivery keys", "tocsin deploy"),
    ("no link base", without("delivery-keys", "link_base"), "delivery keys", "links begin"),
    (
        "no registration",
        without("webhook-registrations", "razorpay/default"),
        "registrations",
        "no endpoint of razorpay",
    ),
    (
        "a registration out of form",
        put("webhook-registrations", **{"stripe/default": {"account": "acct_1"}}),
        "registrations",
        "register-a-webhook",
    ),
    ("no provider key", without("provider-keys", "razorpay/default"), "provider keys", "no key of"),
    ("a key refused", put("asked", key=401), "provider keys", "refuses the key (401)"),
    ("a provider silent", put("asked", key=None), "provider keys", "did not answer"),
    ("no webhook registered", put("asked", endpoints=[]), "webhooks", "register the endpoint"),
    (
        "a webhook disabled",
        put("asked", endpoints=[{"url": f"{API}/webhooks/stripe", "status": "disabled"}]),
        "webhooks",
        "enable it, then replay",
    ),
    (
        "a schedule off",
        put("schedules", Schedules=[{"Name": "tocsin-production-sla-check", "State": "DISABLED"}]),
        "schedules",
        "enable it",
    ),
    (
        "a rule off",
        put("rules", Rules=[{"Name": "tocsin-production-auditor", "State": "DISABLED"}]),
        "schedules",
        "enable it",
    ),
    ("no schedule", put("schedules", Schedules=[]), "schedules", "deploy again"),
    (
        "a name one may choose",
        put("role", Statement=[FIXED | {"Condition": {}}]),
        "sign-in",
        "sts:RoleSessionName",
    ),
    ("a role that is gone", put("role", missing=True), "sign-in", "no such role"),
    (
        "an alarm silenced",
        put(
            "alarms",
            MetricAlarms=[{"AlarmName": "tocsin-production-a", "ActionsEnabled": False}],
        ),
        "alarms",
        "nobody hears it",
    ),
]


@pytest.mark.parametrize(
    ("change", "check", "says"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_planted_fault_is_found_by_name(
    change: Callable[[dict[str, dict[str, Any]]], object], check: str, says: str
) -> None:
    findings = found(change)
    assert {one.check for one in findings} == {check}
    assert any(says in one.what for one in findings), findings
    for hidden in ("sk_live_1", "rzp_live_1", "whsec_1", "ab" * 32, "cd" * 32):
        assert hidden not in str(findings), "no key is ever shown"


def test_what_could_not_be_looked_at_is_a_finding_and_hides_none_of_the_others() -> None:
    office = Office(copy.deepcopy(WELL) | {"schedules": {"Schedules": []}})
    client = office.session.client("lambda")
    stub = Stubber(client)
    stub.add_client_error("get_account_settings", "AccessDeniedException")
    stub.activate()
    office.account.__dict__["functions"] = client
    bases = {"stripe": "https://stripe.test", "razorpay": "https://razorpay.test"}
    findings = examine(Patient(office.account, DEPLOYMENT, office.ask, bases))
    assert [one.check for one in findings] == ["concurrency", "schedules"]
    assert "GetAccountSettings answered AccessDeniedException" in findings[0].what


def test_saml_fixes_the_name_itself() -> None:
    saml = FIXED | {"Action": "sts:AssumeRoleWithSAML", "Condition": {}}
    assert found(put("role", Statement=[saml])) == []


def test_what_nobody_can_be_asked_is_said_and_is_no_fault() -> None:
    """Razorpay's API lists no webhooks of an account of one's own; Stripe's does.

    https://razorpay.com/docs/webhooks/setup-edit-payments/ : by the dashboard
    """
    (said,) = unasked(DEPLOYMENT)
    assert (said.check, said.about) == ("webhooks", "razorpay")
    assert "look in its dashboard" in said.what
    assert unasked(replace(DEPLOYMENT, providers=("stripe",))) == []


def test_more_is_needed_where_functions_have_shares() -> None:
    said = copy.deepcopy(WELL) | {"concurrency": {"AccountLimit": {"ConcurrentExecutions": 100}}}
    office = Office(said)
    full = replace(DEPLOYMENT, size="full")
    bases = {"stripe": "https://stripe.test", "razorpay": "https://razorpay.test"}
    (finding,) = examine(Patient(office.account, full, office.ask, bases))
    assert (finding.check, finding.about) == ("concurrency", "concurrent executions")
