"""Server: a socket that listens, and uvicorn behind it with its limits."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mnistnet.errors import ServerError
from mnistnet.web.guards import App
from mnistnet.web.settings import Limits

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
BACKLOG = 2_048
KEEP_SECONDS = 10
"""For which an idle connection is kept."""
STOP_SECONDS = 5
"""For requests in flight to be finished, when the server is to stop."""
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
        """Watch it."""
        super().connection_made(transport)
        self.watch(self.cycle)

    def watch(self, seen: object) -> None:
        """Give up, if no request has come since seen was the last one and it is answered; else look again later."""
        self.watching = self.loop.call_later(KEEP_SECONDS, self.look, seen)

    def look(self, seen: object) -> None:
        """End the connection, or go on watching."""
        if self.cycle is seen and (self.cycle is None or self.cycle.response_complete):
            self.transport.abort()
        else:
            self.watch(self.cycle)

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended."""
        self.watching.cancel()
        super().connection_lost(exc)


def make_server(app: App, limits: Limits) -> uvicorn.Server:
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
        limit_concurrency=min(limits.connections, most_files() - OTHER_FILES),
        timeout_keep_alive=KEEP_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return uvicorn.Server(config)


def most_files() -> int:
    """How many files, connections among them, this process may have open, after asking for as many as it can get."""
    try:
        import resource
    except ImportError:  # Windows, where asyncio knows no such limit
        return 1_000_000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if most != resource.RLIM_INFINITY else 65_536
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, 65_536), most))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def address_of(listening: socket.socket, host: str) -> str:
    """The address to type into a browser."""
    port: Any = listening.getsockname()[1]
    everywhere = is_address(host) and ipaddress.ip_address(host).is_unspecified
    return f"http://{'localhost' if everywhere else written(host)}:{port}/"
