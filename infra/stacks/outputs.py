"""Stack outputs: what a person, the CLI and the local cloud look up after a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

if TYPE_CHECKING:
    from constructs import Construct


def output(scope: Construct, key: str, value: str, description: str) -> None:
    """An output whose key is exactly `key`: others read it by that name."""
    cdk.CfnOutput(scope, key, value=value, description=description)
