"""AWS clients, made from botocore alone and told when to give up.

`boto3` adds its resource layer to every import and nothing that Tocsin uses: without it a cold
start spends a quarter less on the first client. A client's patience is chosen by its caller,
because a function that outwaits its own timeout has answered nobody.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session

if TYPE_CHECKING:
    from typing import Literal


def client(
    service: Literal["dynamodb", "lambda", "s3", "sesv2", "sns"],
    *,
    connect_seconds: float,
    read_seconds: float,
    attempts: int,
) -> Any:
    """A client of `service`; `attempts` counts the first one, so 1 never tries again.

    Typed by its caller, with the stubs of that service.
    """
    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return _session().create_client(service, config=config)


@lru_cache(maxsize=1)
def _session() -> Session:
    """One per process: it reads the SDK's own data only once."""
    return Session()
