"""What a synthesis is told from outside: the CDK context, read once and checked.

The values come from `CDK_CONTEXT_JSON` (`python -m infra.app`) or from `cdk -c key=value`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.stage import STAGES, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

NOBODYS_MAIL = "tocsin@mail-from.invalid"
"""SES refuses it: mail is then a way that fails, and the next one is tried."""
ARCHITECTURES = ("arm64", "x86_64")
SWITCH = ("on", "off")
KEYS = (
    "stage",
    "arch",
    "stripe_api_base",
    "razorpay_api_base",
    "docs_base",
    "mail_from",
    "dead_man_url",
    "chat_room",
)


class ContextInvalid(Exception):
    """The CDK context names a stage, architecture or value that does not exist."""


@dataclass(frozen=True, slots=True)
class Context:
    """One synthesis: which stage, for which processor, talking to which providers.

    `docs_base` is put in front of an alarm page's path, so that the description of an alarm in a
    mail can be a link that opens. `dead_man_url` is called after every clean
    audit; `none`: nobody outside the account is told.
    `mail_from` is an address of a verified SES identity. `chat_room`: a room's configuration in
    Amazon Q Developer reads the stage's chat topic.
    """

    stage: Stage
    arch: str
    stripe_api_base: str
    razorpay_api_base: str
    docs_base: str
    mail_from: str
    dead_man_url: str = "none"
    chat_room: bool = False

    @classmethod
    def read(cls, values: Mapping[str, str | None]) -> Context:
        """The context with its defaults: production on arm64 against the real providers.

        Raises:
            ContextInvalid: an unknown stage or architecture, or `chat_room` not `on` or `off`.
        """
        stage = values.get("stage") or "production"
        arch = values.get("arch") or "arm64"
        if stage not in STAGES:
            raise ContextInvalid(f"unknown stage {stage!r}; known: {', '.join(STAGES)}")
        if arch not in ARCHITECTURES:
            raise ContextInvalid(f"unknown arch {arch!r}; known: {', '.join(ARCHITECTURES)}")
        room = values.get("chat_room") or "off"
        if room not in SWITCH:
            raise ContextInvalid(f"chat_room is {' or '.join(SWITCH)}, not {room!r}")
        return cls(
            stage=STAGES[stage],
            arch=arch,
            stripe_api_base=values.get("stripe_api_base") or "https://api.stripe.com",
            razorpay_api_base=values.get("razorpay_api_base") or "https://api.razorpay.com",
            docs_base=values.get("docs_base") or "",
            dead_man_url=values.get("dead_man_url") or "none",
            chat_room=room == "on",
            mail_from=values.get("mail_from") or NOBODYS_MAIL,
        )
