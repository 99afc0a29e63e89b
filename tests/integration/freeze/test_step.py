"""The step that pipelines copy, under the bash that is here, against a server that misbehaves.

Its requests are checked as API Gateway checks them: the signature is made again by botocore, from
what arrived ("Signature Version 4", AWS General Reference).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.harness.fakes.scripted_http import Reply, json_reply, scripted

if TYPE_CHECKING:
    from tests.harness.fakes.scripted_http import Seen, Server

STEP = Path(__file__).parents[3] / "docs/how-to/freeze-check"
BASH = shutil.which("bash") or "/bin/bash"
ACCESS, SECRET, TOKEN = "AKIAFAKEFORTESTS0000", "not/a+secret", "not-a-token=="
KEYS = Credentials(ACCESS, SECRET, TOKEN)
FREE: dict[str, Any] = {
    "service": "api",
    "frozen": False,
    "allowed": True,
    "known": True,
    "fails": "open",
    "why": "nothing is frozen",
}
FROZEN = FREE | {"frozen": True, "allowed": False, "why": "stopped by INC-7 (api)"}


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of the step: `outputs` are those of the job."""

    code: int
    said: str
    outputs: dict[str, str]


def run(folder: Path, url: str, **told: str) -> Ran:
    files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    environment = {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(folder),
        "AWS_ACCESS_KEY_ID": ACCESS,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN,
        "AWS_REGION": "us-east-1",
        "GITHUB_SHA": "c0ffee1" + "0" * 33,
        "TOCSIN_API_URL": url,
        "TOCSIN_SERVICE": "api",
        "TOCSIN_TRIES": "1",
        "TOCSIN_SECONDS": "5",
        **{name: str(file) for name, file in files.items()},
        **told,
    }
    done = subprocess.run(
        [BASH, str(STEP / "check.sh")], env=environment, capture_output=True, text=True, check=False
    )
    lines = files["GITHUB_OUTPUT"].read_text().splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    assert set(outputs) <= {"allowed", "known", "why"}, "one line each, whatever a server says"
    assert not [one for one in folder.iterdir() if one not in files.values()], "it leaves no file"
    assert SECRET not in done.stdout + done.stderr
    return Ran(done.returncode, done.stdout, outputs)


def signature_fits(server: Server, seen: Seen) -> bool:
    """Whether API Gateway would take it: host, date and token are signed, and as botocore does."""
    given = seen.headers["authorization"]
    signed = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"host", "x-amz-date", "x-amz-security-token"} <= set(signed)
    headers = {name: seen.headers[name] for name in signed}
    request = AWSRequest(seen.method, server.url + seen.path, headers=headers)
    made = datetime.strptime(seen.headers["x-amz-date"], "%Y%m%dT%H%M%S%z")
    request.context["timestamp"] = made.strftime("%Y%m%dT%H%M%SZ")
    signer = SigV4Auth(KEYS, "execute-api", "us-east-1")
    canonical = signer.canonical_request(request)
    proof = signer.signature(signer.string_to_sign(request, canonical), request)
    return given.endswith(f"Signature={proof}")


@pytest.mark.parametrize(("answer", "code", "allowed"), [(FREE, 0, "true"), (FROZEN, 1, "false")])
def test_free_goes_on_and_frozen_stops_with_the_reason(
    tmp_path: Path, answer: dict[str, Any], code: int, allowed: str
) -> None:
    with scripted(json_reply(answer)) as server:
        ran = run(tmp_path, server.url)
        (seen,) = server.seen
        assert signature_fits(server, seen)
    assert (ran.code, ran.outputs) == (
        code,
        {"allowed": allowed, "known": "true", "why": answer["why"]},
    )
    assert answer["why"] in ran.said
    asked = dict(parse_qsl(urlsplit(seen.path).query))
    assert (urlsplit(seen.path).path, asked) == (
        "/v1/freeze",
        {"service": "api", "change": "code", "name": "c0ffee1" + "0" * 33},
    )


def test_names_with_blanks_and_signs_are_asked_for_whole_and_signed_so(tmp_path: Path) -> None:
    told = {
        "TOCSIN_SERVICE": "pay & ship/über",
        "TOCSIN_NAME": "tax=on?#",
        "AWS_REGION": "us-east-1",
    }
    with scripted(json_reply(FREE | {"service": "pay & ship/über"})) as server:
        assert run(tmp_path, server.url, **told).code == 0
        (seen,) = server.seen
        assert signature_fits(server, seen)
    asked = dict(parse_qsl(urlsplit(seen.path).query))
    assert (asked["service"], asked["name"]) == ("pay & ship/über", "tax=on?#")


NO_ANSWER = {
    "500": Reply(500, b"{}"),
    "503": json_reply({"code": "store_unavailable"}, 503),
    "429": Reply(429),
    "slow": Reply(then="hang"),
    "reset": Reply(then="reset"),
    "cut": Reply(
        200, b'{"allowed": true, "known": true, "why": "x", "service": "api"}', then="cut"
    ),
    "nothing": Reply(200, b""),
    "html": Reply(200, b"<html>It works!</html>"),
    "text": Reply(200, b'"allowed"'),
    "list": Reply(200, b"[true]"),
    "two": Reply(200, b'{"allowed": true}{"allowed": true}'),
    "words": json_reply(FREE | {"allowed": "true"}),
    "another's": json_reply(FREE | {"service": "shop"}),
    "without why": json_reply({k: v for k, v in FREE.items() if k != "why"}),
}


@pytest.mark.parametrize("fail", ["", "closed"])
@pytest.mark.parametrize("kind", NO_ANSWER)
def test_what_is_no_answer_fails_as_told_open_by_default_and_loudly(
    tmp_path: Path, kind: str, fail: str
) -> None:
    with scripted(NO_ANSWER[kind]) as server:
        told = {"TOCSIN_FAIL": fail} if fail else {}
        ran = run(tmp_path, server.url, TOCSIN_SECONDS="0.4" if kind == "slow" else "5", **told)
    closed = fail == "closed"
    assert ran.code == (7 if closed else 0)
    assert "NOBODY KNOWS WHETHER api IS FROZEN" in ran.said
    assert ran.said.startswith("::error" if closed else "::warning")
    assert ("Failing CLOSED" if closed else "Failing OPEN") in ran.said
    assert (ran.outputs["allowed"], ran.outputs["known"]) == (
        "false" if closed else "true",
        "false",
    )


@pytest.mark.parametrize(("fail", "code"), [("open", 0), ("closed", 7)])
def test_nobody_there_is_no_answer(tmp_path: Path, fail: str, code: int) -> None:
    with scripted(Reply()) as server:
        gone = server.url
    assert run(tmp_path, gone, TOCSIN_FAIL=fail).code == code


def test_a_hiccup_is_asked_again(tmp_path: Path) -> None:
    with scripted(Reply(503), json_reply(FROZEN)) as server:
        ran = run(tmp_path, server.url, TOCSIN_TRIES="2")
        assert (ran.code, len(server.seen)) == (1, 2)


@pytest.mark.parametrize(("allowed", "code"), [(True, 0), (False, 7)])
def test_where_tocsin_cannot_read_freezes_the_runbook_decides(
    tmp_path: Path, *, allowed: bool, code: int
) -> None:
    answer = FREE | {"known": False, "allowed": allowed, "why": "freezes cannot be read"}
    for fail in ("open", "closed"):
        with scripted(json_reply(answer)) as server:
            ran = run(tmp_path, server.url, TOCSIN_FAIL=fail)
        assert (ran.code, "NOBODY KNOWS" in ran.said) == (code, True)


@pytest.mark.parametrize(
    "told",
    [
        {"TOCSIN_FAIL": "maybe"},
        {"TOCSIN_SERVICE": ""},
        {"TOCSIN_API_URL": ""},
        {"TOCSIN_API_URL": "http://tocsin.example.com"},
        {"TOCSIN_API_URL": "https://user@tocsin.example.com"},
        {"AWS_ACCESS_KEY_ID": ""},
        {"AWS_REGION": ""},
    ],
)
def test_set_up_wrong_is_never_open_and_asks_nobody(tmp_path: Path, told: dict[str, str]) -> None:
    with scripted(json_reply(FREE)) as server:
        ran = run(tmp_path, **({"url": server.url} | _as_arguments(told)))
        assert (ran.code, server.seen) == (2, [])
    assert ran.said.startswith("::error")


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404])
def test_a_refusal_is_set_up_wrong_and_no_redirect_is_followed(tmp_path: Path, status: int) -> None:
    refusal = json_reply({"message": "Forbidden"}, status, location="http://127.0.0.1:1/")
    with scripted(refusal) as server:
        ran = run(tmp_path, server.url)
        assert (ran.code, len(server.seen)) == (2, 1)
    assert f"the API answered {status}: Forbidden" in ran.said


def test_what_a_server_says_can_give_the_runner_no_command(tmp_path: Path) -> None:
    evil = "x\n::set-env name=PATH::/tmp\r\n::add-mask::y%0A"
    with scripted(json_reply(FROZEN | {"why": evil})) as server:
        ran = run(tmp_path, server.url)
    assert ran.code == 1
    assert [line for line in ran.said.splitlines() if line] == [ran.said.strip()]
    assert "\n" not in ran.outputs["why"]


def test_the_action_hands_every_input_to_the_script_and_fails_open_by_default() -> None:
    action = yaml.safe_load((STEP / "action.yml").read_text())
    (step,) = action["runs"]["steps"]
    script = (STEP / "check.sh").read_text()
    given = {value.strip("${} ").removeprefix("inputs.") for value in step["env"].values()}
    assert given == set(action["inputs"])
    assert all(f"${{{name}" in script for name in step["env"])
    assert action["inputs"]["fail"]["default"] == "open"
    assert "${{" not in step["run"], "nothing of a caller's becomes script"


def _as_arguments(told: dict[str, str]) -> dict[str, str]:
    return {"url" if name == "TOCSIN_API_URL" else name: value for name, value in told.items()}
