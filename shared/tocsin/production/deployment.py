"""`tocsin.toml`: what a team says of its deployment, checked before anything is made of it.

Everything in it may be read by anybody: secrets are filled in the account and stand in no file.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from tocsin.production.errors import DeploymentInvalid
from tocsin.providers.registry import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILE = "tocsin.toml"
STAGES = ("production", "drill", "local")
DEPLOYMENTS = ("off", "wait", "reject")
SIZES = ("frugal", "full")
ARCHITECTURES = ("arm64", "x86_64")
_NONE = "none"
_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
EDGE_REGION = "us-east-1"
_ELSEWHERE = re.compile(r"(cn|us-gov|us-iso[a-z]?|eu-isoe|eusc)-.*")
"""Regions of other partitions than `aws`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One stage in one account and Region.

    `ops_mail` hears when Tocsin itself is in trouble; `mail_from` is what personal mail comes from.
    `providers` are those whose outages are watched. `size`: `frugal` shares the account's
    concurrency and traces nothing; `full` reserves shares, traces requests and has a dashboard.
    `edge`: a distribution and a firewall stand before the public routes.
    `containment`: Tocsin acts on what is listed and tagged for it.
    `github`: its webhooks are taken; `deployments`: it is answered about those, at `github_api`.
    `alarm_intake`, `alarm_accounts`, `sign_in`,
    `billing_connected` and `security_findings` are read as the synthesis reads them.
    """

    account: str
    region: str
    ops_mail: str
    mail_from: str
    stage: str = "production"
    arch: str = "arm64"
    size: str = "frugal"
    providers: tuple[str, ...] = ()
    alarm_intake: str = _NONE
    alarm_accounts: str = _NONE
    sign_in: str = _NONE
    billing_connected: str = _NONE
    dead_man_url: str = _NONE
    docs_base: str = ""
    chat_room: bool = False
    edge: bool = False
    github: bool = False
    github_api: str = "https://api.github.com"
    deployments: str = "off"
    freeze_events: bool = False
    pipelines: str = _NONE
    containment: bool = False
    security_findings: str = _NONE

    @property
    def prefix(self) -> str:
        """What every name of this stage begins with."""
        return f"tocsin-{self.stage}-"

    def context(self) -> dict[str, str]:
        """What the synthesis is told."""
        full = self.size == "full"
        return {
            "stage": self.stage,
            "arch": self.arch,
            "ops_mail": self.ops_mail,
            "mail_from": self.mail_from,
            "providers": ",".join(self.providers) or _NONE,
            "alarm_intake": self.alarm_intake,
            "alarm_accounts": self.alarm_accounts,
            "sign_in": self.sign_in,
            "billing_connected": self.billing_connected,
            "dead_man_url": self.dead_man_url,
            "docs_base": self.docs_base,
            "chat_room": "on" if self.chat_room else "off",
            "edge": "on" if self.edge else "off",
            "github": "on" if self.github else "off",
            "github_api": self.github_api,
            "deployments": self.deployments,
            "freeze_events": "on" if self.freeze_events else "off",
            "pipelines": self.pipelines,
            "containment": "on" if self.containment else "off",
            "security_findings": self.security_findings,
            "concurrency": "sized" if full else "unreserved",
            "tracing": "on" if full else "off",
            "dashboard": "on" if full else "off",
        }


def read(path: Path) -> Deployment:
    """The deployment a file describes.

    Raises:
        DeploymentInvalid: there is no such file, it is no TOML, or with every problem in it by key.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DeploymentInvalid(f"there is no {path}: `tocsin init` writes one") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeploymentInvalid(f"{path} is no TOML: {error}") from error
    return checked(found)


def checked(found: Mapping[str, Any]) -> Deployment:
    """The deployment these values describe.

    Raises:
        DeploymentInvalid: naming every problem.
    """
    if problems := list(_problems(found)):
        raise DeploymentInvalid("; ".join(problems))
    values = dict(found)
    values["providers"] = tuple(values.get("providers", ()))
    return Deployment(**values)


def write(deployment: Deployment) -> str:
    """The file's text, with what each line is for."""
    lines = ["# What Tocsin is deployed with. No secret belongs here."]
    for name, about in _ABOUT.items():
        lines += [f"# {about}", f"{name} = {_toml(getattr(deployment, name))}"]
    return "\n".join(lines) + "\n"


_ABOUT = {
    "account": "The AWS account, twelve digits.",
    "region": "The Region everything lies in.",
    "stage": "production, or drill for one whose clock can be moved.",
    "ops_mail": "Hears when Tocsin itself is in trouble; has to confirm once.",
    "mail_from": "Sender of personal mail: a verified identity of SES, or of a verified domain.",
    "providers": f"Billing providers whose outages are watched: {', '.join(PROVIDERS.names)}.",
    "size": "frugal, or full: reserved concurrency, traces and a dashboard, which cost.",
    "arch": "arm64 or x86_64.",
    "alarm_intake": "Which alarms open incidents unasked: none, all or prefix:<names>.",
    "alarm_accounts": "Other accounts whose alarms may name our topic, with commas, or none.",
    "sign_in": "Who signs in besides by the group roles: docs/how-to/sign-in.md.",
    "billing_connected": "Connected accounts that give access: <account>/<connected>, with commas.",
    "chat_room": "Whether a chat room follows: docs/how-to/tell-a-chat-room.md.",
    "edge": "Whether a firewall stands before the public routes: docs/how-to/edge.md.",
    "github": "Whether GitHub's webhooks open incidents: docs/how-to/findings.md.",
    "deployments": "Deployments of what is frozen: off, wait or reject: docs/how-to/freeze.md.",
    "freeze_events": "Whether the account's event bus hears of freezes: docs/how-to/freeze.md.",
    "pipelines": "Stages a freeze locks: none, or <service>=<pipeline>/<stage> with commas.",
    "containment": "Whether Tocsin acts on what is listed and tagged: docs/how-to/contain.md.",
    "github_api": "Where GitHub is answered: its API's address, another for Enterprise Server.",
    "security_findings": "Whose findings do too: none, or guardduty, security_hub with commas.",
    "dead_man_url": "Called every minute while all is well; who watches it misses us first.",
    "docs_base": "Put before the path of an alarm's page, so that mails can link it.",
}


def _problems(found: Mapping[str, Any]) -> Iterator[str]:
    known = {each.name: each for each in fields(Deployment)}
    for name in sorted(set(found) - set(known)):
        yield f"{name}: no setting is called so; known are {', '.join(known)}"
    for name in ("account", "region", "ops_mail", "mail_from"):
        if not found.get(name):
            yield f"{name}: is missing"
    for name, value in found.items():
        if name in known and (problem := _problem(name, value)):
            yield f"{name}: {problem}"
    if found.get("edge") is True and found.get("region") != EDGE_REGION:
        yield f"edge: such a firewall can be made in {EDGE_REGION} alone"


def _problem(name: str, value: Any) -> str:
    if name == "providers":
        if not isinstance(value, list | tuple) or set(value) - set(PROVIDERS.names):
            return f"is a list of {', '.join(PROVIDERS.names)}"
        return ""
    if name in {"chat_room", "containment", "edge", "freeze_events", "github"}:
        return "" if isinstance(value, bool) else "is true or false"
    if not isinstance(value, str):
        return "is a text"
    said = {
        "account": (_ACCOUNT.fullmatch(value), "is twelve digits"),
        "region": (_REGION.fullmatch(value), "is a Region, like eu-central-1"),
        "ops_mail": (_MAIL.fullmatch(value), "is a mail address"),
        "mail_from": (_MAIL.fullmatch(value), "is a mail address, without a name beside it"),
        "deployments": (value in DEPLOYMENTS, f"is one of {', '.join(DEPLOYMENTS)}"),
        "github_api": (value.startswith("https://"), "is an https address"),
        "stage": (value in STAGES, f"is one of {', '.join(STAGES)}"),
        "size": (value in SIZES, f"is one of {', '.join(SIZES)}"),
        "arch": (value in ARCHITECTURES, f"is one of {', '.join(ARCHITECTURES)}"),
        "dead_man_url": (value == _NONE or value.startswith("https://"), "is an https address"),
    }
    right, problem = said.get(name, (True, ""))
    if name == "region" and _ELSEWHERE.fullmatch(value):
        return (
            "is in a partition Tocsin was never made for: its rights and the names of its alarms"
            " are those of the partition aws"
        )
    return "" if right or not value else problem


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return f"[{', '.join(_toml(each) for each in value)}]"
        case _:
            text = str(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{text}"'
