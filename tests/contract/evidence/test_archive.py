"""What every `Archive` promises, tried on both: memory and S3 (moto)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from moto import mock_aws

from tocsin.adapters.evidence.memory import MemoryArchive
from tocsin.adapters.evidence.s3 import S3Archive
from tocsin.errors import NotFound, StoreUnavailable
from tocsin.incidents.model.content import Stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3.client import S3Client

    from tocsin.ports.evidence import Archive

BUCKET = "evidence"
INCIDENT = "INC-01K5ARCHIVE0000000000000000"
TEXT = b"heap dump, as it was found\n" * 100

type Spoil = Callable[[str, bytes], object]
type Kept = Callable[[], list[str]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """An archive and what a test may do behind its back."""

    archive: Archive
    spoil: Spoil
    remove: Callable[[str], object]
    kept: Kept


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Client]:
    """One client for all: making one takes longer than everything it is asked here."""
    with mock_aws():
        yield boto3.client("s3")


@pytest.fixture(params=["memory", "s3"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    if request.param == "memory":
        memory = MemoryArchive()
        return Shelf(
            memory,
            lambda key, content: memory.contents.update({key: content}),
            memory.contents.pop,
            lambda: sorted(memory.contents),
        )
    client: S3Client = request.getfixturevalue("s3")
    bucket = f"evidence-{uuid.uuid4()}"
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return Shelf(
        S3Archive(lambda: client, bucket=bucket),
        lambda key, content: client.put_object(Bucket=bucket, Key=key, Body=content),
        lambda key: client.delete_object(Bucket=bucket, Key=key),
        lambda: sorted(
            one["Key"] for one in client.list_object_versions(Bucket=bucket).get("Versions", [])
        ),
    )


def test_content_is_read_back_byte_for_byte(shelf: Shelf) -> None:
    for content in (TEXT, b"", bytes(range(256))):
        kept = shelf.archive.keep(INCIDENT, content, media_type="application/octet-stream")
        assert shelf.archive.read(kept) == content


def test_where_it_lies_is_its_incident_and_its_own_hash(shelf: Shelf) -> None:
    digest = hashlib.sha256(TEXT).hexdigest()
    assert shelf.archive.keep(INCIDENT, TEXT, media_type="text/plain") == Stored(
        key=f"{INCIDENT}/{digest}", sha256=digest, size=len(TEXT), media_type="text/plain"
    )


def test_the_same_content_of_an_incident_is_stored_once(shelf: Shelf) -> None:
    first = shelf.archive.keep(INCIDENT, TEXT, media_type="text/plain")
    assert shelf.archive.keep(INCIDENT, TEXT, media_type="text/plain") == first
    assert shelf.kept() == [first.key]


def test_incidents_share_nothing_so_that_one_can_be_erased(shelf: Shelf) -> None:
    one = shelf.archive.keep(INCIDENT, TEXT, media_type="text/plain")
    other = shelf.archive.keep("INC-OTHER", TEXT, media_type="text/plain")
    assert shelf.kept() == sorted([one.key, other.key])
    shelf.remove(one.key)
    assert shelf.archive.read(other) == TEXT


def test_what_is_not_there_is_said_to_be_not_there(shelf: Shelf) -> None:
    kept = shelf.archive.keep(INCIDENT, TEXT, media_type="text/plain")
    shelf.remove(kept.key)
    with pytest.raises(NotFound, match=kept.key):
        shelf.archive.read(kept)


def test_content_that_was_removed_can_be_kept_again(shelf: Shelf) -> None:
    kept = shelf.archive.keep(INCIDENT, TEXT, media_type="text/plain")
    shelf.remove(kept.key)
    shelf.archive.keep(INCIDENT, TEXT, media_type="text/plain")
    assert shelf.archive.read(kept) == TEXT


def test_other_bytes_under_the_name_are_never_handed_out(shelf: Shelf) -> None:
    kept = shelf.archive.keep(INCIDENT, TEXT, media_type="text/plain")
    shelf.spoil(kept.key, TEXT + b"!")
    with pytest.raises(StoreUnavailable, match="is not what was kept"):
        shelf.archive.read(kept)


@pytest.mark.parametrize("incident", ["", "../INC-1", "INC-1/x", "a" * 65])
def test_no_incident_id_leads_out_of_its_own_part(shelf: Shelf, incident: str) -> None:
    with pytest.raises(ValueError, match="no incident's id"):
        shelf.archive.keep(incident, TEXT, media_type="text/plain")
    assert shelf.kept() == []


class Answering:
    """An S3 client that answers each put with the next of `answers`."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers, self.requests = list(answers), list[dict[str, Any]]()

    def put_object(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if error := self.answers.pop(0):
            raise error
        return {}

    def get_object(self, **request: Any) -> dict[str, Any]:
        return self.put_object(**request)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutObject")


def keep(client: Any) -> Stored:
    return S3Archive(lambda: client, bucket=BUCKET).keep(INCIDENT, TEXT, media_type="text/plain")


def test_another_write_of_the_same_under_way_is_waited_for() -> None:
    busy = "ConditionalRequestConflict"
    client = Answering(refusal(busy), refusal("PreconditionFailed"))
    assert keep(client).size == len(TEXT)
    assert [request["IfNoneMatch"] for request in client.requests] == ["*", "*"]
    with pytest.raises(StoreUnavailable, match="try again"):
        keep(Answering(*[refusal(busy)] * 3))


@pytest.mark.parametrize(
    "error",
    [refusal("AccessDenied"), refusal("SlowDown"), ConnectTimeoutError(endpoint_url="s3")],
    ids=["denied", "busy", "silent"],
)
def test_no_answer_and_no_right_are_failures_and_never_success(error: Exception) -> None:
    kept = keep(Answering(None))
    with pytest.raises(StoreUnavailable, match="S3 did not keep"):
        keep(Answering(error))
    client: Any = Answering(error)
    with pytest.raises(StoreUnavailable, match="S3 did not give"):
        S3Archive(lambda: client, bucket=BUCKET).read(kept)


def test_a_client_is_made_at_the_first_use_and_kept() -> None:
    made: list[Any] = []

    def connect() -> Any:
        made.append(Answering(None, None))
        return made[-1]

    archive = S3Archive(connect, bucket=BUCKET)
    assert made == []
    archive.keep(INCIDENT, TEXT, media_type="text/plain")
    archive.keep(INCIDENT, TEXT, media_type="text/plain")
    assert len(made) == 1
