"""What a synthesis is told from outside: the CDK context, read once and checked.

The values come from `CDK_CONTEXT_JSON` (`python -m infra.app`) or from `cdk -c key=value`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.stage import STAGES, Stage
from tocsin.providers.registry import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Mapping

NOBODYS_MAIL = "tocsin@mail-from.invalid"
"""SES refuses it: mail is then a way that fails, and the next one is tried."""
ARCHITECTURES = ("arm64", "x86_64")
SWITCH = ("off", "on")
DEPLOYMENTS = ("off", "wait", "reject")
GITHUB_API = "https://api.github.com"
CONCURRENCY = ("unreserved", "sized")
NONE, ALL, PREFIX = "none", "all", "prefix:"
NEVER_TAKEN_IN = ("tocsin-", "TargetTracking-")
"""How alarms are called that never open an incident by themselves: our own, and scaling's."""
_BASES = {provider: f"{provider}_api_base" for provider in PROVIDERS.names}
KEYS = (
    "stage",
    "arch",
    *_BASES.values(),
    "docs_base",
    "mail_from",
    "dead_man_url",
    "chat_room",
    "ops_mail",
    "providers",
    "alarm_intake",
    "alarm_accounts",
    "concurrency",
    "tracing",
    "route_metrics",
    "dashboard",
    "edge",
    "github",
    "github_api",
    "deployments",
    "freeze_events",
    "pipelines",
    "containment",
    "security_findings",
    "billing_connected",
    "sign_in",
)

_API_BASE = re.compile(r"https://[a-z0-9.-]+(:\d+)?(/[A-Za-z0-9._-]+)*|http://[a-z0-9.-]+:\d+")
_PIPELINE = re.compile(r"[^=,\s]{1,100}=[A-Za-z0-9.@_-]{1,100}/[A-Za-z0-9.@_-]{1,100}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_SIGN_IN = re.compile(
    r"(permission-set:[^=]+|role:(?!tocsin-|AWSReservedSSO_)[^=]+)"
    r"=(viewer|responder|commander|security)|domain:.+"
)


@dataclass(frozen=True, slots=True)
class FindingService:
    """A security service of AWS's whose findings open incidents, by its events on the bus."""

    name: str
    source: str
    detail_types: tuple[str, ...]

    @property
    def rehearsed(self) -> str:
        """The source of events that stand in for its own."""
        return self.source.replace("aws.", "tocsin.drill.", 1)


FINDING_SERVICES = (
    FindingService("guardduty", "aws.guardduty", ("GuardDuty Finding",)),
    FindingService(
        "security_hub",
        "aws.securityhub",
        (
            "Security Hub Findings - Imported",
            "Security Hub Findings - Custom Action",
            "Findings Imported V2",
        ),
    ),
)


class ContextInvalid(Exception):
    """The CDK context names a stage, architecture or value that does not exist, or lacks one."""


@dataclass(frozen=True, slots=True)
class AlarmIntake:
    """Which alarms of the account open incidents without naming Tocsin as their action.

    None by default: other teams' alarms are theirs. Alarms that name the alarm topic always do.
    """

    everything: bool = False
    prefixes: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> AlarmIntake:
        """`none`, `all`, or `prefix:` and the beginnings of names, with commas.

        Raises:
            ContextInvalid: anything else, or a beginning that our own alarms' names have too.
        """
        if text in {NONE, ALL}:
            return cls(everything=text == ALL)
        prefixes = tuple(filter(None, text.removeprefix(PREFIX).split(",")))
        if not text.startswith(PREFIX) or not prefixes:
            raise ContextInvalid(f"alarm_intake is none, all or prefix:<names>, not {text!r}")
        for prefix in prefixes:
            if any(own.startswith(prefix) or prefix.startswith(own) for own in NEVER_TAKEN_IN):
                raise ContextInvalid(f"alarm_intake: {prefix!r} would take in alarms of our own")
        return cls(prefixes=prefixes)

    @property
    def pattern(self) -> list[object]:
        """What a rule wants of an alarm's name; empty: there is no rule."""
        if self.everything:
            return [{"anything-but": {"prefix": [*NEVER_TAKEN_IN]}}]
        return [{"prefix": prefix} for prefix in self.prefixes]


@dataclass(frozen=True, slots=True)
class Context:
    """One synthesis: which stage, for which processor, talking to which providers.

    `api_bases` is where each provider is asked; context `<provider>_api_base`, or the real one.
    `docs_base` is put in front of an alarm page's path, so that the description of an alarm in a
    mail can be a link that opens. `dead_man_url` is called after every clean
    audit; `none`: nobody outside the account is told.
    `mail_from` is an address of a verified SES identity. `chat_room`: a room's configuration in
    Amazon Q Developer reads the stage's chat topic. `ops_mail` hears of what is wrong with Tocsin
    itself. `providers` are those whose outages are watched. `sized`: functions have shares of the
    account's concurrency, for which it must allow 215; an account begins with as few as 10.
    `tracing` and `route_metrics` cost money for each request and each route, and so does a
    `dashboard` and an `edge`: a distribution and a firewall before the public routes. `github`:
    its webhooks are taken, verified with a secret of their own; `findings` of AWS's services are
    taken from the bus. Either has a queue asked around the clock. `deployments`: GitHub asks
    whether deployments may go out, and those of what is frozen `wait` or are rejected; it is
    answered at `github_api` and nowhere else. `freeze_events`: the account's bus hears of freezes;
    `pipelines` of CodePipeline have stages that a freeze locks. `containment`: there are roles that
    act on what is tagged for it. `alarm_accounts` are others
    whose alarms may name the alarm topic.
    `billing_connected` lists the connected accounts whose subscriptions give access
    besides our own; `none`: no other. `sign_in`: whose sessions are people's besides those of the
    group roles, as `tocsin.runtime.web.identity` reads it.
    """

    stage: Stage
    arch: str
    api_bases: Mapping[str, str]
    docs_base: str
    mail_from: str
    dead_man_url: str = "none"
    chat_room: bool = False
    ops_mail: str = NONE
    providers: tuple[str, ...] = ()
    alarm_intake: AlarmIntake = AlarmIntake()
    alarm_accounts: tuple[str, ...] = ()
    sized: bool = False
    tracing: bool = False
    route_metrics: bool = False
    dashboard: bool = False
    edge: bool = False
    github: bool = False
    github_api: str = GITHUB_API
    deployments: str = "off"
    freeze_events: bool = False
    pipelines: str = NONE
    containment: bool = False
    findings: tuple[FindingService, ...] = ()
    billing_connected: str = NONE
    sign_in: str = NONE

    @classmethod
    def read(cls, values: Mapping[str, str | None]) -> Context:
        """The context with its defaults: production on arm64 against the real providers.

        Raises:
            ContextInvalid: an unknown stage, architecture, provider or word; or nobody at
                `ops_mail` where people are paged.
        """
        stage = values.get("stage") or "production"
        arch = values.get("arch") or "arm64"
        if stage not in STAGES:
            raise ContextInvalid(f"unknown stage {stage!r}; known: {', '.join(STAGES)}")
        if arch not in ARCHITECTURES:
            raise ContextInvalid(f"unknown arch {arch!r}; known: {', '.join(ARCHITECTURES)}")
        ops_mail = values.get("ops_mail") or NONE
        if "@" not in ops_mail and not STAGES[stage].inbox:
            raise ContextInvalid("ops_mail is the address that hears when Tocsin is in trouble")
        deployments = _choice(values, "deployments", DEPLOYMENTS)
        if deployments != "off" and _choice(values, "github", SWITCH) != "on":
            raise ContextInvalid("deployments asks by GitHub's webhooks: github=on takes them")
        return cls(
            stage=STAGES[stage],
            arch=arch,
            api_bases={
                each.name: values.get(_BASES[each.name]) or each.facts.api_base
                for each in PROVIDERS
            },
            docs_base=values.get("docs_base") or "",
            dead_man_url=values.get("dead_man_url") or "none",
            chat_room=_choice(values, "chat_room", SWITCH) == "on",
            ops_mail=ops_mail,
            providers=_providers(values.get("providers") or NONE),
            alarm_intake=AlarmIntake.read(values.get("alarm_intake") or NONE),
            alarm_accounts=_accounts(values.get("alarm_accounts") or NONE),
            sized=_choice(values, "concurrency", CONCURRENCY) == "sized",
            tracing=_choice(values, "tracing", SWITCH) == "on",
            route_metrics=_choice(values, "route_metrics", SWITCH) == "on",
            dashboard=_choice(values, "dashboard", SWITCH) == "on",
            edge=_choice(values, "edge", SWITCH) == "on",
            github=_choice(values, "github", SWITCH) == "on",
            github_api=_api_base(values.get("github_api") or GITHUB_API),
            deployments=deployments,
            freeze_events=_choice(values, "freeze_events", SWITCH) == "on",
            pipelines=_pipelines(values.get("pipelines") or NONE),
            containment=_choice(values, "containment", SWITCH) == "on",
            findings=_findings(values.get("security_findings") or NONE),
            billing_connected=values.get("billing_connected") or NONE,
            mail_from=values.get("mail_from") or NOBODYS_MAIL,
            sign_in=_sign_in(values.get("sign_in") or NONE),
        )


def _sign_in(text: str) -> str:
    """The setting as it is; a function that read a wrong one would not start."""
    words = [] if text == NONE else text.split()
    names = [word.rpartition("=")[0] or word.partition(":")[0] for word in words]
    wrong = [word for word in words if not _SIGN_IN.fullmatch(word)]
    if wrong or len(set(names)) < len(names):
        raise ContextInvalid(
            "sign_in says who signs in: permission-set:<name>=<group>, role:<name>=<group> or"
            f" domain:<name>, each once and separated by blanks; wrong is {wrong or names}"
        )
    return text


def _pipelines(text: str) -> str:
    """As it is; the function reads it."""
    wrong = [one for one in text.split(",") if text != NONE and not _PIPELINE.fullmatch(one)]
    if wrong:
        raise ContextInvalid(
            f"pipelines is none, or <service>=<pipeline>/<stage> with commas, not {wrong}"
        )
    return text


def _api_base(text: str) -> str:
    """Plain HTTP is for a laptop's fake, which has a port."""
    if not _API_BASE.fullmatch(text):
        raise ContextInvalid(f"github_api is an address like {GITHUB_API}, not {text!r}")
    return text


def _choice(values: Mapping[str, str | None], key: str, words: tuple[str, ...]) -> str:
    """The word given for `key`, or the first there is."""
    given = values.get(key) or words[0]
    if given not in words:
        raise ContextInvalid(f"{key} is {' or '.join(words)}, not {given!r}")
    return given


def _accounts(text: str) -> tuple[str, ...]:
    names = () if text == NONE else tuple(filter(None, text.split(",")))
    if wrong := [name for name in names if not _ACCOUNT.fullmatch(name)]:
        raise ContextInvalid(
            f"alarm_accounts is none, or accounts of twelve digits with commas, not {wrong}"
        )
    return tuple(dict.fromkeys(names))


def _findings(text: str) -> tuple[FindingService, ...]:
    known = {service.name: service for service in FINDING_SERVICES}
    names = () if text == NONE else tuple(filter(None, text.split(",")))
    if unknown := [name for name in names if name not in known]:
        raise ContextInvalid(
            f"security_findings: {', '.join(unknown)} unknown; known: {', '.join(known)}"
        )
    return tuple(known[name] for name in dict.fromkeys(names))


def _providers(text: str) -> tuple[str, ...]:
    names = () if text == NONE else tuple(filter(None, text.split(",")))
    if unknown := [name for name in names if name not in PROVIDERS.names]:
        raise ContextInvalid(
            f"providers: {', '.join(unknown)} unknown; known: {', '.join(PROVIDERS.names)}"
        )
    return names
