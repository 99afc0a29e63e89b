"""GitHub as an App sees it, on loopback: installations, tokens and deployments that wait.

After "Creating custom deployment protection rules", "Generating a JSON Web Token (JWT) for a GitHub
App", "Generating an installation access token" and "Review custom deployment protection rules for a
workflow run" (docs.github.com): a proof is RS256 by the App's key, made in the past and over within
ten minutes; a token is of one installation, an hour long and bound to what was asked for; a
deployment takes ten status reports of 1,024 characters, one answer, and says 204. What is over or
was answered is refused with 422; the page does not say with what.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.harness.fakes.scripted_http import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = "4711"


@cache
def app_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem() -> str:
    """The key as GitHub hands it out: PKCS#1."""
    text = app_key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return text.decode()


@dataclass(slots=True)
class Job:
    """A deployment that waits for the rule."""

    state: str = "waiting"
    comments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class GithubApp:
    """What GitHub holds. `faults` are spent first, one a request: a status, `hang`, `lost`."""

    url: str = ""
    installations: dict[int, set[int]] = field(default_factory=lambda: {401: {501}})
    repositories: dict[str, int] = field(default_factory=lambda: {"acme/checkout": 501})
    jobs: dict[tuple[str, int, str], Job] = field(default_factory=dict)
    faults: list[int | str] = field(default_factory=list)
    tokens: dict[str, tuple[datetime, set[int]]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    key: rsa.RSAPrivateKey = field(default_factory=app_key)
    released: threading.Event = field(default_factory=threading.Event)

    def wait(
        self, repository: str = "acme/checkout", run: int = 9001, environment: str = "production"
    ) -> Job:
        """A job comes to the rule."""
        return self.jobs.setdefault((repository, run, environment), Job())

    def secret(self, **more: Any) -> dict[str, Any]:
        """What the App's secret holds."""
        return {"app_id": int(APP), "private_key": pem(), **more}

    def answered(self, path: str, proof: str, body: Any) -> tuple[int, dict[str, Any]]:
        if found := re.fullmatch(r"/app/installations/(\d+)/access_tokens", path):
            return self._token(int(found[1]), proof, body)
        if found := re.fullmatch(
            r"/repos/([\w.-]+/[\w.-]+)/actions/runs/(\d+)/deployment_protection_rule", path
        ):
            return self._review(found[1], int(found[2]), proof, body)
        return 404, {"message": "Not Found"}

    def _token(self, installation: int, proof: str, body: Any) -> tuple[int, dict[str, Any]]:
        if not self._proven(proof):
            return 401, {"message": "A JSON web token could not be decoded"}
        theirs = self.installations.get(installation)
        if theirs is None:
            return 404, {"message": "Not Found"}
        wanted = set(body["repository_ids"])
        if not wanted <= theirs or body["permissions"] != {"deployments": "write"}:
            return 422, {"message": "not granted"}
        token, until = f"ghs_{len(self.tokens)}", datetime.now(UTC) + timedelta(hours=1)
        self.tokens[token] = (until, wanted)
        return 201, {"token": token, "expires_at": until.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def _proven(self, proof: str) -> bool:
        try:
            head, claims, signature = proof.split(".")
            public = self.key.public_key()
            public.verify(
                _bytes(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), SHA256()
            )
        except (ValueError, InvalidSignature):
            return False
        said, now = json.loads(_bytes(claims)), time.time()
        fits = said["iat"] <= now < said["exp"] <= now + 600 and str(said["iss"]) == APP
        return fits and json.loads(_bytes(head)) == {"alg": "RS256", "typ": "JWT"}

    def _review(self, name: str, run: int, token: str, body: Any) -> tuple[int, dict[str, Any]]:
        until, theirs = self.tokens.get(token, (datetime.min.replace(tzinfo=UTC), set()))
        if datetime.now(UTC) >= until:
            return 401, {"message": "Bad credentials"}
        if self.repositories.get(name) not in theirs:
            return 404, {"message": "Not Found"}
        job = self.jobs.get((name, run, body["environment_name"]))
        if job is None or job.state != "waiting":
            return 422, {"message": "no such deployment waits"}
        comment, state = body.get("comment", ""), body.get("state")
        if len(comment) > 1024 or state not in {None, "approved", "rejected"}:
            return 422, {"message": "invalid"}
        if state is None:
            if not comment or len(job.comments) >= 10:
                return 422, {"message": "no more reports"}
        else:
            job.state = state
        job.comments.append(comment)
        return 204, {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: GithubApp

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        state = self.state
        state.requests.append(self.path)
        assert self.headers["user-agent"], "GitHub refuses who does not say who they are"
        assert self.headers["accept"] == "application/vnd.github+json"
        fault = state.faults.pop(0) if state.faults else None
        if isinstance(fault, int):
            self._say(fault, {"message": "planned"})
            return
        if fault == "hang":
            state.released.wait()
            self.close_connection = True
            return
        proof = self.headers["authorization"].removeprefix("Bearer ")
        status, said = state.answered(self.path, proof, body)
        if fault == "lost":  # done, and the answer never arrives
            self.close_connection = True
            self.connection.close()
            return
        self._say(status, said)

    def _say(self, status: int, said: dict[str, Any]) -> None:
        text = b"" if status == 204 else json.dumps(said).encode()
        self.send_response_only(status)
        if 300 <= status < 400:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """A test's output is its own."""


@contextmanager
def github_app() -> Iterator[GithubApp]:
    state = GithubApp()
    with serving(_Handler, state, state.released) as state.url:
        yield state


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
