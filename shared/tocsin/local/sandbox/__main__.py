"""`python -m tocsin.local.sandbox --port N`: one provider, until it is told to stop.

Prints one JSON line when it is ready. With `--state` it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from tocsin.local.sandbox import state
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY
from tocsin.local.sandbox.sandbox import Sandbox
from tocsin.local.sandbox.server import SandboxServer


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT, then saves; 0, or 1 when the port is taken."""
    parser = argparse.ArgumentParser(prog="tocsin.local.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 for any free one")
    parser.add_argument("--state", type=Path, help="kept there between runs")
    parser.add_argument("--seed", help="makes ids repeatable; random when left out")
    parser.add_argument(
        "--api-key", action="append", default=[], help=f"accepted keys, else {DEFAULT_API_KEY}"
    )
    options = parser.parse_args(arguments)
    sandbox = Sandbox(seed=options.seed, keys=options.api_key)
    if options.state and options.state.exists() and not state.load(sandbox, options.state):
        sys.stderr.write(f"{options.state}: written by an older sandbox, begins anew\n")
    try:
        server = SandboxServer(sandbox, options.port)
    except OSError as problem:
        sys.stderr.write(f"port {options.port}: {problem.strerror}\n")
        return 1
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    serving = threading.Thread(target=server.serve_forever, name="sandbox", daemon=True)
    serving.start()
    print(json.dumps({"ready": True, "url": server.url}), flush=True)
    asked.wait()
    server.close()
    if options.state:
        state.save(sandbox, options.state)
    return 0


if __name__ == "__main__":
    sys.exit(main())
