"""The functions and what each costs: memory, time, concurrency, dependencies.

A function exists three times: as a folder under `functions/`, as a line here and as a file under
`permissions/`. Tests compare the three, so forgetting one is a red test and not a surprise.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class DependencyGroup:
    """A group of pyproject.toml that one kind of function is bundled with.

    `aws_services` are the botocore models its functions build clients for; every other model is
    left out of the bundle, so a client that is not listed here fails at its first use. None where
    calls are signed by hand.
    """

    name: str
    aws_services: tuple[str, ...]


INGEST = DependencyGroup("fn-ingest", aws_services=())
INCIDENTS = DependencyGroup(
    "fn-incidents", aws_services=("dynamodb", "lambda", "s3", "sesv2", "sns")
)
BILLING = DependencyGroup("fn-billing", aws_services=())
SELLING = DependencyGroup("fn-selling", aws_services=("dynamodb", "lambda", "s3"))


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One Lambda function.

    `timeout` is in seconds. `reserved` is its share of the account's concurrency where the stage
    reserves any: a floor for the paging lane, a ceiling for whoever could starve it.
    `incident_clock`: it decides by incident time, so it must see a moved clock. `wakes_itself`:
    it goes on through its own queue, which Lambda would stop as a loop after 16 turns.
    """

    name: str
    purpose: str
    group: DependencyGroup
    memory: int
    timeout: int
    reserved: int | None = None
    incident_clock: bool = False
    wakes_itself: bool = False

    @property
    def dashed(self) -> str:
        return self.name.replace("_", "-")

    @property
    def pascal(self) -> str:
        return "".join(word.capitalize() for word in self.name.split("_"))


FUNCTIONS: Mapping[str, FunctionSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            FunctionSpec(
                name="alarm_trigger",
                purpose="Turns alarms into one command per incident key",
                group=INCIDENTS,
                memory=512,
                timeout=30,
                incident_clock=True,
            ),
            FunctionSpec(
                name="webhook_ingest",
                purpose="Verifies a provider's webhook and stores it before answering",
                group=INGEST,
                memory=512,
                timeout=8,
                # A ceiling: a flood of webhooks must not take the concurrency that pages people.
                reserved=200,
            ),
            FunctionSpec(
                name="billing_projector",
                purpose="Keeps the subscriptions' projection equal to the provider's state",
                group=BILLING,
                memory=512,
                timeout=60,
            ),
            FunctionSpec(
                name="billing_api",
                purpose="Answers what is asked of billing: entitlements, corrections, checkouts",
                group=SELLING,
                memory=512,
                # Two providers, one after the other, each with one more try.
                timeout=28,
                incident_clock=True,
            ),
            FunctionSpec(
                name="outage_watch",
                purpose="Sees whether customers can pay and whether providers' news arrives",
                group=SELLING,
                memory=512,
                # Under a minute, so that a slow round ends before the next one starts.
                timeout=55,
                # One for the schedule, one for what people ask of it.
                reserved=2,
                incident_clock=True,
            ),
            FunctionSpec(
                name="provider_watch",
                purpose="Looks at the providers: silence, lateness, what was set aside",
                group=BILLING,
                memory=256,
                timeout=60,
            ),
            FunctionSpec(
                name="replay_planner",
                purpose="Lists a provider's window and hands on what the ledger lacks",
                group=INCIDENTS,
                memory=512,
                timeout=300,
                wakes_itself=True,
                incident_clock=True,
            ),
            FunctionSpec(
                name="replay_worker",
                purpose="Inserts the events a replay found missing",
                group=BILLING,
                memory=512,
                timeout=60,
            ),
            FunctionSpec(
                name="reconciler",
                purpose="Compares providers, projection and enforcement, and heals on approval",
                group=SELLING,
                memory=512,
                timeout=300,
                incident_clock=True,
                wakes_itself=True,
            ),
            FunctionSpec(
                name="sla_check",
                purpose="Acts on what is due: breaches, escalation, unsent messages",
                group=INCIDENTS,
                memory=512,
                # Under a minute, so that a slow sweep ends before the next one starts.
                timeout=55,
                # Its queue may take three of them: two are left for the schedule and for people.
                reserved=5,
                incident_clock=True,
            ),
            FunctionSpec(
                name="auditor",
                purpose="Looks by another way whether everything that was due was done",
                group=INCIDENTS,
                memory=512,
                timeout=50,
                reserved=2,
                incident_clock=True,
            ),
            FunctionSpec(
                name="notifier",
                purpose="Delivers the outbox: pages and stakeholder mail",
                group=INCIDENTS,
                memory=512,
                timeout=40,
                reserved=20,
                incident_clock=True,
            ),
            FunctionSpec(
                name="public_intake",
                purpose="Answers people without a login: links in messages, status",
                group=INCIDENTS,
                memory=512,
                timeout=10,
                # A ceiling: strangers must not take the concurrency that pages people.
                reserved=10,
                incident_clock=True,
            ),
            FunctionSpec(
                name="incident_api",
                purpose="Answers responders",
                group=INCIDENTS,
                memory=512,
                timeout=15,
                reserved=20,
                incident_clock=True,
            ),
        )
    }
)
