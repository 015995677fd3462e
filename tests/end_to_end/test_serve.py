"""`mnistnet serve`, as a user starts, loads and stops it."""

import io
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from PIL import Image

from mnistnet.commands import main
from tests.end_to_end.conftest import CommandLine
from tests.end_to_end.servers import read_answer, serving, wait_until

PROBLEM = "application/problem+json"
posix = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX's signals")


def slow_png() -> bytes:
    """A picture that takes a second or so to read: 49 megapixels."""
    file = io.BytesIO()
    Image.new("L", (7_000, 7_000), 255).save(file, "PNG")
    return file.getvalue()


@pytest.mark.slow
@posix
def test_requests_in_flight_are_finished_when_it_is_told_to_stop(tmp_path: Path) -> None:
    picture = slow_png()
    head = f"POST /api/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
    with serving(tmp_path / "home", "--workers", 1) as server:
        connections = [server.connect() for _ in range(8)]  # together they take longer than most would wait
        for connection in connections:
            connection.sendall(head + picture)
        with server.client() as client:
            assert wait_until(lambda: client.get("/healthz").json()["waiting"] == 7)
        server.process.terminate()
        answers = [read_answer(connection) for connection in connections]
        for connection in connections:
            connection.close()
        assert [status for status, _ in answers] == [200] * 8
        assert server.process.wait(5) == 0
        with pytest.raises(ConnectionRefusedError):
            server.connect()


@pytest.mark.slow
@posix
def test_a_request_that_never_ends_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    with serving(tmp_path / "home", "--workers", 1, "--timeout", 3) as server, server.connect() as slow:
        slow.sendall(b"POST /api/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx")
        with server.client() as client:
            assert client.get("/healthz").status_code == 200
        server.process.terminate()
        status, problem = read_answer(slow)
        assert (status, problem["detail"]) == (408, "the request took longer than 3 s to arrive")


@pytest.mark.slow
@posix
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
def test_a_worker_that_is_killed_costs_one_answer_and_none_outlives_the_server(tmp_path: Path) -> None:
    picture = slow_png()
    with serving(tmp_path / "home", "--workers", 1) as server, server.client() as client:
        assert client.post("/api/read", content=picture).status_code == 200
        with ThreadPoolExecutor() as threads:
            killed = threads.submit(client.post, "/api/read", content=picture)
            assert wait_until(lambda: busy(server.workers()[0]))
            os.kill(server.workers()[0], signal.SIGKILL)
            assert killed.result().status_code == 422
            assert "broke down" in killed.result().json()["detail"]
        assert client.post("/api/read", content=picture).status_code == 200
        (worker,) = server.workers()
        os.kill(server.process.pid, signal.SIGKILL)
        assert wait_until(lambda: not Path(f"/proc/{worker}").exists() or "Z" in state(worker))
        server.process.wait()
        server.process.returncode = 0  # it was killed here, and so need not stop in good order


def state(process: int) -> str:
    """How Linux calls what a process does."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def busy(process: int) -> bool:
    """Whether it computes."""
    return state(process) == "R"


@pytest.mark.slow
@posix
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
def test_a_worker_that_is_killed_while_it_starts_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path / "home", "--workers", 1) as server, server.client() as client:
        assert client.get("/healthz").status_code == 200
        for _ in range(3):
            assert wait_until(lambda: bool(server.workers()))
            os.kill(server.workers()[0], signal.SIGKILL)
            answer = client.post("/api/read", content=slow_png())
            assert answer.status_code in (200, 422)
        assert client.post("/api/read", content=slow_png()).status_code == 200


@pytest.mark.slow
@posix
def test_a_log_that_nobody_reads_stops_nothing(mnistnet: CommandLine) -> None:
    process = mnistnet.start("serve", "--port", 0, "--model", "shipped")
    assert process.stdout
    address = [process.stdout.readline() for _ in range(2)][1].split()[2]
    with httpx.Client(trust_env=False, timeout=20) as client:
        for _ in range(1_000):  # a pipe holds the lines of some 450
            assert client.get(f"{address}healthz").status_code == 200
    process.terminate()
    process.wait(10)
    process.communicate()
    assert process.returncode == 0


@pytest.mark.slow
@posix
def test_a_full_queue_refuses_what_it_cannot_take(tmp_path: Path) -> None:
    picture = slow_png()
    with (
        serving(tmp_path / "home", "--workers", 1, "--queue", 2) as server,
        server.client() as client,
        ThreadPoolExecutor(8) as threads,
    ):
        assert client.post("/api/read", content=picture).status_code == 200  # the process has started
        answers = list(threads.map(lambda _: client.post("/api/read", content=picture), range(8)))
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {200, 503}
        assert statuses.count(200) >= 3
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert refused.headers["retry-after"] == "1"
        assert "wait already" in refused.json()["detail"]
        assert client.post("/api/read", content=picture).status_code == 200


def test_a_port_that_is_taken_is_one_line(mnistnet: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = mnistnet.apart("serve", "--port", port)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert f"port {port}: " in done.stderr
    assert "--port" in done.stderr


def test_options_that_make_no_sense_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    senseless = {"port": "70000", "workers": "0", "max-body": "0", "timeout": "nan", "queue": "0"}
    for name, value in senseless.items():
        assert main(["serve", f"--{name}", value]) == 2
        assert f"--{name} must be from" in capsys.readouterr().err


@pytest.mark.slow
def test_a_host_that_is_none_is_one_line(mnistnet: CommandLine) -> None:
    done = mnistnet.apart("serve", "--host", "203.0.113.7", "--port", 0)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "203.0.113.7" in done.stderr


def test_without_the_extra_it_says_what_to_install(
    mnistnet: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fastapi.py").write_text("raise ModuleNotFoundError(\"No module named 'fastapi'\", name='fastapi')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    done = mnistnet.apart("serve", "--port", 0)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "pip install 'mnistnet[web]'" in done.stderr
    assert "example: mnistnet serve" in mnistnet("serve", "--help").stdout


@pytest.mark.slow
@posix
def test_ctrl_c_stops_it(mnistnet: CommandLine) -> None:
    process = mnistnet.start("serve", "--port", 0)
    assert process.stdout
    process.stdout.readline()
    assert "http://127.0.0.1:" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (130, "mnistnet: stopped\n")


@pytest.mark.slow
@posix
def test_it_shows_the_page_in_the_users_browser(mnistnet: CommandLine, tmp_path: Path) -> None:
    """The browser is a program that notes which address it was given."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    command = [sys.executable, "-m", "mnistnet", "serve", "--port", "0", "--open"]
    environment = mnistnet.environment() | {"BROWSER": str(browser)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout
        address = [process.stdout.readline() for _ in range(2)][1].split()[2]
        assert wait_until(lambda: (tmp_path / "opened").exists() and (tmp_path / "opened").read_text())
        process.terminate()
        assert process.wait(10) == 0
    assert (tmp_path / "opened").read_text() == f"{address}\n"


@pytest.mark.slow
def test_who_opens_it_to_others_is_warned_and_called_by_address(tmp_path: Path) -> None:
    with serving(tmp_path / "home", "--host", "0.0.0.0", "--workers", 1) as server, server.client() as client:
        assert "whoever reaches 0.0.0.0" in server.log.read_text()
        for host, status in (("192.168.1.5", 200), (socket.gethostname(), 200), ("evil.example", 421)):
            assert client.get("/healthz", headers={"Host": host}).status_code == status
