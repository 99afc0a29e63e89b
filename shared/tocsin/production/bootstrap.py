"""The bucket that bundles and templates are handed to CloudFormation in, made once an account.

Whoever has run `cdk bootstrap` there has it already, under the same name.
https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tocsin.production.errors import RolloutFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.production.account import Account

STACK = "tocsin-bootstrap"


def is_there(account: Account) -> bool:
    """Whether the bucket exists and is this account's."""
    try:
        account.s3.head_bucket(Bucket=account.bucket, ExpectedBucketOwner=account.id)
    except ClientError:
        return False
    return True


def make(account: Account, progress: Callable[[str], None]) -> None:
    """Makes the bucket as a stack of its own, which stays.

    Raises:
        RolloutFailed: it could not be made.
    """
    progress(f"{STACK}: making {account.bucket}, once for this account and Region")
    account.cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps(template(account)))
    waiter = account.cloudformation.get_waiter("stack_create_complete")
    try:
        waiter.wait(StackName=STACK, WaiterConfig={"Delay": 2, "MaxAttempts": 60})
    except Exception as error:
        raise RolloutFailed(f"{STACK} could not be made: {error}", stack=STACK) from error


def template(account: Account) -> dict[str, Any]:
    """One private bucket, encrypted, with every version kept."""
    return {
        "Description": "Tocsin: where CloudFormation takes bundles and templates from",
        "Resources": {
            "Assets": {
                "Type": "AWS::S3::Bucket",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {
                    "BucketName": account.bucket,
                    "PublicAccessBlockConfiguration": {
                        "BlockPublicAcls": True,
                        "BlockPublicPolicy": True,
                        "IgnorePublicAcls": True,
                        "RestrictPublicBuckets": True,
                    },
                    "BucketEncryption": {
                        "ServerSideEncryptionConfiguration": [
                            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                        ]
                    },
                    "VersioningConfiguration": {"Status": "Enabled"},
                },
            }
        },
    }
