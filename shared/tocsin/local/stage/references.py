"""Works out what a template's reference became, for the few properties the gap layer re-applies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.local.errors import TemplateUnsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.local.stage.assembly import Template


@dataclass(frozen=True, slots=True)
class References:
    """What is known after a stack was deployed: physical ids, and every stack's exports."""

    template: Template
    resources: Mapping[str, str]
    exports: Mapping[str, str]
    account: str
    region: str

    def resolve(self, value: Any) -> str:
        """The text behind a literal, `Ref`, `Fn::GetAtt … Arn` of a key, or `Fn::ImportValue`.

        Raises:
            TemplateUnsupported: any other kind of reference.
        """
        match value:
            case str():
                return value
            case {"Ref": str(name)} if name in self.resources:
                return self.resources[name]
            case {"Fn::GetAtt": [str(name), "Arn"]} if self._type(name) == "AWS::KMS::Key":
                return f"arn:aws:kms:{self.region}:{self.account}:key/{self.resources[name]}"
            case {"Fn::ImportValue": str(name)} if name in self.exports:
                return self.exports[name]
        raise TemplateUnsupported(f"the local cloud cannot work out {value!r}")

    def _type(self, name: str) -> str | None:
        kind = self.template["Resources"].get(name, {}).get("Type")
        return None if kind is None else str(kind)


def mentioned(value: Any) -> set[str]:
    """The logical ids a piece of a template refers to, by `Ref`, `Fn::GetAtt` or `Fn::Sub`."""
    match value:
        case {"Ref": str(name)}:
            return {name}
        case {"Fn::GetAtt": [str(name), *_]}:
            return {name}
        case {"Fn::Sub": text}:
            return _substituted(text)
        case dict():
            return set().union(*map(mentioned, value.values())) if value else set()
        case list():
            return set().union(*map(mentioned, value)) if value else set()
    return set()


def _substituted(text: Any) -> set[str]:
    template = text if isinstance(text, str) else text[0]
    pieces = template.split("${")[1:]
    return {piece.partition("}")[0].partition(".")[0].strip("!") for piece in pieces}
