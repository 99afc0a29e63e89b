"""Where the fakes are laxer than AWS: every case put to them as it is, and the table of the docs.

    python -m tests.harness.strict_aws.laxness moto             writes moto's column anew
    python -m tests.harness.strict_aws.laxness http://…:4566    and that of a local cloud

The second is a cloud without the check before it, as `tocsin local up` starts it.
"""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tests.harness.strict_aws.cases import CASES, KEY, OTHER_TABLE, TABLE, client
from tests.harness.strict_aws.check import Checker
from tests.harness.strict_aws.tables import Tables
from tests.harness.strict_aws.template import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.harness.strict_aws.cases import Case

RECORDED = Path(__file__).with_name("laxness.json")
PAGE = Path("docs/how-to/fakes-of-aws.md")
TAKEN = "takes it"
NOT_THERE = "not there"
BROKEN = "fails itself"
MOTO, LOCAL_CLOUD = "moto", "local cloud"
_MEANT = {
    TAKEN: {"ConditionalCheckFailedException"},  # it looked at the item, so it took the request
    BROKEN: {"500", "InternalError", "InternalFailure"},
    NOT_THERE: {
        *("400", "404", "NotFound", "NotFoundException", "ResourceNotFoundException"),
        *("NoSuchBucket", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    },
}


def named() -> dict[str, Case]:
    """The cases by name; where a rule has several, they are numbered."""
    counted: Counter[str] = Counter()
    found = {}
    for case in CASES:
        counted[case.name] += 1
        number = f" ({counted[case.name]})" if counted[case.name] > 1 else ""
        found[f"{case.name}{number}"] = case
    return found


def ask(endpoint: str, *, functions: bool) -> dict[str, str]:
    """What the fake at the endpoint makes of every case: that it takes it, or its error.

    `functions`: it can run some, for which moto would ask for Docker.
    """
    own = _resources(endpoint)
    if functions:
        with suppress(ClientError):
            _function(endpoint)
    return {name: _asked(endpoint, case, own) for name, case in named().items()}


def _asked(endpoint: str, case: Case, own: Mapping[str, Any]) -> str:
    params = {name: own.get(name, value) for name, value in case.params.items()}
    try:
        client(case.service, endpoint)._make_api_call(case.operation, params)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return next((word for word, codes in _MEANT.items() if code in codes), code)
    except (BotoCoreError, ResponseParserError):
        return BROKEN
    return TAKEN


def _resources(endpoint: str) -> dict[str, Any]:
    """Makes what the cases name; the addresses that only the fake can say."""
    with suppress(ClientError):
        for table in (TABLE, OTHER_TABLE):
            _table(endpoint, table)
    client("dynamodb", endpoint).put_item(TableName=TABLE, Item=KEY)
    own = {
        "QueueUrl": client("sqs", endpoint).create_queue(QueueName="strict")["QueueUrl"],
        "TopicArn": client("sns", endpoint).create_topic(Name="strict")["TopicArn"],
    }
    client("s3", endpoint).create_bucket(Bucket="strict")
    for name, use in (
        ("alias/strict", {"KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256"}),
        ("alias/strict-cipher", {}),
    ):
        key = client("kms", endpoint).create_key(**use)
        with suppress(ClientError):
            target = key["KeyMetadata"]["KeyId"]
            client("kms", endpoint).create_alias(AliasName=name, TargetKeyId=target)
    with suppress(ClientError):
        client("sesv2", endpoint).create_email_identity(EmailIdentity="tocsin@tocsin.example")
    return own


def _table(endpoint: str, name: str) -> None:
    keys = {"PK": "S", "SK": "S", "list_pk": "S", "list_sk": "S"}
    client("dynamodb", endpoint).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": each, "AttributeType": kind} for each, kind in keys.items()
        ],
        KeySchema=_schema("PK", "SK"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": "list",
                "KeySchema": _schema("list_pk", "list_sk"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _function(endpoint: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return event\n")
    role = client("iam", endpoint).create_role(RoleName="strict", AssumeRolePolicyDocument="{}")
    client("lambda", endpoint).create_function(
        FunctionName="strict",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
    )


def recorded() -> dict[str, dict[str, str]]:
    """What each fake answered when it was asked last, by the name of the fake."""
    found: dict[str, dict[str, str]] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def page(found: Mapping[str, Mapping[str, str]]) -> str:
    """The page of the docs: every case that one of the fakes takes."""
    rows = [
        f"| {name} | {_error(case)} | {found[MOTO][name]} | {found[LOCAL_CLOUD][name]} |"
        for name, case in named().items()
        if TAKEN in {found[MOTO][name], found[LOCAL_CLOUD][name]}
    ]
    return _HEAD.format(cases=len(named()), lax=len(rows)) + "\n".join((*rows, ""))


def _error(case: Case) -> str:
    from tests.harness.strict_aws.cases import on_the_wire  # noqa: PLC0415 - for the page alone

    request = on_the_wire(case.service, case.operation, case.params)
    verdict = Checker(Tables(DEFAULT)).judge(request)
    assert verdict is not None, case.name
    return verdict.refusals[0].code


_HEAD = """\
# Where the fakes of AWS are laxer than AWS

Tests run against moto 5.2 and the local cloud. Neither refuses all that AWS refuses, so a strict
AWS stands before both, on the wire, and a request that AWS would refuse fails the test it was made
in (`tests/harness/strict_aws`). It knows the services' own models as botocore brings them, and the
rules that stand in AWS's guides only: each has its page beside it in the code.

Its own test has {cases} requests, each of which breaks one rule. These {lax} of them are taken by
one of the fakes when they are put to it as they are. `not there` means that the fake lacks the
resource or the operation, `fails itself` that it answers with an error of its own. The column of
moto is checked by the tests; that of the local cloud was recorded from MiniStack 1.5.33
(`python -m tests.harness.strict_aws.laxness`).

Whether the list of rules is whole only an account can show.

| request and rule | AWS's error | moto | local cloud |
|--|--|--|--|
"""


def _main(arguments: list[str]) -> Iterator[str]:
    found = recorded() if RECORDED.exists() else {}
    if arguments == [MOTO]:
        from tests.harness.cloud.moto_cloud import moto_cloud  # noqa: PLC0415 - loads moto

        with moto_cloud(strict=False) as running:
            os.environ.update(running.environment())
            found[MOTO] = ask(running.endpoint, functions=False)
    elif arguments:
        found[LOCAL_CLOUD] = ask(arguments[0], functions=True)
    RECORDED.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    if {MOTO, LOCAL_CLOUD} <= set(found):
        PAGE.write_text(page(found), encoding="utf-8")
        yield f"wrote {PAGE}"
    for fake, answers in found.items():
        yield f"{fake}: {Counter(answers.values())}"


if __name__ == "__main__":
    for line in _main(sys.argv[1:]):
        print(line)  # noqa: T201 - a program for a terminal
