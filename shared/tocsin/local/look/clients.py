"""Typed boto3 clients of one local cloud, under the emulator's root key.

Root here is the person at the keyboard who deploys and looks around. It proves nothing about what
a function may do: functions get sessions of their own roles.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.session import Session

from tocsin.local.machine.emulator import ACCOUNT, REGION
from tocsin.runtime.aws.http import AwsHttp, Patience
from tocsin.runtime.aws.sigv4 import Credentials

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

ROOT_KEY = "test"

# A profile or configuration file of the developer's must neither break nor redirect these clients.
_NOBODYS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key; `token` for a role's session."""

    access: str = ROOT_KEY
    secret: str = ROOT_KEY
    token: str | None = None


class Clients:
    """Every client the local cloud needs, made on first use."""

    def __init__(self, endpoint: str, keys: Keys | None = None) -> None:
        chosen = keys or Keys()
        self.endpoint = endpoint
        self.region = REGION
        self.account = ACCOUNT
        self._credentials = Credentials(chosen.access, chosen.secret, chosen.token)
        self._session = boto3.Session(
            botocore_session=Session(session_vars=_NOBODYS),
            aws_access_key_id=chosen.access,
            aws_secret_access_key=chosen.secret,
            aws_session_token=chosen.token,
            region_name=REGION,
        )
        self._config = Config(
            connect_timeout=3,
            read_timeout=90,
            retries={"total_max_attempts": 3},
            s3={"addressing_style": "path"},
        )

    @cached_property
    def tables(self) -> AwsHttp:
        """DynamoDB by the call that the stores use."""
        return AwsHttp(
            "dynamodb",
            endpoint=self.endpoint,
            region=REGION,
            credentials=self._credentials,
            patience=Patience(attempts=3, connect=3, read=90, deadline=90),
        )

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return self._session.client(
            "cloudformation", endpoint_url=self.endpoint, config=self._config
        )

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        return self._session.client("cloudwatch", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def events(self) -> EventBridgeClient:
        return self._session.client("events", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return self._session.client("dynamodb", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def functions(self) -> LambdaClient:
        return self._session.client("lambda", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def iam(self) -> IAMClient:
        return self._session.client("iam", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def s3(self) -> S3Client:
        return self._session.client("s3", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def scheduler(self) -> EventBridgeSchedulerClient:
        return self._session.client("scheduler", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        return self._session.client(
            "secretsmanager", endpoint_url=self.endpoint, config=self._config
        )

    @cached_property
    def sesv2(self) -> SESV2Client:
        return self._session.client("sesv2", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def sns(self) -> SNSClient:
        return self._session.client("sns", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def sqs(self) -> SQSClient:
        return self._session.client("sqs", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def ssm(self) -> SSMClient:
        return self._session.client("ssm", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def sts(self) -> STSClient:
        return self._session.client("sts", endpoint_url=self.endpoint, config=self._config)
