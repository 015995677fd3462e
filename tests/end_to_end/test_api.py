"""The API of `mnistnet serve`, as programs and the page ask it."""

import io
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from mnistnet.evaluation.metrics import wilson_interval
from mnistnet.model_file import load_model
from mnistnet.places import shipped
from tests.end_to_end.conftest import CommandLine
from tests.end_to_end.servers import Serving, serving

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("serving") / "home", "--workers", 1) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Serving) -> Iterator[httpx.Client]:
    with server.client() as asking:
        yield asking


def predicted(command_line: CommandLine, *arguments: object) -> list[dict[str, object]]:
    done = command_line("predict", "--model", "shipped", "--json", *arguments)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_picture_is_answered_as_predict_does(
    server: Serving, client: httpx.Client, draw: Callable[[int], Path]
) -> None:
    path = draw(3)
    (expected,) = predicted(CommandLine(server.home), path)
    for kind in ("image/png", "text/plain", "application/x-www-form-urlencoded", ""):
        answer = client.post("/api/read", content=path.read_bytes(), headers={"Content-Type": kind})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == expected | {"file": "picture"}


def test_a_form_of_several_is_answered_by_a_list_in_its_order(
    server: Serving, client: httpx.Client, draw: Callable[[int], Path], tmp_path: Path
) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    paths = [draw(3), tmp_path / "notes.png", draw(5)]
    expected = predicted(CommandLine(server.home), *paths)
    names = ["a.png", "../../etc/数字.png", "b.png"]
    files = [("pictures", (name, path.read_bytes())) for name, path in zip(names, paths, strict=True)]
    answers = client.post("/api/read", files=files)
    assert answers.status_code == 200
    for name, path, answer, told in zip(names, paths, answers.json(), expected, strict=True):
        error = {"error": str(told["error"]).replace(str(path), name)} if "error" in told else {}
        assert answer == told | {"file": name} | error


def test_a_form_has_one_time_limit_and_each_of_its_pictures_an_answer(
    mnistnet: CommandLine, draw: Callable[[int], Path]
) -> None:
    file = io.BytesIO()
    Image.new("L", (9_900, 9_900), 255).save(file, "PNG")  # half a second or so
    files = [("pictures", (f"{number}.png", file.getvalue())) for number in range(20)]
    with serving(mnistnet.home, "--workers", 1, "--timeout", 2) as running, running.client() as asking:
        assert asking.post("/api/read", content=draw(3).read_bytes()).status_code == 200
        began = time.monotonic()
        answers = asking.post("/api/read", files=files).json()
        assert time.monotonic() - began < 8
    assert [answer["file"] for answer in answers] == [f"{number}.png" for number in range(20)]
    assert "send fewer pictures" in answers[-1]["error"]
    assert "error" not in answers[0]


def test_answers_do_not_wait_to_be_sent(client: httpx.Client) -> None:
    began = time.monotonic()
    for _ in range(50):
        assert client.get("/healthz").status_code == 200
    assert time.monotonic() - began < 1.5  # 40 ms each where the end of an answer waits for its beginning's receipt


def test_other_sites_may_be_allowed(mnistnet: CommandLine, draw: Callable[[int], Path]) -> None:
    friend, picture = "https://friend.example", draw(3).read_bytes()
    with (
        serving(mnistnet.home, "--workers", 1, "--allow-origin", friend.upper()) as running,
        running.client() as asking,
    ):
        asked = {"Origin": friend, "Access-Control-Request-Method": "POST"}
        assert asking.options("/api/read", headers=asked).headers["access-control-allow-origin"] == friend
        answer = asking.post("/api/read", content=picture, headers={"Origin": friend, "Sec-Fetch-Site": "cross-site"})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, friend)
        assert asking.post("/api/read", content=picture, headers={"Origin": "https://other.example"}).status_code == 403
    for origin in ("*", "friend.example", "https://", "https://a b", "https://a/path", "ftp://a"):
        assert mnistnet("serve", "--allow-origin", origin).returncode == 2


def test_single_takes_all_of_a_picture_for_one_digit(client: httpx.Client, draw: Callable[[int], Path]) -> None:
    row = Image.new("L", (600, 280), 255)
    for place, index in enumerate((3, 5)):
        row.paste(Image.open(draw(index)), (300 * place, 0))
    file = io.BytesIO()
    row.save(file, "PNG")
    several, one = (client.post(f"/api/read{query}", content=file.getvalue()).json() for query in ("", "?single=true"))
    assert (len(several["parts"]), len(one["parts"])) == (2, 1)


def test_inside_has_what_inspect_says_and_the_pixels(
    server: Serving, client: httpx.Client, draw: Callable[[int], Path], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    done = CommandLine(server.home)("inspect", draw(3), "--model", "shipped", "--json", "--output", page)
    (expected,) = json.loads(done.stdout)["parts"]
    (part,) = client.post("/api/inside", content=draw(3).read_bytes()).json()["parts"]
    pixels = [part.pop(name) for name in ("image", "for_answer", "for_runner_up")]
    pixels.append(part["needed"].pop("image"))
    outputs = [np.array(layer.pop("outputs")) for layer in part["layers"]]
    assert part == expected
    assert [len(values) for values in pixels] == [784] * 4
    assert [len(values) for values in outputs] == [2048, 1024]
    assert [np.count_nonzero(values > 0) for values in outputs] == pytest.approx(
        [layer["active"] for layer in part["layers"]],
        abs=3,  # some are rounded to 0
    )
    assert client.post("/api/inside", files={"a": b"x"}).status_code == 415
    prepared = io.BytesIO()
    Image.fromarray(np.round(255 * np.array(pixels[0])).astype(np.uint8).reshape(28, 28)).save(prepared, "PNG")
    (again,) = client.post("/api/inside?prepared=true", content=prepared.getvalue()).json()["parts"]
    np.testing.assert_allclose(again["image"], pixels[0], atol=0.003)
    np.testing.assert_allclose(again["for_answer"], pixels[1], atol=0.1)
    assert (again["digit"], again["runner_up"]) == (part["digit"], part["runner_up"])
    assert client.post("/api/inside?prepared=true", content=draw(3).read_bytes()).status_code == 422


def test_the_card_has_the_models_claim_and_no_path(client: httpx.Client) -> None:
    model = load_model(shipped("mnist.npz"))
    answer = client.get("/api/model")
    card, facts = answer.json(), model.provenance
    assert card["name"] == "shipped"
    claim = card["claim"]
    assert (claim["test_errors"], claim["test_images"]) == (facts.test_errors, facts.test_images)
    assert claim["accuracy"] == pytest.approx(0.9964)
    assert claim["interval"] == pytest.approx(list(wilson_interval(9_964, 10_000)))
    assert card["sizes"] == [784, 2048, 1024, 10]
    assert card["parameters"] == 784 * 2048 + 2048 + 2048 * 1024 + 1024 + 1024 * 10 + 10
    assert claim["data_sha256"] == facts.data_sha256
    assert card["calibration"]["temperature"] == model.calibration.temperature
    assert str(shipped("mnist.npz").parent) not in answer.text


def test_the_page_is_there_and_closed_to_all_else(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>" in page.text
    for path in ("/", "/healthz", "/nothing", "/api/model"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert {"form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in headers if name.startswith("access-control")]
        assert "server" not in headers


def test_health_and_description(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "waiting": 0}
    paths = client.get("/api/openapi.json").json()["paths"]
    assert {"/api/read", "/api/inside", "/api/model", "/api/corrections", "/healthz"} <= set(paths)
    assert client.get("/docs").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/nothing", b"", 404),
        ("GET", "/static/nothing.js", b"", 404),
        ("GET", "/api/read", b"", 405),
        ("DELETE", "/", b"", 405),
        ("POST", "/api/read", b"", 422),
        ("POST", "/api/read", b"no picture", 422),
        ("POST", "/api/read?single=perhaps", b"x", 422),
        ("POST", "/api/inside", b"no picture", 422),
        ("POST", "/api/corrections", b"x", 422),
        ("POST", "/api/corrections?label=", b"x", 422),
        ("POST", "/api/corrections?label=%00", b"x", 422),
        ("POST", "/api/corrections?label=7", b"no picture", 415),
        ("POST", "/api/corrections?label=7", b"\x89PNG\r\n\x1a\n", 422),
        ("POST", "/api/corrections?label=7", b"\x89PNG\r\n\x1a\n" + bytes(1_000_000), 413),
        ("DELETE", "/api/corrections/0123456789abcdef", b"", 404),
        ("GET", "/api/corrections/0123456789abcdef", b"", 404),
    ],
)
def test_what_cannot_be_done_is_a_problem_in_one_line(
    client: httpx.Client, method: str, path: str, content: bytes, status: int
) -> None:
    answer = client.request(method, path, content=content)
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == PROBLEM
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["detail"]
    assert "\n" not in problem["detail"]
    assert ("allow" in answer.headers) == (status == 405)


def test_a_corrected_drawing_is_kept_listed_shown_and_removed(
    server: Serving, client: httpx.Client, draw: Callable[[int], Path]
) -> None:
    content, folder = draw(3).read_bytes(), server.home / "personal"
    kept = [client.post("/api/corrections", params={"label": label}, content=content) for label in ("8", "8", "数字 !")]
    assert [answer.status_code for answer in kept] == [201] * 3
    ids = [answer.json()["id"] for answer in kept]
    listed = client.get("/api/corrections").json()
    assert listed["count"] == 3
    assert listed["labels"] == {"8": 2, "数字 !": 1}
    assert sorted(entry["id"] for entry in listed["entries"]) == sorted(ids)
    assert sorted(path.name for path in folder.glob("*.png")) == sorted(f"{name}.png" for name in ids)
    shown = client.get(f"/api/corrections/{ids[0]}")
    assert (shown.content, shown.headers["content-type"]) == (content, "image/png")
    assert client.delete(f"/api/corrections/{ids[0]}").json() == {"removed": 1}
    assert client.delete(f"/api/corrections/{ids[0]}").status_code == 404
    assert client.delete("/api/corrections").json() == {"removed": 2}
    assert client.get("/api/corrections").json() == {"count": 0, "labels": {}, "entries": []}
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_two_servers_that_share_a_home_lose_no_correction(
    server: Serving, client: httpx.Client, draw: Callable[[int], Path]
) -> None:
    content = draw(5).read_bytes()

    def correct(asked: tuple[httpx.Client, str]) -> int:
        return asked[0].post("/api/corrections", params={"label": asked[1]}, content=content).status_code

    with (
        serving(server.home / "..", "--workers", 1) as other,
        other.client() as second,
        ThreadPoolExecutor(8) as threads,
    ):
        assert other.home.resolve() != server.home.resolve()
        (other.home / "personal").symlink_to(server.home / "personal", target_is_directory=True)
        asked = [(asking, label) for label in map(str, range(10)) for asking in (client, second)]
        assert set(threads.map(correct, asked)) == {201}
        assert client.get("/api/corrections").json() == second.get("/api/corrections").json()
    assert client.get("/api/corrections").json()["labels"] == dict.fromkeys(map(str, range(10)), 2)
    client.delete("/api/corrections")


def test_the_log_has_a_line_of_json_for_each_request(server: Serving, client: httpx.Client) -> None:
    client.post("/api/read?single=1", content=b"no picture")
    client.get('/"%0a{"forged": 1}')
    deadline = time.monotonic() + 10  # a line is written when its answer is sent already
    while not any(line["path"].startswith('/"') for line in server.lines()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    read, odd = server.lines()[-2:]
    assert set(read) == {"time", "client", "method", "path", "status", "received", "sent", "ms"}
    assert (read["method"], read["path"], read["status"], read["received"]) == ("POST", "/api/read", 422, 10)
    assert odd["path"].startswith('/"')
    assert "forged" not in odd
