"""The strict AWS refuses what AWS refuses, and whoever asks for it fails.

The cases are one request for each rule; AWS's pages stand beside the rules.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from tests.architecture.sources import ROOT
from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tests.harness.strict_aws import findings, laxness
from tests.harness.strict_aws.cases import Case, client, on_the_wire
from tests.harness.strict_aws.check import Checker
from tests.harness.strict_aws.expressions import reserved_words
from tests.harness.strict_aws.tables import Tables
from tests.harness.strict_aws.template import DEFAULT
from tocsin.errors import StoreRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASES = laxness.named()
FILTERED = {
    "TableName": "strict",
    "KeyConditionExpression": "PK = :pk",
    "FilterExpression": "SK = :pk",
    "ExpressionAttributeValues": {":pk": {"S": "ROTA#incident_commander"}},
}


@pytest.fixture(scope="module")
def server() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_i13_a_request_that_breaks_one_rule_is_refused_by_that_rule_alone(case: Case) -> None:
    verdict = Checker(Tables(DEFAULT)).judge(on_the_wire(case.service, case.operation, case.params))
    assert verdict is not None
    assert {each.rule for each in verdict.refusals} == {case.rule}
    assert all(each.reason and each.code for each in verdict.refusals)
    assert f"AWS would refuse {case.service}.{case.operation}" in str(verdict)


@pytest.mark.parametrize("service", ["dynamodb", "sns", "sesv2", "s3"])
def test_the_client_hears_awss_own_error_in_the_services_protocol(
    server: MotoCloud, service: str
) -> None:
    case = next(each for each in CASES.values() if each.service == service)
    verdict = Checker(Tables(DEFAULT)).judge(on_the_wire(service, case.operation, case.params))
    assert verdict is not None
    with findings.expected() as refused, pytest.raises(ClientError) as heard:
        client(service, server.endpoint)._make_api_call(case.operation, dict(case.params))
    assert heard.value.response["Error"]["Code"] == verdict.refusals[0].code
    assert heard.value.response["Error"]["Message"] == verdict.refusals[0].reason
    assert len(refused) == 1


def test_our_own_signed_calls_are_seen_as_well_as_botocores(server: MotoCloud) -> None:
    with findings.expected() as refused, pytest.raises(StoreRefused) as heard:
        server.aws("dynamodb").call("Query", FILTERED)
    assert heard.value.context["reason"] == "ValidationException"
    (text,) = refused
    assert text.startswith("AWS would refuse dynamodb.Query: key attribute in a filter: ")
    assert text.endswith("Primary key attribute: SK")


def test_moto_inside_the_process_is_asked_only_what_aws_would_take() -> None:
    with mock_aws():
        asked = boto3.client("dynamodb")
        with findings.expected() as refused, pytest.raises(ClientError, match="non-primary key"):
            asked.query(**FILTERED)  # type: ignore[arg-type]
    assert len(refused) == 1


SWALLOWED = """
import boto3
from moto import mock_aws

def test_swallows_what_aws_said():
    with mock_aws():
        try:
            boto3.client("dynamodb").query(**{asked!r})
        except Exception:
            pass
"""


def test_who_swallows_the_refusal_fails_all_the_same_and_by_name(tmp_path: Path) -> None:
    test = tmp_path / "test_swallowed.py"
    test.write_text(SWALLOWED.format(asked=FILTERED), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-c", "pyproject.toml"]
    ran = subprocess.run([*command, test], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "AWS would refuse dynamodb.Query: key attribute in a filter" in ran.stdout
    assert "test_swallows_what_aws_said" in ran.stdout


def test_a_table_that_was_made_otherwise_is_judged_by_its_own_keys(server: MotoCloud) -> None:
    asked = server.boto("dynamodb")
    asked.create_table(
        TableName="other",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    asked.put_item(TableName="other", Item={"id": {"N": "1"}})
    with findings.expected() as refused, pytest.raises(ClientError, match="Type mismatch for key"):
        asked.put_item(TableName="other", Item={"id": {"S": "1"}})
    assert "key type" in refused[0]


def test_the_reserved_words_are_those_of_the_guide() -> None:
    assert len(reserved_words()) == 573
    assert reserved_words() == frozenset(ReservedKeywords.get_reserved_keywords())


def test_the_page_says_where_the_fakes_are_laxer() -> None:
    with moto_cloud(strict=False) as lax:
        asked = laxness.ask(lax.endpoint, functions=False)
    assert asked == laxness.recorded()[laxness.MOTO]
    assert set(laxness.recorded()[laxness.LOCAL_CLOUD]) == set(CASES)
    assert laxness.page(laxness.recorded()) == (ROOT / laxness.PAGE).read_text(encoding="utf-8")
