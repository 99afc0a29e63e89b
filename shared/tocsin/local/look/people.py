"""Signs in as anybody, in the local stage, where nobody is deceived by it.

People act through the responders' role under a session of their own name. Elsewhere that name is
bound to who they are in IAM; the local stage leaves it free, so that one person can play a whole
team.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.local.look.clients import Keys

if TYPE_CHECKING:
    from tocsin.local.look.clients import Clients


def sign_in(clients: Clients, role_arn: str, person: str) -> Keys:
    """An hour's keys of `person`, in the role people act through."""
    answer = clients.sts.assume_role(RoleArn=role_arn, RoleSessionName=person)["Credentials"]
    return Keys(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
