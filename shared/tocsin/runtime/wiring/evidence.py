"""The archive of a deployed function: its bucket, and a client made when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.evidence.s3 import S3Archive
from tocsin.runtime.aws.client import client

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_CONNECT_SECONDS = 1
_READ_SECONDS = 5
_ATTEMPTS = 2


def evidence(bucket: str) -> S3Archive:
    """The archive in `bucket`; it gives up before a request of the API does."""
    return S3Archive(_s3, bucket=bucket)


def _s3() -> S3Client:
    made: S3Client = client(
        "s3",
        connect_seconds=_CONNECT_SECONDS,
        read_seconds=_READ_SECONDS,
        attempts=_ATTEMPTS,
    )
    return made
