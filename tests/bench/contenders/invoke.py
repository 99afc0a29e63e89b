"""One execution environment: `invoke.py <bundle> <module>`, an event per line of stdin.

The handler is imported once and called for each line, as Lambda does it. Each answer is one line
of JSON on stdout; what the handler logs goes to stderr.
"""

from __future__ import annotations

import importlib
import json
import os
import sys


def main(task: str, module: str) -> None:
    """Until nobody has another event."""
    sys.path.insert(0, task)
    answers = os.dup(1)
    os.dup2(2, 1)
    handle = importlib.import_module(module).lambda_handler
    for line in sys.stdin:
        os.write(answers, json.dumps(handle(json.loads(line), Context())).encode() + b"\n")


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
