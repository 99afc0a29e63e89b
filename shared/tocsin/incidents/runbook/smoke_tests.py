"""The part of a policy that says what a service is asked after containment."""

from dataclasses import dataclass

from tocsin.incidents.vocabulary import Category


@dataclass(frozen=True, slots=True)
class SmokeTest:
    """One request whose answer shows that the service works; it changes nothing there.

    `url` may hold `{service}`. The answer has `status`, and `contains` in its body, within
    `seconds`. `services` and `categories` None: for every incident.
    """

    id: str
    url: str
    method: str
    status: int
    contains: str
    seconds: int
    services: tuple[str, ...] | None
    categories: tuple[Category, ...] | None
