"""What we build from: pinned, named in a bill of materials, and without a secret in the tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tools import supply

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOWS = supply.ROOT / supply.WORKFLOWS
# Put together here, for this file is searched too.
PLANTED = {
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq",
    "a key id of AWS": "AKIA" + "Z7QK3LWMNOP2RSTU",
    "a secret key of AWS": "aws_secret_access_key = " + "a1B2" * 10,
    "a live key of Stripe": "sk_" + "live_" + "51HabcdefGHIJKLmnopqrstu",
    "a signing secret of Stripe": "whsec" + "_" + "a1B2c3D4" * 4,
    "a live key of Razorpay": "rzp_" + "live_" + "A1b2C3d4E5f6G7",
    "a token of GitHub": "ghp" + "_" + "a1B2c3D4e5F6" * 3,
    "a token of Slack": "xoxb-" + "123456789012-abcdefABCDEF",
    "a webhook of Slack": "https://hooks.slack.com/" + "services/T01234567/B01234567/abc",
    "a token of PyPI": "pypi-" + "AgEIcHlwaS5vcmc" + "a1B2c3D4e5" * 6,
}


def test_no_file_of_the_tree_holds_a_secret() -> None:
    files = supply.tracked()

    assert len(files) > 500
    assert list(supply.secrets(files)) == []


@pytest.mark.parametrize("kind", supply.SECRETS)
def test_a_secret_that_is_committed_is_found_and_not_repeated(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"first = 1\nplanted = '{PLANTED[kind]}'\n")

    (found,) = supply.secrets([file])

    assert found == f"settings.toml:2: {kind}"


def test_what_aws_prints_as_an_example_is_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("AKIAIOSFODNN7EXAMPLE")

    assert list(supply.secrets([file])) == []


def test_every_action_is_pinned_by_its_commit() -> None:
    files = sorted(WORKFLOWS.glob("*.yml"))

    assert len(files) >= 2
    assert list(supply.unpinned(files)) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("uses: actions/checkout@v4", "a name that can be moved"),
        ("uses: actions/checkout@main # v4", "a name that can be moved"),
        (f"- uses: actions/checkout@{'a' * 40}", "does not say which version"),
    ],
)
def test_an_action_that_could_be_another_tomorrow_is_found(
    line: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "flow.yml"
    file.write_text(f"jobs:\n  one:\n    steps:\n      {line}\n")

    (found,) = supply.unpinned([file])

    assert said in found


def test_a_workflow_asks_for_no_more_than_it_needs() -> None:
    assert list(supply.workflow_findings(WORKFLOWS)) == []


def test_a_workflow_that_asks_for_more_is_found(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = (WORKFLOWS / "supply-chain.yml").read_text()
    without = re.sub(r"^permissions:.*?\n\n", "", text, flags=re.DOTALL | re.MULTILINE)
    (folder / "flow.yml").write_text(without)
    (folder / "more.yml").write_text(
        "on: pull_request_target\n"
        "jobs:\n  one:\n    runs-on: ubuntu-24.04\n"
        "    steps:\n      - run: echo ${{ github.event.pull_request.title }}\n"
    )

    found = " ".join(supply.workflow_findings(folder))

    assert "excessive-permissions" in found
    assert "template-injection" in found
    assert "dangerous-triggers" in found


def test_the_bill_of_materials_names_every_package_with_its_hash() -> None:
    bill = supply.bill_of_materials()
    names = {each["name"] for each in bill["components"]}

    assert list(supply.incomplete(bill)) == []
    assert {"stripe", "botocore", "urllib3", "tzdata"} <= names
    assert not {"pytest", "aws-cdk-lib", "moto"} & names, "what is not deployed is not in it"


def test_a_package_without_a_hash_or_outside_the_lock_is_found() -> None:
    bill = {"components": [{"name": "left-pad", "version": "1.0", "externalReferences": []}]}

    assert list(supply.incomplete(bill)) == [
        "left-pad 1.0 is not in uv.lock",
        "left-pad 1.0 has no hash",
    ]
    assert list(supply.incomplete({})) == ["the bill of materials is empty"]
