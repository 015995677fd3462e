"""Guards: what every request has to pass before anything else looks at it, and what every answer has.

Another site that the user visits can send requests to this server from the user's browser. These are told by their Host
header, which is not ours where that site's name was made to lead here, or by Origin and Sec-Fetch-Site.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping, Sequence
from typing import Any

from mnistnet.web.problems import CONTENT_TYPE, ProblemError, busy
from mnistnet.web.settings import MEGABYTE, Limits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
RawHeaders = Sequence[tuple[bytes, bytes]]

MOST_HEADERS, MOST_HEADER_BYTES = 100, 32_000
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
SAFETY = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
"""Headers of every answer."""


def values_of(headers: RawHeaders, name: bytes) -> list[str]:
    """The values of all headers of this name."""
    return [value.decode("latin-1").strip() for key, value in headers if key == name]


def host_of(authority: str) -> str:
    """The host in a Host header, which may have a port; "" where there is none."""
    host, colon, port = authority.lower().rpartition(":")
    if not colon or authority.endswith("]"):
        return authority.lower()
    return host if port.isascii() and port.isdecimal() else ""


def objection(
    method: str, headers: RawHeaders, *, is_ours: Callable[[str], bool], friends: Collection[str]
) -> ProblemError | None:
    """Why a request must not go on, by its headers.

    is_ours tells the hosts by which this server may be called, and friends are the origins of other sites that may.
    """
    if len(headers) > MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > MOST_HEADER_BYTES:
        most = f"{MOST_HEADERS} headers and {MOST_HEADER_BYTES:,} bytes of them"
        return ProblemError(431, f"expected at most {most}")
    hosts = values_of(headers, b"host")
    if len(hosts) != 1 or not is_ours(host_of(hosts[0])):
        got = ascii(hosts[0])[:80] if hosts else "none"
        return ProblemError(
            421, f"expected a Host header with a name of this server, got {got}; see `mnistnet serve --host`"
        )
    origins = {origin.lower() for origin in values_of(headers, b"origin")}
    is_elsewhere = not {"cross-site", "same-site"}.isdisjoint(values_of(headers, b"sec-fetch-site"))
    is_visit = method in ("GET", "HEAD") and values_of(headers, b"sec-fetch-mode") == ["navigate"]
    is_known = origins <= {f"http://{hosts[0].lower()}", f"https://{hosts[0].lower()}", *friends}
    if not is_known or (is_elsewhere and not is_visit and origins.isdisjoint(friends)):
        return ProblemError(403, "other sites may not use this server")
    return None


class Guards:
    """Stands before an ASGI application, keeps its limits, and tells each request to log when it is answered."""

    def __init__(
        self,
        app: App,
        limits: Limits,
        *,
        is_ours: Callable[[str], bool],
        log: Callable[[dict[str, Any]], None],
    ) -> None:
        self.app, self.limits, self.is_ours, self.log = app, limits, is_ours, log
        self.held = 0
        """Bytes of the bodies of all requests that are not answered yet."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":  # the start and the end of the server
            return await self.app(scope, receive, send)
        exchange = Exchange(self, receive, send)
        method, headers, friends = scope["method"], scope["headers"], self.limits.friends
        problem = objection(method, headers, is_ours=self.is_ours, friends=friends) or self.too_large(headers)
        try:
            if problem is None:
                await self.app(scope, exchange.receive, exchange.send)
            else:
                await exchange.refuse(problem)
        except asyncio.CancelledError:  # the server stops, and has waited long enough
            if not exchange.status:
                await exchange.refuse(busy("the server stops"))
        finally:
            self.held -= exchange.received
            self.log(exchange.as_json(scope))

    def too_large(self, headers: RawHeaders) -> ProblemError | None:
        """The problem with a body whose announced length is beyond the limit."""
        lengths = values_of(headers, b"content-length")
        if not any(length.isdecimal() and int(length[:20]) > self.limits.body for length in lengths):
            return None
        return self.body_problem()

    def body_problem(self) -> ProblemError:
        """A body is larger than it may be."""
        return ProblemError(413, f"expected at most {self.limits.body / MEGABYTE:g} MB; send a smaller picture")


class Exchange:
    """One request and its answer, counted on their way."""

    def __init__(self, guards: Guards, receive: Receive, send: Send) -> None:
        self.guards, self.receive_next, self.send_next = guards, receive, send
        self.began = time.perf_counter()
        self.received, self.sent, self.status = 0, 0, 0

    async def receive(self) -> Message:
        """The next piece of the body. Raises ProblemError where it is too long or comes too slowly."""
        limits = self.guards.limits
        left = self.began + limits.seconds - time.perf_counter()
        try:
            async with asyncio.timeout(left):
                message = await self.receive_next()
        except TimeoutError:
            headers = {"Connection": "close"}
            raise ProblemError(
                408, f"the request took longer than {limits.seconds:g} s to arrive", headers=headers
            ) from None
        size = len(message.get("body", b""))
        self.received += size
        self.guards.held += size
        if self.received > limits.body:
            raise self.guards.body_problem()
        if self.guards.held > limits.bodies:
            raise busy("too many large requests at once")
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message["headers"], *SAFETY]}
        self.sent += len(message.get("body", b""))
        await self.send_next(message)

    async def refuse(self, problem: ProblemError) -> None:
        """Answer with a problem; what is still to come of the request is thrown away."""
        content = problem.content()
        headers = {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(content))} | problem.headers
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": raw})
        await self.send({"type": "http.response.body", "body": content})

    def as_json(self, scope: Message) -> dict[str, Any]:
        """A line of the log; status is 0 where nobody waited for an answer."""
        return {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "client": (scope.get("client") or ("",))[0],
            "method": scope["method"],
            "path": scope["path"],
            "status": self.status,
            "received": self.received,
            "sent": self.sent,
            "ms": round(1e3 * (time.perf_counter() - self.began), 1),
        }
