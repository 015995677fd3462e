"""Which requests the guards let pass, by their headers alone."""

import asyncio

import pytest

from mnistnet.web.guards import Guards, Message, RawHeaders, Receive, Send, host_of, objection
from mnistnet.web.problems import ProblemError
from mnistnet.web.server import is_loopback, own_hosts
from mnistnet.web.settings import Limits

OURS = own_hosts("127.0.0.1")
FRIEND = "https://friend.example"


def ask(headers: RawHeaders, method: str = "GET", friends: tuple[str, ...] = ()) -> ProblemError | None:
    """Why a request with these headers is refused."""
    return objection(method, headers, is_ours=OURS, friends=friends)


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8000", "localhost"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("[::1]:8000", "[::1]"),
        ("localhost:", ""),
        ("localhost:8000@evil.example", ""),
        ("evil.example:80:80", "evil.example:80"),
        ("", ""),
    ],
)
def test_a_host_is_what_stands_before_the_port(authority: str, host: str) -> None:
    assert host_of(authority) == host


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:1"])
def test_this_machine_is_called_by_its_names(host: str) -> None:
    assert ask([(b"host", host.encode())]) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.2", "localhost:8000:80", "", "\xff"]
)
def test_another_host_is_refused(host: str) -> None:
    problem = ask([(b"host", host.encode("latin-1"))])
    assert problem is not None
    assert problem.status == 421
    assert problem.detail.isascii()


def test_no_host_and_two_hosts_are_refused() -> None:
    for headers in ([], [(b"host", b"localhost"), (b"host", b"localhost")]):
        problem = ask(headers)
        assert problem is not None
        assert problem.status == 421


@pytest.mark.parametrize("more", [[(b"x", b"")] * 100, [(b"x", b"y" * 32_000)], [(b"x" * 32_000, b"")]])
def test_too_many_and_too_long_headers_are_refused(more: RawHeaders) -> None:
    problem = ask([(b"host", b"localhost"), *more])
    assert problem is not None
    assert problem.status == 431


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"origin": "http://localhost:8000"}, True),
        ({"origin": "https://localhost:8000"}, True),
        ({"origin": "http://localhost:3000"}, False),
        ({"origin": "http://localhost"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}, True),
        ({"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}, True),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, True),  # a link on another site
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, False),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
    ],
)
def test_other_sites_are_refused(headers: dict[str, str], passes: bool) -> None:
    raw = [(b"host", b"localhost:8000"), *((name.encode(), value.encode()) for name, value in headers.items())]
    problem = ask(raw)
    assert (problem is None) == passes
    assert problem is None or problem.status == 403


def test_a_link_may_lead_here_but_no_form() -> None:
    visit = [(b"host", b"localhost"), (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"navigate")]
    assert ask(visit, "HEAD") is None
    for method in ("POST", "DELETE", "PUT"):
        problem = ask(visit, method)
        assert problem is not None
        assert problem.status == 403


def test_a_site_that_was_named_may_ask_and_no_other() -> None:
    for origin, passes in ((FRIEND, True), (FRIEND.upper(), True), (f"{FRIEND}:81", False), ("null", False)):
        headers = [(b"host", b"localhost"), (b"origin", origin.encode()), (b"sec-fetch-site", b"cross-site")]
        assert (ask(headers, "POST", (FRIEND,)) is None) == passes
        assert ask(headers, "POST") is not None


def test_a_named_host_may_be_called_by_its_name_and_all_addresses_by_any_address() -> None:
    assert own_hosts("Box.example")("box.example")
    assert own_hosts("::1")("[::1]")
    for everywhere in ("0.0.0.0", "::"):
        assert own_hosts(everywhere)("192.168.1.5")
        assert own_hosts(everywhere)("[fe80::1]")
        assert not own_hosts(everywhere)("evil.example")
    assert not own_hosts("192.168.1.5")("192.168.1.6")


def test_only_this_machine_reaches_a_loopback_address() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.0.0.1", "127.0.0.9", "::1")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.5", "box.example")] == [False] * 4


def test_bodies_that_are_held_together_are_limited_until_they_are_answered() -> None:
    """The application is a function here that reads a body of 8 bytes, and then waits to be let go."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"12345678", "more_body": False}

    async def send(message: Message) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    async def program() -> None:
        go = asyncio.Event()

        async def application(_: Message, receive: Receive, send: Send) -> None:
            await receive()
            await go.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        guards = Guards(application, Limits(bodies=12), is_ours=OURS, log=lambda _: None)
        scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"localhost")]}
        first = asyncio.create_task(guards(scope, receive, send))
        await asyncio.sleep(0)
        with pytest.raises(ProblemError) as caught:
            await guards(scope, receive, send)
        assert caught.value.status == 503
        go.set()
        await first
        await guards(scope, receive, send)
        assert statuses == [200, 200]

    asyncio.run(asyncio.wait_for(program(), 10))
