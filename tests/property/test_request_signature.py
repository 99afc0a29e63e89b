"""botocore's signer as the oracle of ours: the same headers for the same request, to the letter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unittest import mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.runtime.aws.connection import ConnectionPool
from tocsin.runtime.aws.sigv4 import Credentials, Signer

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENT_TYPE = "application/x-amz-json-1.0"
DAY = 86_400

words = st.text(st.sampled_from("abcXYZ0189+/=_-"), min_size=1, max_size=40)
endpoints = st.sampled_from(
    [
        "https://dynamodb.eu-west-1.amazonaws.com/",
        "https://sqs.cn-north-1.amazonaws.com.cn/",
        "http://127.0.0.1:4566/",
        "http://localhost:80/",
        "https://[::1]:8443/",
    ]
)


def theirs(
    signer: SigV4Auth, endpoint: str, headers: Mapping[str, str], body: bytes
) -> Mapping[str, str]:
    """Signed by botocore at the patched time, with the headers as it would send them."""
    every = {"Content-Type": CONTENT_TYPE, **headers}
    request = AWSRequest("POST", endpoint, data=body, headers=every)
    signer.add_auth(request)
    return dict(request.headers.items())


@given(
    credentials=st.builds(Credentials, words, words, st.none() | words),
    service=st.sampled_from(["dynamodb", "sqs", "secretsmanager"]),
    region=st.sampled_from(["us-east-1", "eu-central-1", "cn-north-1"]),
    endpoint=endpoints,
    calls=st.lists(
        st.tuples(st.integers(0, 4_000_000_000), words, st.binary(max_size=300)),
        min_size=1,
        max_size=4,
    ),
    always=st.none() | st.builds(lambda word: {"X-Amz-Invocation-Type": word}, words),
)
@example(
    credentials=Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None),
    service="dynamodb",
    region="us-east-1",
    endpoint="http://127.0.0.1:4566/",
    # The key of a day must not outlive it, nor be lost when a late call is of the day before.
    calls=[(DAY - 1, "A.B", b""), (DAY, "A.B", b""), (DAY - 1, "A.B", b"x"), (DAY, "C", b"x")],
    always=None,
)
def test_every_request_is_signed_as_botocore_would(
    credentials: Credentials,
    service: str,
    region: str,
    endpoint: str,
    calls: list[tuple[int, str, bytes]],
    *,
    always: dict[str, str] | None,
) -> None:
    host = ConnectionPool(endpoint, connect=1, read=1).host
    ours = Signer(
        credentials,
        service=service,
        region=region,
        host=host,
        content_type=CONTENT_TYPE,
        always=always,
    )
    oracle = SigV4Auth(BotocoreCredentials(*credentials), service, region)
    for at, target, body in calls:
        moment = datetime.fromtimestamp(at, UTC)
        with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
            named = {"X-Amz-Target": target, **(always or {})}
            expected = theirs(oracle, endpoint, named, body)
        signed = ours.headers(target, body, at=at)
        assert signed.pop("Host") == host
        assert signed == expected
