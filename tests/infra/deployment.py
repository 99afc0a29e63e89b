"""A synthesised stage as tests want to read it: all resources of all stacks, references resolved.

Rules are about what points at what, across stacks. So `Ref`, `GetAtt`, imports of another stack's
exports and joins are turned into one text each: `<stack>.<logical id>[.<attribute>]`, with pseudo
parameters as `<Region>`. Two references to one thing are then equal texts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from infra.context import Context


ANOTHER_ACCOUNT = "111122223333"
"""One that AWS uses in its examples; its alarms may name the topic of the drill stage."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource, its properties resolved. `name` is how others refer to it."""

    name: str
    type: str
    properties: Mapping[str, Any]
    raw: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.properties[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self.properties.get(key, default)

    @property
    def arn(self) -> str:
        return f"{self.name}.Arn"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One stage. `folder` is the cloud assembly it was read from."""

    context: Context
    folder: Path
    templates: Mapping[str, Mapping[str, Any]]
    resources: Mapping[str, Resource] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, context: Context) -> Deployment:
        templates = {
            path.name.removesuffix(".template.json"): json.loads(path.read_text())
            for path in sorted(folder.glob("*.template.json"))
        }
        bare = cls(context=context, folder=folder, templates=templates)
        found = {
            f"{stack}.{logical}": Resource(
                name=f"{stack}.{logical}",
                type=raw["Type"],
                properties=bare.resolve(raw.get("Properties", {}), stack),
                raw=raw,
            )
            for stack, template in templates.items()
            for logical, raw in template["Resources"].items()
        }
        return cls(context=context, folder=folder, templates=templates, resources=found)

    def of(self, type_: str) -> list[Resource]:
        return [one for one in self.resources.values() if one.type == type_]

    def one(self, type_: str, **properties: Any) -> Resource:
        """The only resource of that type with those properties."""
        found = [
            one
            for one in self.of(type_)
            if all(one.get(key) == value for key, value in properties.items())
        ]
        assert len(found) == 1, f"{len(found)} of {type_} with {properties}"
        return found[0]

    def at(self, reference: str) -> Resource:
        """The resource that a resolved reference (with or without attribute) points at."""
        stack, logical = reference.split(".")[:2]
        return self.resources[f"{stack}.{logical}"]

    def function(self, name: str) -> Resource:
        dashed = name.replace("_", "-")
        return self.one("AWS::Lambda::Function", FunctionName=self.context.stage.physical(dashed))

    def role_of(self, function: Resource) -> Resource:
        return self.at(function["Role"])

    def outputs(self) -> Iterator[tuple[str, str, Any]]:
        for stack, template in self.templates.items():
            for key, output in template.get("Outputs", {}).items():
                yield stack, key, output

    def resolve(self, value: Any, stack: str) -> Any:
        match value:
            case {"Ref": str(name)}:
                pseudo = name.removeprefix("AWS::")
                return f"{stack}.{name}" if pseudo == name else f"<{pseudo}>"
            case {"Fn::GetAtt": [name, attribute]}:
                return f"{stack}.{name}.{attribute}"
            case {"Fn::ImportValue": str(name)}:
                return self._imported(name)
            case {"Fn::Join": [separator, list(parts)]}:
                return separator.join(str(self.resolve(part, stack)) for part in parts)
        return self._resolve_inside(value, stack)

    def _resolve_inside(self, value: Any, stack: str) -> Any:
        if isinstance(value, dict):
            return {key: self.resolve(item, stack) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item, stack) for item in value]
        return value

    def _imported(self, name: str) -> Any:
        for stack, _, output in self.outputs():
            if output.get("Export", {}).get("Name") == name:
                return self.resolve(output["Value"], stack)
        raise KeyError(name)


def statements(role: Resource, effect: str = "Allow") -> list[dict[str, Any]]:
    """What the role's own statements allow, or deny; actions and resources always as lists."""
    return [
        normal(statement)
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == effect
    ]


def policy_statements(resource: Resource, key: str = "PolicyDocument") -> list[dict[str, Any]]:
    """The statements of a resource policy, actions, resources and principals as lists."""
    return [normal(statement) for statement in resource[key]["Statement"]]


def normal(statement: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(statement)
    if "NotResource" in made:  # everything but: no resource is equal to one of these
        made["Resource"] = [f"not:{one}" for one in as_list(made["NotResource"])]
    for key in ("Action", "Resource"):
        if key in made:
            made[key] = as_list(made[key])
    principal = made.get("Principal")
    if isinstance(principal, dict) and "Service" in principal:
        made["Services"] = as_list(principal["Service"])
    return made


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def allows(role: Resource, action: str, resource: str) -> bool:
    """Whether the role's statements name that action on exactly that resource."""
    return any(
        action in statement["Action"] and resource in statement["Resource"]
        for statement in statements(role)
    )
