"""The dependency groups that functions are bundled with."""

from __future__ import annotations

from dataclasses import dataclass


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
INCIDENTS = DependencyGroup("fn-incidents", aws_services=("s3",))
BILLING = DependencyGroup("fn-billing", aws_services=())
DEPLOYMENTS = DependencyGroup("fn-deployments", aws_services=())
CONTAINMENT = DependencyGroup("fn-containment", aws_services=("iam", "lambda", "sts", "wafv2"))
SELLING = DependencyGroup("fn-selling", aws_services=("s3",))
