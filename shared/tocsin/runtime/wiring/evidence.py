"""The archive of a deployed function: its bucket, and a client made when it is first needed.

Most invocations keep nothing, and the SDK with S3's model takes longer to load than the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.incidents.model.content import Stored
    from tocsin.ports.evidence import Archive

_CONNECT_SECONDS = 1
_READ_SECONDS = 5
_ATTEMPTS = 2


class LateArchive:
    """An `Archive` in `bucket`; it gives up before a request of the API does."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._made: Archive | None = None

    def keep(self, incident: str, content: bytes, *, media_type: str) -> Stored:
        return self._archive().keep(incident, content, media_type=media_type)

    def read(self, archived: Stored) -> bytes:
        return self._archive().read(archived)

    def _archive(self) -> Archive:
        if self._made is None:
            from tocsin.adapters.evidence.s3 import S3Archive  # noqa: PLC0415 -- see the module
            from tocsin.runtime.aws.client import client  # noqa: PLC0415

            made = client(
                "s3",
                connect_seconds=_CONNECT_SECONDS,
                read_seconds=_READ_SECONDS,
                attempts=_ATTEMPTS,
            )
            self._made = S3Archive(lambda: made, bucket=self._bucket)
        return self._made


def evidence(bucket: str) -> LateArchive:
    """The archive in `bucket`."""
    return LateArchive(bucket)
