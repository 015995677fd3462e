"""`mnistnet inspect`, as a user runs it; its pages are read with Python's own HTML parser."""

import json
import re
import shutil
import sys
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistnet.data.mnist import load_sample
from mnistnet.model_file import save_model, uncalibrated
from mnistnet.nn.network import Network, initial_params
from tests.end_to_end.conftest import CommandLine, Done
from tests.models import small_model

Draw = Callable[[int], Path]
VOID = {"meta", "img", "br"}
POSIX = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are text there")


class Page(HTMLParser):
    """A page's elements in order, each with its attributes, its text, and that every element is closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.text += f" {' '.join(data.split())}"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def read_page(path: Path) -> Page:
    """The page, which must load nothing, run nothing, and say in words what each of its pictures shows."""
    page = Page(path)
    for tag, attributes in page.found:
        assert tag not in ("script", "link", "iframe", "object", "base")
        assert not any(name.startswith("on") for name in attributes)
        address = attributes.get("src") or attributes.get("href") or "#"
        assert address.startswith(("data:image/", "#"))
    assert not re.search(r"url\(|@import", path.read_text(encoding="utf-8"))
    for image in page.all("img"):
        assert len(image["alt"] or "") > 15
        with Image.open(BytesIO(b64decode((image["src"] or "").partition(",")[2]))) as opened:
            opened.load()
            assert (str(opened.width), str(opened.height)) == (image["width"], image["height"])
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"] for link in page.all("a")} <= {f"#{name}" for name in ids}
    return page


def inspect(mnistnet: CommandLine, *arguments: object, stdin: bytes = b"") -> Done:
    return mnistnet("inspect", *arguments, "--model", "shipped", stdin=stdin)


def test_one_digit_from_picture_to_page(
    mnistnet: CommandLine, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    done = inspect(mnistnet, draw(3))
    path = tmp_path / "here" / f"{draw(3).stem}-inside.html"
    assert (done.returncode, done.stderr) == (0, "")
    assert list(Path.cwd().iterdir()) == [path]
    wrote, answer, runner_up, active, needed = done.stdout.splitlines()
    assert wrote == f"wrote {path.name}"
    assert re.fullmatch(r"8  9\d\.\d %", answer)
    rival = re.fullmatch(r"runner-up (\d) \(\d\.\d %\)", runner_up)[1]
    assert re.fullmatch(r"active units: \d+ of 2,048 in layer 1, \d+ of 1,024 in layer 2", active)
    assert re.fullmatch(rf"to be read as {rival} it would have needed \d+\.\d % of the ink changed: .+", needed)

    page = read_page(path)
    assert path.stat().st_size < 1_000_000
    assert len(page.all("section")) == 2
    assert f"T{needed[1:]}." in page.text
    assert len(page.all("img")) == 1 + 3 + 2 * (1 + 8) + 3
    assert [row.get("scope") for row in page.all("th")].count("row") == 10
    assert f"8, and not {rival}" in page.text


def test_the_json_says_what_the_page_says(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    done = inspect(mnistnet, draw(3), "--output", out, "--json")
    assert done.stdout.count("\n") == 1
    told = json.loads(done.stdout)
    predicted = json.loads(mnistnet("predict", draw(3), "--model", "shipped", "--json").stdout)
    (part,) = told["parts"]
    inside = {name: part.pop(name) for name in ("runner_up", "runner_up_label", "layers", "needed")}
    assert told.pop("page") == str(out)
    assert told.pop("model").endswith("mnist.npz")
    assert told == predicted
    page = read_page(out)
    for layer in inside["layers"]:
        assert f"{layer['active']:,} of {layer['units']:,} units are active" in page.text
        for unit in layer["strongest"]:
            assert f"unit {unit['unit']} output {unit['output']:.2f} adds {unit['adds']:+.2f}" in page.text
    needed = inside["needed"]
    assert needed["reached"]
    assert f"{100 * (needed['added'] + needed['removed']):.1f} % of the ink changed" in page.text


def test_each_digit_of_a_number_has_a_section(mnistnet: CommandLine, tmp_path: Path) -> None:
    images = load_sample().test.images
    digits = [np.pad(255 - np.uint8(255 * images[k].reshape(28, 28)), 6, constant_values=255) for k in (3, 1, 2)]
    Image.fromarray(np.hstack(digits)).resize((480, 160)).save(tmp_path / "number.png")
    done = inspect(mnistnet, tmp_path / "number.png", "--output", tmp_path / "page.html")
    digits = done.stdout.splitlines()[1].split()[0]
    assert len(digits) == 3
    assert [line[:8] for line in done.stdout.splitlines()[2::3]] == ["digit 1,", "digit 2,", "digit 3,"]
    page = read_page(tmp_path / "page.html")
    assert len(page.all("section")) == 1 + len(digits)
    assert [link["href"] for link in page.all("a")] == ["#digit-1", "#digit-2", "#digit-3"]
    for number, digit in enumerate(digits, start=1):
        assert f"Digit {number} of 3: {digit}, and not" in page.text
    single = inspect(mnistnet, tmp_path / "number.png", "--single", "--output", tmp_path / "single.html", "--quiet")
    assert (single.returncode, single.stdout) == (0, "")
    assert len(read_page(tmp_path / "single.html").all("section")) == 2


def test_a_network_with_signs_and_three_layers(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    network = Network((784, 30, 7, 5, 10), "tanh")
    params = initial_params(network, rng=np.random.default_rng(2))
    model = replace(small_model(), network=network, params=params, calibration=uncalibrated(network))
    save_model(model, tmp_path / "tanh.npz")
    done = mnistnet("inspect", draw(0), "--model", tmp_path / "tanh.npz", "--output", tmp_path / "page.html")
    assert re.search(r"active units: \d+ of 30 in layer 1, \d of 7 in layer 2, \d of 5 in layer 3", done.stdout)
    page = read_page(tmp_path / "page.html")
    assert page.text.count("blue above 0, striped orange below") == 3


@POSIX
@pytest.mark.parametrize(
    "name",
    ['<script>alert(1)</script>"><img src=x onerror=alert(1)>.png', "Ziffer süß 七 caf\udce9.png"],
)
def test_names_are_told_and_never_obeyed(mnistnet: CommandLine, draw: Draw, tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    shutil.copy(draw(0), tmp_path / name)
    done = inspect(mnistnet, tmp_path / name, "--output", (tmp_path / name).with_suffix(".html"))
    assert (done.returncode, done.stderr) == (0, "")
    page = read_page((tmp_path / name).with_suffix(".html"))
    assert f"Inside the reading of {tmp_path}/{name}".replace("\udce9", r"\udce9") in page.text


@POSIX
def test_a_very_long_name_is_cut_in_the_pages_name(
    mnistnet: CommandLine, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(draw(0), tmp_path / f"{'七' * 83}.png")
    assert inspect(mnistnet, f"{'七' * 83}.png").returncode == 0
    assert Path(f"{'七' * 66}-inside.html").is_file()


def test_a_picture_without_a_digit_is_shown_with_the_reason(mnistnet: CommandLine, tmp_path: Path) -> None:
    blank = BytesIO()
    Image.new("L", (50, 40), 255).save(blank, "PNG")
    done = inspect(mnistnet, "-", "--output", tmp_path / "page.html", stdin=blank.getvalue())
    reason = "no ink: the picture is all one colour"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"wrote {tmp_path / 'page.html'}\nno digit ({reason})\n"
    page = read_page(tmp_path / "page.html")
    assert (len(page.all("section")), len(page.all("img"))) == (1, 1)
    assert "no digit" in page.text
    assert reason in page.text
    assert "Inside the reading of standard input" in page.text


def test_the_page_of_a_noisy_photo_stays_small(mnistnet: CommandLine, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 950, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    assert inspect(mnistnet, tmp_path / "noise.png", "--single", "--output", tmp_path / "page.html").returncode == 0
    assert (tmp_path / "page.html").stat().st_size < 1_000_000


def test_nothing_is_replaced_without_force(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine")
    refused = inspect(mnistnet, draw(0), "--output", page)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert "--force" in refused.stderr
    assert page.read_text() == "mine"


@pytest.mark.parametrize("picture", ["nothing.png", "notes.png"])
def test_what_cannot_be_read_leaves_nothing(mnistnet: CommandLine, tmp_path: Path, picture: str) -> None:
    (tmp_path / "notes.png").write_text("not a picture")
    done = inspect(mnistnet, tmp_path / picture, "--output", tmp_path / "page.html")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert str(tmp_path / picture) in done.stderr
    assert not (tmp_path / "page.html").exists()


def test_an_output_that_makes_no_sense_is_wrong_usage(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    mine = Path(shutil.copy(draw(0), tmp_path / "mine.html"))
    before = mine.read_bytes()
    for output, word in ((tmp_path / "page.png", "FILE.html"), (mine, "the picture itself")):
        done = inspect(mnistnet, mine, "--output", output, "--force")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert word in done.stderr
    assert mine.read_bytes() == before
    assert list(tmp_path.glob("page*")) == []


@POSIX
@pytest.mark.parametrize("works", [True, False])
def test_open_starts_a_browser_or_says_that_there_is_none(
    mnistnet: CommandLine, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, works: bool
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path / "opened"}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser) if works else str(tmp_path / "missing"))
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    page = tmp_path / "my page.html"
    page.write_text("old")
    done = mnistnet.apart("inspect", draw(0), "--model", "shipped", "--output", page, "--open", "--force")
    assert len(read_page(page).all("section")) == 2
    message = f"mnistnet: no browser could be started; open {page} in one\n"
    assert (done.returncode, done.stderr) == (0, "" if works else message)
    if works:
        assert (tmp_path / "opened").read_text() == f"{page.as_uri()}\n"
