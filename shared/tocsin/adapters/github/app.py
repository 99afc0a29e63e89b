"""Speaking to GitHub as an App: proof by RSA, a token of an hour, and answers to deployments.

- "Generating a JSON Web Token (JWT) for a GitHub App": RS256, `iat` a minute back against clocks
  that differ, `exp` ten minutes ahead at most, `iss` the App's id.
- "Generating an installation access token for a GitHub App": for one repository and one right.
- "Review custom deployment protection rules for a workflow run": 204 is the one good answer.

The token goes to the configured address and to no other: no redirect is followed.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import urllib3
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tocsin.errors import (
    UNREADABLE,
    GithubUnavailable,
    ReviewRefused,
    SecretUnavailable,
)
from tocsin.signals.github.deployment import callback_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from tocsin.incidents.model.deployments import Deployment, DeploymentState
    from tocsin.ports.time import WallClock

    class AppSource(Protocol):
        """`runtime.aws.secrets.CachedSecret` over the App's secret."""

        def get(self) -> App: ...

        def refreshed(self) -> App | None: ...


CONNECT_SECONDS, READ_SECONDS = 2.0, 8.0
_BACK, _AHEAD = 60, 540
_SPARE = timedelta(minutes=5)
_LEAST_BITS = 2048
_CREATED, _NO_CONTENT = 201, 204
_UNPROVEN = 401
_FOR_GOOD = frozenset({404, 410, 422})
_HEADERS = {
    "Accept": "application/vnd.github+json",
    "Content-Type": "application/json",
    "User-Agent": "tocsin",
    "X-GitHub-Api-Version": "2022-11-28",
}


@dataclass(frozen=True, slots=True)
class App:
    """Who we are to GitHub, from `{"app_id", "private_key", "services": {"acme/shop": ["api"]}}`.

    `services` says what a repository deploys where that is not called like the repository.
    """

    id: str
    key: RSAPrivateKey = field(repr=False)
    services: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> App:
        """Reads the secret.

        Raises:
            SecretUnavailable: it names no App, or holds no RSA key of 2048 bits or more.
        """
        try:
            key = load_pem_private_key(document["private_key"].encode(), None)
            services = {
                str(name).lower(): (said,) if isinstance(said, str) else tuple(map(str, said))
                for name, said in document.get("services", {}).items()
            }
            app = str(document["app_id"])
        except (*UNREADABLE, UnsupportedAlgorithm) as error:
            problem = f"The secret of GitHub's App cannot be read: {type(error).__name__}."
            raise SecretUnavailable(problem) from error
        if not isinstance(key, RSAPrivateKey) or key.key_size < _LEAST_BITS or not app:
            raise SecretUnavailable(
                "The secret of GitHub's App holds no RSA key, or too short a one."
            )
        return cls(app, key, services)

    def proof(self, now: datetime) -> str:
        """A JSON Web Token that says who we are, for ten minutes."""
        at = int(now.timestamp())
        claims = {"iat": at - _BACK, "exp": at + _AHEAD, "iss": self.id}
        signed = f"{_segment({'alg': 'RS256', 'typ': 'JWT'})}.{_segment(claims)}"
        signature = self.key.sign(signed.encode(), PKCS1v15(), SHA256())
        return f"{signed}.{_base64url(signature)}"


@dataclass(slots=True)
class _Token:
    text: str = field(repr=False)
    until: datetime


class GithubReviews:
    """Implements `ports.deployments.Reviews` at `api`, the base address of GitHub's API."""

    def __init__(self, app: AppSource, *, api: str, wall: WallClock) -> None:
        self._app, self._api, self._wall = app, api, wall
        self._tokens: dict[tuple[int, int], _Token] = {}
        self._pool = urllib3.PoolManager(
            maxsize=2,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )

    def services(self, repository: str) -> tuple[str, ...]:
        named = self._known().services.get(repository.lower())
        return named or (repository.rpartition("/")[2],)

    def report(self, deployment: Deployment, comment: str) -> None:
        self._review(deployment, {"comment": comment})

    def answer(self, deployment: Deployment, state: DeploymentState, comment: str) -> None:
        self._review(deployment, {"state": str(state), "comment": comment})

    def _review(self, one: Deployment, body: dict[str, str]) -> None:
        where = callback_of(self._api, one.repository, one.run)
        said = {"environment_name": one.environment, **body}
        status, _ = self._post(where, self._token(one), said)
        if status == _UNPROVEN:
            self._tokens.clear()  # revoked before its time: a new one, once
            status, _ = self._post(where, self._token(one), said)
        if status in _FOR_GOOD:
            raise ReviewRefused(f"GitHub refuses the review with {status}", http_status=status)
        if status != _NO_CONTENT:
            raise GithubUnavailable(f"GitHub answers the review with {status}", http_status=status)

    def _token(self, one: Deployment) -> str:
        """A token for this repository's deployments alone, kept until it is nearly over."""
        place = (one.installation, one.repository_id)
        now = self._wall.wall_now()
        known = self._tokens.get(place)
        if known is not None and now < known.until - _SPARE:
            return known.text
        where = f"{self._api}/app/installations/{one.installation}/access_tokens"
        wish = {"repository_ids": [one.repository_id], "permissions": {"deployments": "write"}}
        status, answer = self._post(where, self._known().proof(now), wish)
        if status == _UNPROVEN and (newer := self._app.refreshed()) is not None:
            status, answer = self._post(where, newer.proof(now), wish)
        if status in _FOR_GOOD:
            raise ReviewRefused(f"GitHub knows no such installation: {status}", http_status=status)
        try:
            made = _Token(str(answer["token"]), datetime.fromisoformat(answer["expires_at"]))
        except UNREADABLE as error:
            raise GithubUnavailable(
                f"GitHub gives no token: {status}", http_status=status
            ) from error
        if status != _CREATED:
            raise GithubUnavailable(f"GitHub gives no token: {status}", http_status=status)
        self._tokens[place] = made
        return made.text

    def _known(self) -> App:
        try:
            return self._app.get()
        except SecretUnavailable as error:
            raise GithubUnavailable(error.detail) from error

    def _post(self, url: str, proof: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        headers = {**_HEADERS, "Authorization": f"Bearer {proof}"}
        try:
            answer = self._pool.request(
                "POST", url, body=json.dumps(body).encode(), headers=headers, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise GithubUnavailable(f"GitHub does not answer: {type(error).__name__}") from error
        try:
            found = json.loads(answer.data or b"{}")
        except ValueError:
            found = {}
        return answer.status, found if isinstance(found, dict) else {}


def _segment(value: Mapping[str, object]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
