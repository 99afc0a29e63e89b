"""What is missing before and after a deployment, asked of the account and of the providers.

Each check looks at one thing and answers with what a person has to do next. A check that could not
look says that, which is a finding too: what nobody looked at is not well.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from tocsin.billing.identity import Registrations
from tocsin.errors import SecretUnavailable
from tocsin.people.links import keyring, link_base
from tocsin.production import bootstrap
from tocsin.production.errors import DeploymentInvalid
from tocsin.production.secrets_filled import KEYS, PROVIDERS, REGISTRATIONS, name_of, read
from tocsin.providers.http.one import ProviderKeys
from tocsin.providers.http.probes import PROBES
from tocsin.providers.registry import module_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tocsin.production.account import Account
    from tocsin.production.deployment import Deployment
    from tocsin.providers.http.probes import Probes

STACKS = ("data", "messaging", "functions", "api", "monitoring")
SHARES = 215
"""What an account has to allow before functions can have shares of it."""

LEAST = 10
"""What a new account may begin with; below it functions wait for each other."""

SMS_USD = 5
"""A month's texts of a small team; a new account's limit is 1."""

type Found = Iterator[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend: which check found it, about what, and what to do."""

    check: str
    about: str
    what: str


@dataclass(frozen=True, slots=True)
class Patient:
    """What checks look at. `ask` sends a GET: status and document; None when nobody answered."""

    account: Account
    deployment: Deployment
    ask: Callable[[str, Mapping[str, str]], tuple[int, Any] | None]
    bases: Mapping[str, str]


def examine(patient: Patient) -> list[Finding]:
    """Everything that every check finds, in the order in which it is best mended."""
    found = []
    for name, check in CHECKS.items():
        try:
            found += [Finding(name, about, what) for about, what in check(patient)]
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "unknown"))
            what = f"could not be looked at: {error.operation_name} answered {code}"
            found.append(Finding(name, patient.deployment.stage, what))
        except (BotoCoreError, DeploymentInvalid) as error:
            found.append(
                Finding(name, patient.deployment.stage, f"could not be looked at: {error}")
            )
    return found


def unasked(deployment: Deployment) -> list[Finding]:
    """What nobody can be asked, so that a person has to look: no fault, and no proof of health."""
    return [
        Finding(
            "webhooks",
            provider,
            "its API does not say whether an endpoint of ours is registered: look in its dashboard"
            " (docs/how-to/register-a-webhook.md)",
        )
        for provider in deployment.providers
        if not _probes(provider).ENDPOINTS
    ]


def has_bucket(patient: Patient) -> Found:
    """Bundles and templates have somewhere to go."""
    if not bootstrap.is_there(patient.account):
        yield patient.account.bucket, "is not there: `tocsin deploy` makes it, once for an account"


def stacks_stand(patient: Patient) -> Found:
    """Every stack of the stage is there and at rest."""
    client = patient.account.cloudformation
    for part in STACKS:
        name = f"{patient.deployment.prefix}{part}"
        try:
            status = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
            yield name, "is not deployed: run `tocsin deploy`"
            continue
        if not status.endswith("_COMPLETE") or status in {"ROLLBACK_COMPLETE", "DELETE_COMPLETE"}:
            yield name, f"is {status}: run `tocsin deploy` again, or see why in CloudFormation"


def has_concurrency(patient: Patient) -> Found:
    """The account lets enough functions run at once."""
    settings = patient.account.functions.get_account_settings()
    allowed = settings["AccountLimit"]["ConcurrentExecutions"]
    needed = SHARES if patient.deployment.size == "full" else LEAST
    if allowed < needed:
        yield (
            "concurrent executions",
            f"the account allows {allowed} and {needed} are needed: ask Service Quotas for more",
        )


def mail_can_leave(patient: Patient) -> Found:
    """The sender, or its domain, is verified, and anybody may be written to."""
    client, sender = patient.account.mail, patient.deployment.mail_from
    if not any(_is_verified(client, name) for name in (sender, sender.rpartition("@")[2])):
        yield sender, "is no verified identity of SES, nor is its domain: verify one of them"
    if not client.get_account().get("ProductionAccessEnabled"):
        yield (
            "SES",
            "is in its sandbox, mail reaches verified people only: ask for production access",
        )


def _is_verified(client: Any, identity: str) -> bool:
    try:
        found = client.get_email_identity(EmailIdentity=identity)
    except client.exceptions.NotFoundException:
        return False
    return bool(found.get("VerifiedForSendingStatus"))


def texts_can_leave(patient: Patient) -> Found:
    """Telephones are reached, and go on being reached at the end of the month."""
    client = patient.account.topics
    if client.get_sms_sandbox_account_status()["IsInSandbox"]:
        yield "SMS", "is in its sandbox, texts reach verified numbers only: leave it in SNS"
    said = client.get_sms_attributes(attributes=["MonthlySpendLimit"])["attributes"]
    if float(said.get("MonthlySpendLimit", "1")) < SMS_USD:
        limit = said.get("MonthlySpendLimit", "1")
        yield (
            "SMS",
            f"may spend {limit} USD a month: raise it, or texts stop in the middle of a storm",
        )


def somebody_listens(patient: Patient) -> Found:
    """The address of operations has confirmed that it wants to hear."""
    account, deployment = patient.account, patient.deployment
    topic = f"arn:{account.partition}:sns:{account.region}:{account.id}:{deployment.prefix}ops"
    pages = account.topics.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    listed = [each for page in pages for each in page["Subscriptions"]]
    if not listed:
        yield deployment.ops_mail, "nobody is subscribed to what is wrong with Tocsin: deploy again"
    for each in listed:
        if not each["SubscriptionArn"].startswith("arn:"):
            yield each["Endpoint"], "has not confirmed: the link is in the mail AWS has sent"


def keys_are_drawn(patient: Patient) -> Found:
    """Links and webhooks to people can be sealed, and links begin with something."""
    name = name_of(patient.deployment, KEYS)
    document = read(patient.account, name)
    for look in (keyring, link_base):
        try:
            look(document)
        except SecretUnavailable as error:
            yield name, f"{error.detail}: `tocsin deploy` fills it"


def registrations_are_filled(patient: Patient) -> Found:
    """Each watched provider's webhooks can be verified."""
    name = name_of(patient.deployment, REGISTRATIONS)
    document = read(patient.account, name)
    try:
        Registrations(document)
    except SecretUnavailable as error:
        yield name, f"{error.detail} docs/how-to/register-a-webhook.md shows its form"
        return
    for provider in patient.deployment.providers:
        if not any(each.startswith(f"{provider}/") for each in document):
            yield name, f"has no endpoint of {provider}: docs/how-to/register-a-webhook.md"


def provider_keys_work(patient: Patient) -> Found:
    """Each watched provider has a key in form, and the provider takes it."""
    name = name_of(patient.deployment, PROVIDERS)
    document = read(patient.account, name)
    try:
        keys = ProviderKeys.read(document)
    except SecretUnavailable as error:
        yield name, f"{error.detail} Its form: docs/how-to/deploy.md"
        return
    for provider in patient.deployment.providers:
        mine = {who: key for who, key in keys.by_identity.items() if who[0] == provider}
        if not mine:
            yield name, f"has no key of {provider}: docs/how-to/deploy.md shows the form"
        for (_, account, mode), key in mine.items():
            what = _refusal(patient, provider, key)
            if what:
                yield f"{provider} {account} ({mode})", what


def _refusal(patient: Patient, provider: str, key: str) -> str:
    probes = _probes(provider)
    answer = patient.ask(patient.bases[provider] + probes.READS, probes.headers(key))
    if answer is None:
        return "did not answer: try again later"
    if answer[0] in {401, 403}:
        return f"refuses the key ({answer[0]}): make one that may read subscriptions and events"
    return "" if answer[0] < 400 else f"answered {answer[0]}: try again later"  # noqa: PLR2004 - HTTP


def _probes(provider: str) -> Probes:
    return cast("Probes", module_of(PROBES, provider))


def webhooks_are_enabled(patient: Patient) -> Found:
    """Each watched provider sends to this stage, as far as it can be asked."""
    asked = {each: _probes(each) for each in patient.deployment.providers}
    if not any(each.ENDPOINTS for each in asked.values()):
        return
    keys = ProviderKeys.read(read(patient.account, name_of(patient.deployment, PROVIDERS)))
    host = urlsplit(_link_base(patient)).netloc
    if not host:
        return  # the check of the delivery keys says so
    for (provider, account, mode), key in keys.by_identity.items():
        probes = asked.get(provider)
        if probes is None or not probes.ENDPOINTS:
            continue
        answer = patient.ask(patient.bases[provider] + probes.ENDPOINTS, probes.headers(key))
        if answer is None or answer[0] != 200:  # noqa: PLR2004 - HTTP
            continue  # the key's check says so
        ours = [each for each in answer[1]["data"] if urlsplit(each["url"]).netloc == host]
        if not ours:
            yield (
                f"{provider} {account} ({mode})",
                f"sends nothing to {host}: register the endpoint",
            )
        for each in ours:
            if each["status"] != "enabled":
                yield each["url"], f"is {each['status']} at the provider: enable it, then replay"


def _link_base(patient: Patient) -> str:
    return str(read(patient.account, name_of(patient.deployment, KEYS)).get("link_base", ""))


def schedules_run(patient: Patient) -> Found:
    """What looks every minute does, by a schedule or by a rule."""
    client, prefix = patient.account.schedules, patient.deployment.prefix
    pages = client.get_paginator("list_schedules").paginate(GroupName=f"{prefix}schedules")
    listed = [each for page in pages for each in page["Schedules"]]
    if not listed:
        yield f"{prefix}schedules", "has no schedule: deploy again"
    rules = patient.account.client("events").get_paginator("list_rules")
    listed += [each for page in rules.paginate(NamePrefix=prefix) for each in page["Rules"]]
    for each in listed:
        if each["State"] != "ENABLED":
            yield each["Name"], "is disabled: nothing is looked after; enable it"


def session_names_are_fixed(patient: Patient) -> Found:
    """A role that `sign_in` lists lets nobody choose their own name."""
    for word in patient.deployment.sign_in.split():
        if not word.startswith("role:"):
            continue
        role = word.removeprefix("role:").rpartition("=")[0]
        try:
            found = patient.account.rights.get_role(RoleName=role)["Role"]
        except patient.account.rights.exceptions.NoSuchEntityException:
            yield role, "there is no such role: `sign_in` lists it"
            continue
        trust = found["AssumeRolePolicyDocument"]
        document = json.loads(trust) if isinstance(trust, str) else trust
        if any(_may_choose(each) for each in document["Statement"] if each["Effect"] == "Allow"):
            what = "lets its holders choose their session's name, and so act as each other: require"
            yield role, f"{what} sts:RoleSessionName in its trust policy"


def _may_choose(statement: Mapping[str, Any]) -> bool:
    """Whether nobody fixes the name: SAML's provider does, a condition does."""
    actions = statement["Action"]
    if (actions if isinstance(actions, list) else [actions]) == ["sts:AssumeRoleWithSAML"]:
        return False
    conditions: Mapping[str, Mapping[str, Any]] = statement.get("Condition", {})
    return not any("sts:RoleSessionName" in pairs for pairs in conditions.values())


def alarms_act(patient: Patient) -> Found:
    """No alarm of ours was silenced and forgotten."""
    client = patient.account.client("cloudwatch")
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=patient.deployment.prefix
    )
    for page in pages:
        for each in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())):
            if not each["ActionsEnabled"]:
                yield each["AlarmName"], "has its actions switched off: nobody hears it"


CHECKS: Mapping[str, Callable[[Patient], Found]] = {
    "bootstrap": has_bucket,
    "stacks": stacks_stand,
    "concurrency": has_concurrency,
    "mail": mail_can_leave,
    "texts": texts_can_leave,
    "operations": somebody_listens,
    "delivery keys": keys_are_drawn,
    "registrations": registrations_are_filled,
    "provider keys": provider_keys_work,
    "webhooks": webhooks_are_enabled,
    "schedules": schedules_run,
    "sign-in": session_names_are_fixed,
    "alarms": alarms_act,
}
