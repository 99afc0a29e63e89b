"""The containment actions, importing none until one is used.

One record an action: what it takes, who else has to agree, whether it ends by itself, what an undo
gives back to whoever does harm, and the exact rights of its role. Infra makes one role of each, and
the function assumes the role of the action it carries out, never two at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from tocsin.registry import Entry, Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG = "tocsin:containable"
"""The tag a target has to carry, and be listed too: who may tag may not contain by that alone."""
REAL, DRILL = "yes", "drill"
"""The tag's values: what incidents may act on, and what drills may."""


class Reversal(StrEnum):
    """Whether what was can be restored."""

    RESTORES = "restores"
    IRREVERSIBLE = "irreversible"


@dataclass(frozen=True, slots=True)
class Asked:
    """One input. `pattern` has to match all of it; `default` is what is meant without it."""

    name: str
    pattern: str
    says: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Right:
    """A statement of the action's role; `{partition}` and `{account}` are the deployment's.

    `tagged`: only on what carries the tag, so that IAM itself refuses the rest.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    tagged: bool = False


@dataclass(frozen=True, slots=True)
class Fit:
    """When the action suggests itself: words of signals' names, a category, a wide blast radius.

    `because` completes "it fits because"; `weight` orders what fits.
    """

    because: str
    weight: int
    words: tuple[str, ...] = ()
    category: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Action(Entry):
    """One thing Tocsin can do.

    `reached_by` is the module whose `open_target` reaches its targets, in the rights of its role.
    `others` is how many people besides the one who runs it have to agree, by severity;
    `undo_others` the same for its undo, because of what it `reopens` (empty: nothing). `lasts` is
    how long it stays without a word, `longest` how long at most; None: until undone, since only
    blocks and throttles end by themselves.
    """

    title: str
    reached_by: str
    asked: tuple[Asked, ...]
    rights: tuple[Right, ...]
    fits: tuple[Fit, ...]
    others: Mapping[str, int]
    reversal: Reversal = Reversal.RESTORES
    undo_others: int = 0
    reopens: str = ""
    lasts: timedelta | None = None
    longest: timedelta | None = None


# Where harm is severe one person acts at once; where there is time, two look.
_AT_ONCE_WHEN_SEVERE = MappingProxyType({"critical": 0, "high": 0, "medium": 1, "low": 1})
_USER = "arn:{partition}:iam::{account}:user/*"
_ROLE = "arn:{partition}:iam::{account}:role/*"
_FUNCTION = "arn:{partition}:lambda:*:{account}:function:*"
_IP_SETS = (
    "arn:{partition}:wafv2:*:{account}:regional/ipset/*/*",
    "arn:{partition}:wafv2:us-east-1:{account}:global/ipset/*/*",
)

ACTIONS = Registry(
    "containment action",
    Action(
        name="access-key-off",
        module="tocsin.containment.actions.access_key",
        title="Turn an IAM access key off",
        reached_by="tocsin.adapters.containment.iam_keys",
        asked=(Asked("key", r"A[KS]IA\w{12,124}", "the id of the key, AKIA…"),),
        rights=(
            Right(
                "SeeKeys",
                (
                    "iam:GetAccessKeyLastUsed",
                    "iam:GetLoginProfile",
                    "iam:ListAccessKeys",
                    "iam:ListServiceSpecificCredentials",
                    "iam:ListUserTags",
                ),
                (_USER,),
            ),
            Right("SwitchKeys", ("iam:UpdateAccessKey",), (_USER,), tagged=True),
        ),
        fits=(
            Fit(
                "a signal speaks of a key or a secret",
                8,
                ("key", "secret", "credential", "iamuser"),
            ),
            Fit("what a leaked key can reach stops with it", 2, category="security"),
        ),
        others=_AT_ONCE_WHEN_SEVERE,
        undo_others=1,
        reopens="whoever holds the key can use it again",
    ),
    Action(
        name="role-sessions-revoked",
        module="tocsin.containment.actions.role_sessions",
        title="Revoke the sessions of an IAM role",
        reached_by="tocsin.adapters.containment.iam_roles",
        asked=(Asked("role", r"[\w+=,.@-]{1,64}", "the name of the role, without its path"),),
        rights=(
            Right("SeeRoles", ("iam:GetRole", "iam:GetRolePolicy"), (_ROLE,)),
            Right(
                "DenySessions", ("iam:DeleteRolePolicy", "iam:PutRolePolicy"), (_ROLE,), tagged=True
            ),
        ),
        fits=(
            Fit(
                "a signal speaks of a role's or an instance's credentials",
                12,
                ("instancecredential", "session", "assumedrole", "role"),
            ),
            Fit("sessions that were stolen end with it", 1, category="security"),
        ),
        others=_AT_ONCE_WHEN_SEVERE,
        undo_others=1,
        reopens="sessions from before the revocation that have not ended work again",
    ),
    Action(
        name="lambda-alias-rollback",
        module="tocsin.containment.actions.lambda_alias",
        title="Point a Lambda alias at an earlier version",
        reached_by="tocsin.adapters.containment.lambda_aliases",
        asked=(
            Asked("function", r"[\w-]{1,64}", "the name of the function"),
            Asked("alias", r"(?!\d+$)[\w-]{1,128}", "the name of the alias"),
            Asked("version", r"[1-9]\d{0,18}", "the number of the version to go back to"),
            Asked("during_shift", r"yes|no", "`yes`: although a shift of traffic is running", "no"),
        ),
        rights=(
            Right(
                "SeeAliases",
                ("lambda:GetAlias", "lambda:GetFunctionConfiguration", "lambda:ListTags"),
                (_FUNCTION,),
            ),
            Right("MoveAliases", ("lambda:UpdateAlias",), (_FUNCTION,), tagged=True),
        ),
        fits=(
            Fit("a signal speaks of errors or latency", 5, ("error", "5xx", "latency", "timeout")),
            Fit("what changed last is what broke most often", 3, category="production"),
            Fit("many are affected, and one step takes all of them back", 1, wide=True),
        ),
        others=_AT_ONCE_WHEN_SEVERE,
        reopens="",
    ),
    Action(
        name="ip-block",
        module="tocsin.containment.actions.ip_block",
        title="Block addresses by a list of the web firewall",
        reached_by="tocsin.adapters.containment.waf_lists",
        asked=(
            Asked("scope", r"REGIONAL|CLOUDFRONT", "REGIONAL, or CLOUDFRONT", "REGIONAL"),
            Asked("set", r"[\w-]{1,128}/[0-9a-f-]{1,36}", "the list: its name, a slash, its id"),
            Asked("addresses", r"[0-9A-Fa-f:./]{2,49}", "an address or a range, like 192.0.2.0/24"),
        ),
        rights=(
            Right("SeeLists", ("wafv2:GetIPSet", "wafv2:ListTagsForResource"), _IP_SETS),
            Right("ChangeLists", ("wafv2:UpdateIPSet",), _IP_SETS, tagged=True),
        ),
        fits=(
            Fit(
                "a signal speaks of somebody's requests from outside",
                7,
                ("bruteforce", "portprobe", "blockedrequests", "recon", "scan", "ddos"),
            ),
            Fit("the few who do harm are shut out, everybody else stays", 1, category="security"),
        ),
        others=_AT_ONCE_WHEN_SEVERE,
        lasts=timedelta(hours=4),
        longest=timedelta(days=7),
        reopens="",
    ),
)
