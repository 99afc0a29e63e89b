"""The bucket in which content lies that is too large for a timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from infra.constructs.keeping import removal_of_data
from infra.constructs.nag import acknowledge

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from infra.stage import Stage

_REGRET = cdk.Duration.days(30)
"""How long what somebody erased can still be brought back; then it is gone."""


def evidence_bucket_name(stack: cdk.Stack, stage: Stage) -> str:
    """With account and region in it: the names of buckets are shared by everybody."""
    return f"{stage.physical('evidence')}-{stack.account}-{stack.region}"


def evidence_bucket(stack: cdk.Stack, *, stage: Stage, key: kms.Key) -> s3.Bucket:
    """Encrypted with `key`, TLS only, never public, every version kept."""
    bucket = s3.Bucket(
        stack,
        "Evidence",
        bucket_name=evidence_bucket_name(stack, stage),
        encryption=s3.BucketEncryption.KMS,
        encryption_key=cast("kms.IKey", key),
        bucket_key_enabled=True,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="forget-what-was-erased",
                noncurrent_version_expiration=_REGRET,
                expired_object_delete_marker=True,
                abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
            )
        ],
        removal_policy=removal_of_data(stage),
    )
    acknowledge(
        bucket, "S1", "Only the API reads it, and logs who looked; a log bucket would name keys."
    )
    return bucket
