"""Sends one smoke test from where a person sits, and says what came back, word for word.

GET and HEAD only, no redirect is followed, no credentials are sent, and no more of the body is
read than evidence keeps. What did not answer has failed like what answered wrongly.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import urllib3

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_BYTES = 100_000
"""Of one body; ten tests with that much still fit one piece of evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`why` is empty where it passed; `output` is the request, the answer and the verdict."""

    name: str
    why: str
    output: str

    @property
    def passed(self) -> bool:
        return not self.why


def send(test: Mapping[str, Any], *, clock: Callable[[], float] = monotonic) -> Result:
    """Sends a test as the API describes it: name, method, url, status, contains, seconds."""
    started = clock()
    asked = f"{test['method']} {test['url']}"
    pool = urllib3.PoolManager(retries=False, headers={"User-Agent": "tocsin-smoke-test"})
    try:
        answer = pool.request(
            test["method"],
            test["url"],
            timeout=urllib3.Timeout(total=test["seconds"]),
            redirect=False,
            preload_content=False,
        )
        body = answer.read(MOST_BYTES + 1)
    except urllib3.exceptions.HTTPError as error:
        why = f"no answer: {type(error).__name__}"
        return Result(name=test["name"], why=why, output=_written(test, asked, why, [str(error)]))
    finally:
        pool.clear()
    took = clock() - started
    text = body[:MOST_BYTES].decode(errors="replace")
    why = _wrong(test, answer.status, text, took)
    kind = answer.headers.get("content-type", "")
    lines = [f"status {answer.status}, {took * 1000:.0f} ms, {kind or 'no content type'}", "", text]
    if len(body) > MOST_BYTES:
        lines.append(f"(only the first {MOST_BYTES} bytes were read)")
    return Result(name=test["name"], why=why, output=_written(test, asked, why, lines))


def _wrong(test: Mapping[str, Any], status: int, text: str, took: float) -> str:
    if status != test["status"]:
        return f"status {status}, not {test['status']}"
    if test["contains"] and test["contains"] not in text:
        return f"the answer does not contain {test['contains']!r}"
    if took > test["seconds"]:
        return f"took {took:.1f} s, not {test['seconds']} s at most"
    return ""


def _written(test: Mapping[str, Any], asked: str, why: str, lines: list[str]) -> str:
    verdict = f"failed: {why}" if why else "passed"
    return "\n".join([f"== {test['name']}: {verdict}", asked, *lines, ""])
