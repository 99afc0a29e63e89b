"""Acknowledging a nag finding beside the resource it is about, with the reason.

cdk-nag runs in every synthesis and a finding fails it. What is deliberate is acknowledged here,
one finding at a time; a test fails when an acknowledgement no longer answers any finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

if TYPE_CHECKING:
    from constructs import IConstruct

SOLUTIONS = "AwsSolutions"
SERVERLESS = "Serverless"
ACKNOWLEDGED = "tocsin:acknowledged"
"""Metadata on the construct, so that a test can compare what is acknowledged with what is found."""


def check(app: cdk.App) -> None:
    """Makes `app.synth()` raise on every finding nobody acknowledged."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))


def acknowledge(where: IConstruct, rule: str, reason: str, *, pack: str = SOLUTIONS) -> None:
    """Says why `rule` does not apply at `where`; `rule` without the pack's name, as `IAM5[…]`."""
    id_ = f"{pack}::{pack}-{rule}"
    cdk.Validations.of(where).acknowledge(cdk.Acknowledgment(id=id_, reason=reason))
    where.node.add_metadata(ACKNOWLEDGED, id_)
