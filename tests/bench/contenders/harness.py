"""Feeds signed deliveries to one contender in a process of its own and prints CPU per event.

Run with the base interpreter, isolated: `harness.py <bundle> <contender.py> <plan.json>`. The plan
holds the provider's secret, a sample body and how many events make a block. Each line on stdin
asks for one block, so that contenders can take turns; each answer is one line with the nanoseconds
of CPU per event. Signing happens outside of what is timed; whatever the contender logs is written,
to nowhere, within it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import runpy
import sys
import time
from typing import Any


def main(task: str, contender: str, plan_file: str) -> None:
    """One number per line asked for."""
    sys.path.insert(0, task)
    with open(plan_file, encoding="utf-8") as file:  # noqa: PTH123 - pathlib would be one more import in every contender
        plan = json.load(file)
    report = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    handle = runpy.run_path(contender)["handler"](plan)
    context = Context()
    for block, _ in enumerate(sys.stdin):
        events = [delivery(plan, f"{block}x{number}") for number in range(plan["events"])]
        before = time.process_time_ns()
        for event in events:
            if handle(event, context)["statusCode"] != 200:
                raise RuntimeError("an event of the benchmark was refused")
        used = (time.process_time_ns() - before) / len(events)
        os.write(report, f"{used}\n".encode())


def delivery(plan: dict[str, Any], suffix: str) -> dict[str, Any]:
    """One signed delivery as API Gateway hands it over, with an event id of its own."""
    body = plan["body"].replace(plan["event_id"], f"{plan['event_id']}{suffix}")
    stamp = str(int(time.time()))
    signed = f"{stamp}.{body}".encode()
    mac = hmac.new(plan["secret"].encode(), signed, hashlib.sha256).hexdigest()
    return {
        "version": "2.0",
        "routeKey": "POST /webhooks/{provider}",
        "rawPath": "/webhooks/stripe",
        "rawQueryString": "",
        "headers": {
            "content-type": "application/json; charset=utf-8",
            "stripe-signature": f"t={stamp},v1={mac}",
            "user-agent": "Stripe/1.0",
        },
        "pathParameters": {"provider": "stripe"},
        "requestContext": {
            "http": {"method": "POST", "path": "/webhooks/stripe", "sourceIp": "127.0.0.1"},
            "requestId": "bench",
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": False,
    }


class Context:
    """What the handlers read of Lambda's context."""

    aws_request_id = "8f2a4f7e-bench"
    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:bench"

    def get_remaining_time_in_millis(self) -> int:
        return 8_000


if __name__ == "__main__":
    main(*sys.argv[1:])
