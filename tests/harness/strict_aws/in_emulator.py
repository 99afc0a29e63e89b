"""The emulator with the strict AWS before it; run in its place, by its own interpreter.

Started by path, because the emulator's environment has nothing of ours. What this needs is
imported first and the path of the checkout then taken away again: the functions that the emulator
starts must not find in it what their bundles forgot.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

_CHECKOUT = str(next(up for up in Path(__file__).parents if (up / "pyproject.toml").is_file()))


def main() -> None:
    """Runs the emulator."""
    sys.path[:1] = [_CHECKOUT]  # in the place of this file's own folder
    from tests.harness.strict_aws import findings, rights  # noqa: PLC0415 - the path comes first
    from tests.harness.strict_aws.wire import Request, service_of  # noqa: PLC0415 - the same

    findings.checker()
    sys.path.remove(_CHECKOUT)
    rights.record()
    import ministack.app  # type: ignore[import-not-found] # noqa: PLC0415 - beside its interpreter

    answer = ministack.app.app

    async def checked(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await answer(scope, receive, send)
            return
        headers = {name.decode().lower(): text.decode("latin-1") for name, text in scope["headers"]}
        url = f"http://{headers.get('host', '')}{scope['raw_path'].decode('latin-1')}"
        if scope["query_string"]:
            url += f"?{scope['query_string'].decode('latin-1')}"
        if service_of(Request(scope["method"], url, headers, b"")) is None:
            await answer(scope, receive, send)
            return
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        body = b"".join(each.get("body", b"") for each in messages)
        verdict = findings.judge(Request(scope["method"], url, headers, body))
        if verdict is None:
            await answer(scope, _again(messages, receive), send)
            return
        refused = verdict.answer
        pairs = [(name.encode(), value.encode()) for name, value in refused.headers.items()]
        await send({"type": "http.response.start", "status": refused.status, "headers": pairs})
        await send({"type": "http.response.body", "body": refused.body})

    ministack.app.app = checked
    ministack.app.main()


def _again(messages: list[Any], receive: Any) -> Any:
    """Gives the messages that were read once more, then what follows."""
    left = iter(messages)

    async def received() -> Any:
        for message in left:
            return message
        return await receive()

    return received


if __name__ == "__main__":
    main()
