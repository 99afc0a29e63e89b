"""Reading a cloud assembly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.local.errors import TemplateUnsupported
from tocsin.local.stage import assembly

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, artifacts: dict[str, Any], **files: Any) -> None:
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_text(json.dumps(content), encoding="utf-8")


def stack(*needs: str) -> dict[str, Any]:
    return {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "empty.json"},
        "dependencies": list(needs),
    }


def assets(packaging: str) -> dict[str, Any]:
    return {
        "files": {
            "abc": {
                "source": {"path": "asset.abc.zip", "packaging": packaging},
                "destinations": {
                    "here": {
                        "bucketName": "assets-${AWS::AccountId}-${AWS::Region}",
                        "objectKey": "abc.zip",
                    }
                },
            }
        }
    }


def test_stacks_come_behind_those_they_need(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"api": stack("functions"), "functions": stack("data"), "data": stack()},
        empty__json={"Resources": {}},
    )

    assert [one.name for one in assembly.read(tmp_path)] == ["data", "functions", "api"]


def test_artifacts_that_are_no_stacks_are_not_deployed(tmp_path: Path) -> None:
    write(tmp_path, {"tree": {"type": "cdk:tree", "properties": {}}})

    assert assembly.read(tmp_path) == ()


def test_an_asset_knows_its_place_once_account_and_region_are_known(tmp_path: Path) -> None:
    listing = {"type": "cdk:asset-manifest", "properties": {"file": "list.json"}}
    write(
        tmp_path,
        {"list": listing, "app": stack("list")},
        empty__json={"Resources": {}},
        list__json=assets("file"),
    )

    (asset,) = assembly.read(tmp_path)[0].assets

    assert asset.resolved(account="123456789012", region="eu-west-1") == assembly.Asset(
        tmp_path / "asset.abc.zip", "assets-123456789012-eu-west-1", "abc.zip"
    )


def test_a_folder_that_would_have_to_be_zipped_is_refused(tmp_path: Path) -> None:
    listing = {"type": "cdk:asset-manifest", "properties": {"file": "list.json"}}
    write(
        tmp_path,
        {"list": listing, "app": stack("list")},
        empty__json={"Resources": {}},
        list__json=assets("zip"),
    )

    with pytest.raises(TemplateUnsupported, match=r"asset\.abc\.zip"):
        assembly.read(tmp_path)


def test_addresses_are_filled_in_where_they_stand_alone_in_a_text_of_json(tmp_path: Path) -> None:
    stated = '{"stripe":"http://stripe.invalid","razorpay":"http://razorpay.invalid"}'
    variables = {"BASES": stated, "OTHER": '{"a": 1}'}
    write(tmp_path, {"app": stack()}, empty__json={"Resources": variables})

    (found,) = assembly.read(tmp_path, {"http://stripe.invalid": "http://127.0.0.1:4580"})

    filled = '{"stripe":"http://127.0.0.1:4580","razorpay":"http://razorpay.invalid"}'
    assert found.template["Resources"] == {"BASES": filled, "OTHER": '{"a": 1}'}


def test_addresses_are_filled_in_where_they_stand_alone(tmp_path: Path) -> None:
    variables = {"BASE": "http://stripe.invalid", "OTHER": "http://stripe.invalid/v1"}
    write(tmp_path, {"app": stack()}, empty__json={"Resources": variables})

    (found,) = assembly.read(tmp_path, {"http://stripe.invalid": "http://127.0.0.1:4580"})

    assert found.template["Resources"] == {
        "BASE": "http://127.0.0.1:4580",
        "OTHER": "http://stripe.invalid/v1",
    }
