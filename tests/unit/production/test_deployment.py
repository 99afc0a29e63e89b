"""`tocsin.toml`: every problem named at once, and what it says is what the synthesis is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.context import KEYS, Context
from tocsin.production.deployment import Deployment, checked, read, write
from tocsin.production.errors import DeploymentInvalid

if TYPE_CHECKING:
    from pathlib import Path

RIGHT: dict[str, Any] = {
    "account": "123456789012",
    "region": "eu-central-1",
    "ops_mail": "ops@example.com",
    "mail_from": "tocsin@example.com",
}


def test_a_file_written_is_the_deployment_read(tmp_path: Path) -> None:
    said = RIGHT | {
        "providers": ["stripe", "razorpay"],
        "size": "full",
        "chat_room": True,
        "sign_in": "permission-set:Lead=commander domain:example.com",
        "docs_base": 'https://docs.example/"quoted"\\',
    }
    deployment = checked(said)
    file = tmp_path / "tocsin.toml"
    file.write_text(write(deployment))
    assert read(file) == deployment
    assert max(map(len, file.read_text().splitlines())) < 100


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("account", "12345", "account: is twelve digits"),
        ("account", "", "account: is missing"),
        ("account", 123456789012, "account: is a text"),
        ("region", "Frankfurt", "region: is a Region"),
        ("region", "cn-north-1", "region: is in a partition"),
        ("region", "us-gov-west-1", "region: is in a partition"),
        ("region", "us-iso-east-1", "region: is in a partition"),
        ("ops_mail", "ops", "ops_mail: is a mail address"),
        ("mail_from", "Tocsin <t@example.com>", "mail_from: is a mail address"),
        ("stage", "staging", "stage: is one of"),
        ("size", "huge", "size: is one of"),
        ("arch", "arm", "arch: is one of"),
        ("providers", "stripe", "providers: is a list"),
        ("providers", ["paypal"], "providers: is a list"),
        ("chat_room", "yes", "chat_room: is true or false"),
        ("edge", "on", "edge: is true or false"),
        ("edge", True, "edge: such a firewall can be made in us-east-1 alone"),
        ("dead_man_url", "http://example.com", "dead_man_url: is an https address"),
        ("colour", "red", "colour: no setting is called so"),
    ],
)
def test_what_no_deployment_can_be_made_of_is_named(key: str, value: Any, says: str) -> None:
    with pytest.raises(DeploymentInvalid) as caught:
        checked(RIGHT | {key: value})
    assert says in caught.value.detail


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(DeploymentInvalid) as caught:
        checked({"account": "1", "size": "huge"})
    assert caught.value.detail.count(";") == 4


@pytest.mark.parametrize("text", [None, "account = ", "\xff"])
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "tocsin.toml"
    if text is not None:
        file.write_bytes(text.encode("latin-1"))
    with pytest.raises(DeploymentInvalid, match=r"tocsin\.toml"):
        read(file)


@pytest.mark.parametrize("size", ["frugal", "full"])
def test_the_synthesis_takes_what_it_says(size: str) -> None:
    deployment = checked(RIGHT | {"size": size, "providers": ["stripe"]})
    said = deployment.context()
    assert set(said) <= set(KEYS)
    context = Context.read(dict(said))
    assert context.sized is (size == "full")
    assert (context.providers, context.ops_mail) == (("stripe",), "ops@example.com")
    assert context.stage.name == "production"


def test_nothing_of_it_is_a_secret() -> None:
    names = " ".join(Deployment.__dataclass_fields__)
    assert not [word for word in ("secret", "key", "token", "password") if word in names]


def test_an_edge_is_for_where_it_can_be_made() -> None:
    deployment = checked(RIGHT | {"region": "us-east-1", "edge": True})

    assert deployment.context()["edge"] == "on"
    assert checked(RIGHT).context()["edge"] == "off"
