"""The functions and what wakes each of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk

from infra.catalogue import FUNCTIONS
from infra.constructs.containment_roles import make_roles, offer_roles
from infra.constructs.event_sources import EventSources
from infra.constructs.function import TocsinFunction
from infra.constructs.schedules import Schedules
from infra.constructs.triggers import Triggers
from infra.routes import ROUTES
from infra.stacks.outputs import output

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from constructs import Construct

    from infra.context import Context
    from infra.references import References


class FunctionsStack(cdk.Stack):
    """All functions. Each is named before any is made, so that they may call each other."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: Context,
        references: References,
        bundle: Callable[[str], Path],
    ) -> None:
        super().__init__(
            scope,
            context.stage.physical("functions"),
            description="Tocsin: functions and what wakes them",
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self._context = context
        self._references = references
        self._bundle = bundle
        self._offer_values()
        self._offer_others()
        offer_roles(self, context, references)
        self.made: dict[str, TocsinFunction] = {}
        for spec in FUNCTIONS.values():
            arn = self.format_arn(
                service="lambda",
                resource="function",
                resource_name=context.stage.physical(spec.dashed),
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            references.offer_arn(f"function/{spec.dashed}", arn)
        for name in FUNCTIONS:
            self._make(name)
        if context.containment:
            make_roles(self, context, self.made["containment"])
        sources = EventSources(
            context=context,
            triggers=Triggers(self, context=context, references=references),
            schedules=Schedules(self, context=context),
            functions=self.made,
        )
        for spec in FUNCTIONS.values():
            if spec.woken_by:
                spec.woken_by(self.made[spec.name], sources)
        for name in sorted({route.function for route in ROUTES}):
            self.made[name].acknowledge_no_queue(
                "Woken by HTTP: the caller sees the failure and tries again."
            )

    def _offer_others(self) -> None:
        """What is the account's and no stack's: its bus, and pipelines that are tagged for us."""
        bus = self.format_arn(service="events", resource="event-bus", resource_name="default")
        self._references.offer_arn("bus/default", bus)
        # Which are tagged is known to IAM alone: the statement's condition bounds it.
        pipelines = self.format_arn(service="codepipeline", resource="*")
        self._references.offer_arn("pipeline/tagged", pipelines)

    def _offer_values(self) -> None:
        """What functions are told that no resource says."""
        stage = self._context.stage
        for name, value in (
            ("STAGE", stage.name),
            ("LOG_LEVEL", "INFO"),
            ("API_BASES", json.dumps(self._context.api_bases, separators=(",", ":"))),
            ("BILLING_MODES", stage.billing_modes),
            ("BILLING_CONNECTED", self._context.billing_connected),
            ("SIGN_IN", self._context.sign_in),
            ("GITHUB_WEBHOOKS", "on" if self._context.github else "off"),
            ("GITHUB_API", self._context.github_api),
            ("DEPLOYMENTS", self._context.deployments),
            ("FREEZE_EVENTS", "on" if self._context.freeze_events else "off"),
            ("PIPELINES", self._context.pipelines),
            ("CONTAINMENT", "on" if self._context.containment else "off"),
            ("DEAD_MAN_URL", self._context.dead_man_url),
            ("DOCS_BASE", self._context.docs_base or "none"),
            *(
                (f"{name.upper()}_FUNCTION", stage.physical(spec.dashed))
                for name, spec in FUNCTIONS.items()
            ),
        ):
            self._references.offer_value(name, value)

    def _make(self, name: str) -> None:
        made = TocsinFunction(
            self,
            FUNCTIONS[name],
            context=self._context,
            references=self._references,
            bundle=self._bundle,
        )
        output(
            self, f"Function{made.spec.pascal}Arn", made.function.function_arn, made.spec.purpose
        )
        self.made[name] = made
