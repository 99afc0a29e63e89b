"""A running sandbox and a webhook receiver that checks signatures with the official SDK."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import stripe

from tocsin.local.sandbox.clients import official
from tocsin.local.sandbox.clients.stripe import SandboxClient
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY
from tocsin.local.sandbox.sandbox import Sandbox
from tocsin.local.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "whsec_receiver"
START = 1_790_000_000


class Receiver(ThreadingHTTPServer):
    """Answers 200 to what the official SDK verifies and 400 to all else.

    `answer` may decide otherwise, from the number of times the event was seen before.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Callable[[int], int] = lambda _seen: 200
        self.seen: Counter[str] = Counter()
        self.got: list[stripe.Event] = []
        self.refused = 0
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/webhooks/stripe"

    def take(self, body: bytes, signature: str | None) -> int:
        with self.lock:
            try:
                event = stripe.Webhook.construct_event(body, signature, SECRET)
            except (ValueError, stripe.SignatureVerificationError):
                self.refused += 1
                return 400
            status = self.answer(self.seen[event.id])
            self.seen[event.id] += 1
            if status == 200:
                self.got.append(event)
            return status


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        status = self.server.take(body, self.headers.get("stripe-signature"))
        self.send_response(status)
        if status in {301, 307}:
            self.send_header("location", self.server.url)
        self.send_header("content-length", "0")
        self.end_headers()
        self.wfile.flush()

    def log_message(self, *args: object) -> None:
        pass


class World:
    """The sandbox, how to control it, the official client, and the receiver."""

    def __init__(self, sandbox: Sandbox, server: SandboxServer, receiver: Receiver) -> None:
        self.sandbox, self.url, self.receiver = sandbox, server.url, receiver
        self.control = SandboxClient(server.url)
        self.sdk = official.client(server.url, DEFAULT_API_KEY)

    def listen(self, **more: Any) -> None:
        more = {"backoff_seconds": 0.01, **more}
        self.control.put_endpoint("we_1", self.receiver.url, [SECRET], **more)

    def customer(self, card: str = "pm_card_visa") -> stripe.Customer:
        settings: Any = {"default_payment_method": card}
        return self.sdk.v1.customers.create({"invoice_settings": settings})

    def price(self) -> str:
        product = self.sdk.v1.products.create({"name": "plan"})
        price = self.sdk.v1.prices.create(
            {
                "currency": "usd",
                "product": product.id,
                "unit_amount": 900,
                "recurring": {"interval": "month"},
            }
        )
        return price.id

    def subscribe(self) -> stripe.Subscription:
        return self.sdk.v1.subscriptions.create(
            {"customer": self.customer().id, "items": [{"price": self.price()}]}
        )


@contextlib.contextmanager
def world(**options: Any) -> Iterator[World]:
    """Both servers on free loopback ports for as long as the block lasts."""
    receiver = Receiver()
    server = SandboxServer(Sandbox(seed="test", **options), 0)
    threads = [
        threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        for one in (receiver, server)
    ]
    for thread in threads:
        thread.start()
    try:
        yield World(server.sandbox, server, receiver)
    finally:
        server.close()
        receiver.shutdown()
        receiver.server_close()
