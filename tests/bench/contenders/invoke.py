"""Invokes a bundle's handler with one event: `invoke.py <bundle> <module> <event.json>`.

Prints what the handler returned, as JSON, after whatever it logged.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path


def main(task: str, module: str, event_file: str) -> None:
    sys.path.insert(0, task)
    event = json.loads(Path(event_file).read_text(encoding="utf-8"))
    answer = importlib.import_module(module).lambda_handler(event, Context())
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


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
