"""Evidence in an S3 bucket, one object for each content of an incident.

The name of an object is the hash of what is in it, so a second write could only write the same:
`If-None-Match: *` leaves the first where it is, and no version is ever laid over another.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tocsin.adapters.evidence.keys import describe, verified
from tocsin.errors import NotFound, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3.client import S3Client

    from tocsin.incidents.model.content import Stored


_THERE_ALREADY = "PreconditionFailed"
_WRITTEN_BY_ANOTHER_NOW = "ConditionalRequestConflict"
_NOTHING_THERE = frozenset({"NoSuchKey", "404"})
_TRIES = 3


class S3Archive:
    """An `Archive` in one bucket.

    `connect` makes the client at the first use: most invocations keep nothing, and S3's model
    takes longer to load than the rest of a function.
    """

    def __init__(self, connect: Callable[[], S3Client], *, bucket: str) -> None:
        self._connect = connect
        self._made: S3Client | None = None
        self._bucket = bucket

    def keep(self, incident: str, content: bytes, *, media_type: str) -> Stored:
        kept = describe(incident, content, media_type=media_type)
        for _ in range(_TRIES):
            if self._put(kept, content):
                return kept
        raise StoreUnavailable(f"{kept.key} is being written by somebody else: try again")

    def read(self, archived: Stored) -> bytes:
        try:
            answer = self._client().get_object(Bucket=self._bucket, Key=archived.key)
            content = answer["Body"].read()
        except ClientError as error:
            if _code(error) in _NOTHING_THERE:
                raise NotFound(f"nothing lies at {archived.key}") from error
            raise StoreUnavailable(f"S3 did not give {archived.key}: {_code(error)}") from error
        except BotoCoreError as error:
            raise StoreUnavailable(f"S3 did not give {archived.key}: {error}") from error
        return verified(archived, content)

    def _put(self, kept: Stored, content: bytes) -> bool:
        """Whether it lies there now; False while another write of the same is under way."""
        digest = hashlib.sha256(content).digest()
        try:
            self._client().put_object(
                Bucket=self._bucket,
                Key=kept.key,
                Body=content,
                ContentType=kept.media_type,
                # S3 refuses a body that is not the one whose name it gets.
                ChecksumSHA256=base64.b64encode(digest).decode(),
                IfNoneMatch="*",
            )
        except ClientError as error:
            if _code(error) == _WRITTEN_BY_ANOTHER_NOW:
                return False
            if _code(error) != _THERE_ALREADY:
                raise StoreUnavailable(f"S3 did not keep {kept.key}: {_code(error)}") from error
        except BotoCoreError as error:
            raise StoreUnavailable(f"S3 did not keep {kept.key}: {error}") from error
        return True

    def _client(self) -> S3Client:
        if self._made is None:
            self._made = self._connect()
        return self._made


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
