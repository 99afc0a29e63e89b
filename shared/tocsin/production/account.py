"""The account a deployment goes to, by AWS's usual chain of credentials."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3

from tocsin.production.errors import OtherAccount

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient

    from tocsin.production.deployment import Deployment

_QUALIFIER = "hnb659fds"
"""CDK's own: whoever has bootstrapped this account for the CDK has our bucket already."""


@dataclass(frozen=True)
class Account:
    """Clients of one account and Region, made when they are used.

    `AWS_ENDPOINT_URL` is honoured, as by every AWS tool.
    """

    id: str
    region: str

    @classmethod
    def of(cls, deployment: Deployment) -> Account:
        """The account of the deployment, once the credentials have shown that they are its.

        Raises:
            OtherAccount: they are not.
        """
        made = cls(deployment.account, deployment.region)
        found = boto3.Session(region_name=made.region).client("sts").get_caller_identity()
        if found["Account"] != made.id:
            raise OtherAccount(
                f"these credentials are of account {found['Account']}, and tocsin.toml says"
                f" {made.id}: sign in to that one, or change the file"
            )
        return made

    @property
    def bucket(self) -> str:
        """Where bundles and templates are put for CloudFormation."""
        return f"cdk-{_QUALIFIER}-assets-{self.id}-{self.region}"

    @property
    def partition(self) -> str:
        """What every ARN here begins with, behind `arn:`."""
        return self._session.get_partition_for_region(self.region)

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session(region_name=self.region)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return self._session.client("cloudformation")

    @cached_property
    def s3(self) -> S3Client:
        return self._session.client("s3")

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        return self._session.client("secretsmanager")

    @cached_property
    def functions(self) -> LambdaClient:
        return self._session.client("lambda")

    @cached_property
    def mail(self) -> SESV2Client:
        return self._session.client("sesv2")

    @cached_property
    def topics(self) -> SNSClient:
        return self._session.client("sns")

    @cached_property
    def schedules(self) -> EventBridgeSchedulerClient:
        return self._session.client("scheduler")

    @cached_property
    def rights(self) -> IAMClient:
        return self._session.client("iam")

    def client(self, service: str) -> Any:
        """A client nobody else here needs."""
        return self._session.client(service)  # type: ignore[call-overload] # any name is a service
