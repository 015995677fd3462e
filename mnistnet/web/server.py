"""Server: a socket that listens, and uvicorn behind it with its limits."""

import asyncio
import ipaddress
import math
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mnistnet.errors import ServerError
from mnistnet.web.guards import SAFETY, App
from mnistnet.web.problems import CONTENT_TYPE, ProblemError
from mnistnet.web.settings import Limits

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
BACKLOG = 2_048
KEEP_SECONDS = 10
"""For which an idle connection is kept."""
MOST_FILES, MACOS_FILES = 65_536, 10_240
"""That this process asks for; macOS has an unlimited limit, and refuses what is beyond another one."""
OTHER_FILES = 200
"""Open at most, beside connections."""


def listen(host: str, port: int) -> socket.socket:
    """A socket at this address. Raises ServerError, which says what to do, where there can be none."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:  # a name that is too long for the network
        reason = getattr(error, "strerror", None) or error
        raise ServerError(f"cannot listen at {host}, port {port}: {reason}; pass another --port or --host") from error


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens at host."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def is_address(host: str) -> bool:
    """Whether host is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def written(host: str) -> str:
    """host as it stands in addresses."""
    return f"[{host}]" if ":" in host else host.lower()


def own_hosts(host: str) -> Callable[[str], bool]:
    """Tells by which hosts a server that listens at host may be called: this machine's names for itself, and host.

    One that listens at all addresses may be called by any address: other sites lead browsers here by names only.
    """
    names = {*LOOPBACK, written(host)}
    listens_everywhere = is_address(host) and ipaddress.ip_address(host).is_unspecified
    own = {socket.gethostname().lower()} if listens_everywhere else set()
    return lambda called: called in names | own or (listens_everywhere and is_address(called.strip("[]")))


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 that gives up a connection on which nothing gets done.

    uvicorn waits for ever for the end of a request's head, and for a client to take the end of an answer.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Watch it; and send what is written at once: asyncio sees to that only for sockets that name their protocol,
        and the end of an answer would wait for 40 ms."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.watch()

    def watch(self) -> None:
        """Look again later whether anything has been done."""
        left = self.transport.get_write_buffer_size()
        self.watching = self.loop.call_later(KEEP_SECONDS, self.look, self.cycle, left)

    def look(self, last: object, left: int) -> None:
        """End the connection, if no request has come since the last one, which is answered, and the client has taken
        nothing of what was left of the answer; else go on watching."""
        is_answered = self.cycle is None or self.cycle.response_complete
        if self.cycle is last and is_answered and self.transport.get_write_buffer_size() == left:
            self.transport.abort()
        else:
            self.watch()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as other problems are answered, and end the connection."""
        content = ProblemError(400, f"expected a request of HTTP/1.1 ({msg})").content()
        length, kind = str(len(content)).encode(), CONTENT_TYPE.encode()
        headers = [(b"content-type", kind), (b"content-length", length), (b"connection", b"close"), *SAFETY]
        events = h11.Response(status_code=400, headers=headers, reason=b"Bad Request"), h11.Data(content)
        for event in (*events, h11.EndOfMessage()):
            self.transport.write(self.conn.send(event))
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended."""
        self.watching.cancel()
        super().connection_lost(exc)


class Server(uvicorn.Server):
    """uvicorn's, which tells when it has started: from then on it takes requests, and Ctrl-C and SIGTERM end it in
    order."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self.on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell."""
        await super().startup(sockets)
        self.on_start()


def make_server(app: App, limits: Limits, *, on_start: Callable[[], None]) -> Server:
    """What serves app; its own log tells only what went wrong."""
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=ImpatientProtocol,
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        limit_concurrency=min(limits.connections, most_connections(allow_files())),
        timeout_keep_alive=KEEP_SECONDS,
        timeout_graceful_shutdown=math.ceil(limits.seconds),
    )
    return Server(config, on_start)


def most_connections(files: int) -> int:
    """How many connections a process may have that may have so many files open."""
    return max(files - OTHER_FILES, files // 4)


def allow_files() -> int:
    """Have this process open as many files as it can get, connections among them; how many that are."""
    try:
        import resource
    except ImportError:  # Windows, where asyncio knows no such limit
        return 1_000_000
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    for wanted in (highest, MACOS_FILES):
        if now < wanted <= highest:
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
                return wanted
    return now


def address_of(listening: socket.socket, host: str) -> str:
    """The address to type into a browser."""
    port: Any = listening.getsockname()[1]
    everywhere = is_address(host) and ipaddress.ip_address(host).is_unspecified
    return f"http://{'localhost' if everywhere else written(host)}:{port}/"
