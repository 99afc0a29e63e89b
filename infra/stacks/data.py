"""What must outlive every deployment: tables, evidence, their key, secrets.

Nothing else is in this stack, so that its changes are rare and each one is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from infra.constructs.evidence import evidence_bucket, evidence_bucket_name
from infra.constructs.keeping import removal_of_data
from infra.constructs.nag import acknowledge
from infra.stacks.outputs import output
from infra.tables import PARTITION_KEY, SORT_KEY, TABLES, TTL, Index, Table

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

    from infra.context import Context
    from infra.references import References

_TYPES = {"S": dynamodb.AttributeType.STRING, "N": dynamodb.AttributeType.NUMBER}
_STREAMS = {
    "NEW_IMAGE": dynamodb.StreamViewType.NEW_IMAGE,
    "NEW_AND_OLD_IMAGES": dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
}
_SECRETS = {
    "registrations": ("webhook-registrations", "REGISTRATIONS_SECRET", "SecretRegistrations"),
    "delivery-keys": ("delivery-keys", "DELIVERY_KEYS_SECRET", "SecretDeliveryKeys"),
    "provider-keys": ("provider-keys", "PROVIDER_KEYS_SECRET", "SecretProviderKeys"),
}
_GITHUB = ("github-webhooks", "github-webhooks", "GITHUB_SECRET", "SecretGithubWebhooks")
"""Made where a stage takes GitHub's webhooks: a secret costs whether it is read or not."""
_APP = ("github-app", "github-app", "GITHUB_APP_SECRET", "SecretGithubApp")
"""Made where a stage answers for deployments."""


class DataStack(cdk.Stack):
    """Tables, evidence, secrets and the key that encrypts them all."""

    def __init__(self, scope: Construct, *, context: Context, references: References) -> None:
        self._context = context
        self._references = references
        super().__init__(
            scope,
            context.stage.physical("data"),
            description="Tocsin: tables, evidence, secrets and their key",
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
            termination_protection=context.stage.keeps_data,
        )
        self.key = self._make_key()
        others: list[Construct] = [self._make_evidence()]
        for symbol, (name, variable, key) in _SECRETS.items():
            others.append(self._make_secret(symbol, name, variable, key))
        if context.github:
            others.append(self._make_secret(*_GITHUB))
        else:
            self._offer_secret(*_GITHUB[:3])
        if context.deployments != "off":
            others.append(self._make_secret(*_APP))
        else:
            self._offer_secret(*_APP[:3])
        self.tables = {table.name: self._make_table(table) for table in TABLES}
        # A protected table cannot be removed when a first try fails, so what may fail comes before.
        for table in self.tables.values():
            table.node.add_dependency(*others)
        if context.stage.clock_adjustable:
            self._make_clock_offset()

    def _make_key(self) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description="Encrypts Tocsin's tables, evidence and secrets",
            enable_key_rotation=True,
            removal_policy=removal_of_data(self._context.stage),
        )
        self._references.offer_arn("key/data", key.key_arn)
        return key

    def _make_table(self, spec: Table) -> dynamodb.Table:
        stage = self._context.stage
        table = dynamodb.Table(
            self,
            f"{spec.pascal}Table",
            table_name=stage.physical(spec.name),
            partition_key=dynamodb.Attribute(name=PARTITION_KEY, type=_TYPES["S"]),
            sort_key=dynamodb.Attribute(name=SORT_KEY, type=_TYPES["S"]),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=cast("kms.IKey", self.key),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=stage.point_in_time_recovery
            ),
            deletion_protection=stage.keeps_data,
            removal_policy=removal_of_data(self._context.stage),
            stream=_STREAMS[spec.stream] if spec.stream else None,
            time_to_live_attribute=TTL,
        )
        for index in spec.indexes:
            _add_index(table, index)
            self._references.offer_arn(
                f"table/{spec.name}/index/{index.name}", f"{table.table_arn}/index/{index.name}"
            )
        self._references.offer_arn(f"table/{spec.name}", table.table_arn)
        self._references.offer_value(spec.variable, table.table_name)
        if table.table_stream_arn:
            self._references.offer_arn(f"stream/{spec.name}", table.table_stream_arn)
            self._references.offer_arn(f"streams/{spec.name}", self._all_streams_of(spec))
        output(self, f"Table{spec.pascal}", table.table_name, f"Table of {spec.name}")
        return table

    def _make_evidence(self) -> s3.Bucket:
        bucket = evidence_bucket(self, stage=self._context.stage, key=self.key)
        self._references.offer_arn("bucket/evidence", bucket.bucket_arn)
        # Written out, so that who checks the roles reads a name and not a reference to one.
        name = f"{evidence_bucket_name(self, self._context.stage)}/*"
        objects = f"arn:{self.partition}:s3:::{name}"
        self._references.offer_arn("bucket/evidence/objects", objects)
        self._references.offer_value("EVIDENCE_BUCKET", bucket.bucket_name)
        output(self, "BucketEvidence", bucket.bucket_name, "Bucket of content kept as evidence")
        return bucket

    def _all_streams_of(self, spec: Table) -> str:
        return self.format_arn(
            service="dynamodb",
            resource="table",
            resource_name=f"{self._context.stage.physical(spec.name)}/stream/*",
        )

    def _make_secret(
        self, symbol: str, name: str, variable: str, key: str
    ) -> secretsmanager.Secret:
        full_name = f"tocsin/{self._context.stage.name}/{name}"
        secret = secretsmanager.Secret(
            self,
            f"{key}Value",
            secret_name=full_name,
            description=f"Tocsin's {name}, one JSON object; filled by a person, never by a deploy",
            encryption_key=cast("kms.IKey", self.key),
            # An empty object: no registration exists until somebody adds one, and later deploys
            # leave the value alone because this line does not change.
            secret_string_value=cdk.SecretValue.unsafe_plain_text("{}"),
            removal_policy=removal_of_data(self._context.stage),
        )
        acknowledge(
            secret, "SMG4", "The provider issues and rotates it; two values are valid at once."
        )
        self._offer_secret(symbol, name, variable)
        output(self, key, full_name, f"Name of the secret with Tocsin's {name}")
        return secret

    def _offer_secret(self, symbol: str, name: str, variable: str) -> None:
        full_name = f"tocsin/{self._context.stage.name}/{name}"
        # The ARN ends in six characters of Secrets Manager's choice, unknown to who looks it up
        # by name; six question marks match them and no longer name.
        arn = self.format_arn(
            service="secretsmanager",
            resource="secret",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            resource_name=f"{full_name}-??????",
        )
        self._references.offer_arn(f"secret/{symbol}", arn)
        self._references.offer_value(variable, full_name)

    def _make_clock_offset(self) -> None:
        parameter = ssm.StringParameter(
            self,
            "IncidentClockOffset",
            parameter_name=self._context.stage.clock_parameter,
            description="Whole seconds by which this stage's incident clock is ahead",
            string_value="0",
        )
        self._references.offer_arn("parameter/incident-clock-offset", parameter.parameter_arn)


def _add_index(table: dynamodb.Table, index: Index) -> None:
    include = dynamodb.ProjectionType.INCLUDE
    keys_only = dynamodb.ProjectionType.KEYS_ONLY
    table.add_global_secondary_index(
        index_name=index.name,
        partition_key=dynamodb.Attribute(name=index.partition[0], type=_TYPES[index.partition[1]]),
        sort_key=dynamodb.Attribute(name=index.sort[0], type=_TYPES[index.sort[1]]),
        projection_type=include if index.includes else keys_only,
        non_key_attributes=list(index.includes) or None,
    )
