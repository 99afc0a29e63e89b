"""Reads a CDK cloud assembly: its stacks in the order of deployment, their templates and assets.

The addresses of the providers' APIs are filled in here and not by the synthesis: they change with
a free port, and a synthesis takes longer than all the rest.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.local.errors import TemplateUnsupported

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_STACK = "aws:cloudformation:stack"
_ASSETS = "cdk:asset-manifest"

type Template = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asset:
    """A file to upload; bucket and key still hold `${AWS::AccountId}` and `${AWS::Region}`."""

    path: Path
    bucket: str
    key: str

    def resolved(self, *, account: str, region: str) -> Asset:
        """The same asset with account and region filled in."""

        def fill(text: str) -> str:
            return text.replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)

        return Asset(self.path, fill(self.bucket), fill(self.key))


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack to deploy."""

    name: str
    template: Template
    assets: tuple[Asset, ...]


def read(folder: Path, addresses: Mapping[str, str] | None = None) -> tuple[Stack, ...]:
    """The stacks of the assembly, each behind those it depends on.

    `addresses` gives, for an address the assembly was synthesised with, the one that is meant.

    Raises:
        TemplateUnsupported: an asset has to be zipped first; the bundles here are ready zips.
    """
    artifacts: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))[
        "artifacts"
    ]
    return tuple(
        _stack(folder, artifacts, name, addresses or {})
        for name in _ordered(artifacts)
        if artifacts[name]["type"] == _STACK
    )


def _ordered(artifacts: Mapping[str, Any]) -> list[str]:
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        for needed in artifacts[name].get("dependencies", ()):
            visit(needed)
        order.append(name)

    for name in artifacts:
        visit(name)
    return order


def _stack(
    folder: Path, artifacts: Mapping[str, Any], name: str, addresses: Mapping[str, str]
) -> Stack:
    artifact = artifacts[name]
    properties = artifact["properties"]
    assets: list[Asset] = []
    for needed in artifact.get("dependencies", ()):
        if artifacts[needed]["type"] == _ASSETS:
            assets += _assets(folder, artifacts[needed]["properties"]["file"])
    text = (folder / properties["templateFile"]).read_text("utf-8")
    template: dict[str, Any] = _addressed(json.loads(text), addresses)
    return Stack(properties.get("stackName", name), template, tuple(assets))


def _addressed(value: Any, addresses: Mapping[str, str]) -> Any:
    """The value with addresses filled in where they stand alone, or alone in a text of JSON."""
    if isinstance(value, dict):
        return {name: _addressed(each, addresses) for name, each in value.items()}
    if isinstance(value, list):
        return [_addressed(each, addresses) for each in value]
    if not isinstance(value, str):
        return value
    if value.startswith("{"):
        with suppress(ValueError):
            inner = _addressed(json.loads(value), addresses)
            if inner != json.loads(value):
                return json.dumps(inner, separators=(",", ":"))
    return addresses.get(value, value)


def _assets(folder: Path, manifest: str) -> list[Asset]:
    files: dict[str, Any] = json.loads((folder / manifest).read_text("utf-8")).get("files", {})
    found = []
    for entry in files.values():
        source = entry["source"]
        if source.get("packaging") != "file":
            raise TemplateUnsupported(f"asset {source.get('path')} is not a file but a folder")
        found += [
            Asset(folder / source["path"], place["bucketName"], place["objectKey"])
            for place in entry["destinations"].values()
        ]
    return found
