"""One truth, two languages: a thousand pictures through mnistnet/drawing.py, and through web/static/digit.js in a real
browser, which loads the modules from a server on this machine."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnistnet.arrays import Bytes, ImageFormat
from mnistnet.data.mnist import load_sample
from mnistnet.drawing import DrawnDigit, read_drawing
from mnistnet.export.eight_bit import in_eight_bits
from mnistnet.export.html import STATIC
from mnistnet.export.weights import packed_weights
from mnistnet.model_file import Model, load_model
from mnistnet.nn.activations import ACTIVATIONS, OUTPUTS
from mnistnet.nn.network import Network, new_params
from mnistnet.places import shipped
from mnistnet.vision.normalize import ink_box
from tests.end_to_end.conftest import CommandLine
from tests.end_to_end.opened import picture_in
from tests.models import small_model
from tests.nn.networks import random_params

pytestmark = pytest.mark.slow
COUNT = 1_000
PROGRAM = """async ({ weights, pictures, sizes }) => {
  const { read, unpack } = await import("/static/digit.js");
  const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
  const [network, pixels] = [await unpack(await bytes(weights)), await bytes(pictures)];
  let start = 0;
  const answers = sizes.map(([height, width]) => {
    const ink = new Float32Array(pixels.subarray(start, (start += height * width)));
    for (let place = 0; place < ink.length; place++) ink[place] /= 255;
    const began = performance.now();
    const found = read(network, ink, width, height);
    const took = performance.now() - began;
    if (!found) return null;
    return { ...found, image: [...found.image], layers: found.layers.map(({ length }) => length), took };
  });
  return JSON.stringify(answers);
}"""


class Site(NamedTuple):
    """A page that may load what lies in a folder: the modules, weights, pictures."""

    folder: Path
    page: Any

    def read(self, weights: bytes, pictures: list[Bytes]) -> list[dict[str, Any] | None]:
        """What JavaScript says of pictures of ink 255, with packed weights."""
        (self.folder / "weights").write_bytes(weights)
        (self.folder / "pictures").write_bytes(b"".join(one.tobytes() for one in pictures))
        sizes = [one.shape for one in pictures]
        answers = self.page.evaluate(PROGRAM, {"weights": "/weights", "pictures": "/pictures", "sizes": sizes})
        return list(json.loads(answers))


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, whose files change, and says nothing."""

    def log_message(self, *_: object) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


@pytest.fixture(scope="module")
def site(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "static").mkdir()
    for path in STATIC.glob("*.js"):
        (folder / "static" / path.name).write_bytes(path.read_bytes())
    (folder / "index.html").write_text("<!doctype html><title>site</title>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield Site(folder, page)
        page.close()
        server.shutdown()


def as_placed(image: Any, rng: np.random.Generator) -> Bytes:
    """A test digit, (784,), resized by any factors and put anywhere on a pad."""
    width, height = (int(side) for side in rng.integers(18, 230, 2))
    digit = Image.fromarray(np.uint8(np.round(255 * image.reshape(28, 28))))
    pad = np.zeros((rng.integers(height, 281), rng.integers(width, 281)), np.uint8)
    top, left = (rng.integers(0, room + 1) for room in (pad.shape[0] - height, pad.shape[1] - width))
    resampling = [Image.Resampling.BICUBIC, Image.Resampling.NEAREST][int(rng.integers(2))]
    pad[top : top + height, left : left + width] = np.asarray(digit.resize((width, height), resampling))
    return pad


def as_drawn(rng: np.random.Generator) -> Bytes:
    """One to three strokes of a pen that turns as it goes, on a pad of 280 x 280."""
    pad = Image.new("L", (560, 560))
    for _ in range(rng.integers(1, 4)):
        turns = np.cumsum(rng.normal(0, 0.5, rng.integers(4, 16))) + rng.uniform(0, 2 * np.pi)
        steps = rng.uniform(20, 60) * np.stack([np.cos(turns), np.sin(turns)], axis=1)
        points = (rng.uniform(120, 440, 2) + np.cumsum(steps, axis=0)).clip(20, 540)
        ImageDraw.Draw(pad).line([tuple(point) for point in points], 255, int(rng.integers(6, 70)), joint="curve")
    return np.asarray(pad.resize((280, 280), Image.Resampling.BOX))


@pytest.fixture(scope="module")
def pictures() -> list[Bytes]:
    rng, images = np.random.default_rng(0), load_sample().test.images
    placed = [as_placed(images[index], rng) for index in rng.choice(len(images), COUNT // 2, replace=False)]
    return placed + [as_drawn(rng) for _ in range(COUNT - len(placed))]


def by_python(model: Model, pictures: list[Bytes]) -> list[DrawnDigit | None]:
    return [read_drawing(model, np.divide(one, 255, dtype=np.float32)) for one in pictures]


@pytest.fixture(scope="module")
def standard(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Of the standard recipe's size, briefly trained."""
    path = tmp_path_factory.mktemp("standard") / "model.npz"
    done = CommandLine(path.parent / "home")("train", "--data", "sample", "--epochs", 2, "--output", path, "--quiet")
    assert done.returncode == 0, done.stderr
    return load_model(path)


@pytest.fixture(scope="module")
def record() -> Model:
    return load_model(shipped("mnist.npz"))


@pytest.mark.parametrize("name", ["standard", "record"])
def test_a_thousand_pictures_are_read_alike(
    name: str, request: pytest.FixtureRequest, site: Site, pictures: list[Bytes]
) -> None:
    model = request.getfixturevalue(name)
    expected = by_python(model, pictures)
    in_8_bits = packed_weights(*in_eight_bits(model, load_sample().learning.images))
    for precision, weights, most in (("whole", packed_weights(model), 0.001), ("8 bits", in_8_bits, 0.02)):
        found = site.read(weights, pictures)
        pairs = [(one, other) for one, other in zip(expected, found, strict=True) if one is not None and other]
        assert len(pairs) == len(pictures) == COUNT
        off = [np.abs(one.probabilities - other["probabilities"]).max() for one, other in pairs]
        differ = sum(one.digit != other["digit"] for one, other in pairs)
        unsure = sum(one.sure != other["sure"] for one, other in pairs)
        seen = max(np.abs(one.image - other["image"]).max() for one, other in pairs)
        took = np.median([other["took"] for _, other in pairs])
        print(f"{name}, {precision}: {differ} of {len(pairs)} answered otherwise, {unsure} not as sure;", end=" ")
        print(f"probabilities differ by {np.median(off):.1e}, at most {max(off):.1e};", end=" ")
        print(f"pixels by at most {seen:.1e}; {took:.1f} ms a picture at the median")
        assert differ <= 0.002 * COUNT
        assert max(off) <= most
        assert seen <= 1e-5
        assert precision == "8 bits" or unsure == 0


def test_every_activation_and_output_is_computed_alike(site: Site, pictures: list[Bytes]) -> None:
    few = pictures[:3] + pictures[-3:]
    for activation in ACTIVATIONS:
        for output in OUTPUTS:
            network = Network((784, 7, 5, 10), activation, output)
            params = random_params(network, np.random.default_rng(0), dtype=np.float32)
            for layer in params.layers:
                np.divide(layer.weights, np.sqrt(len(layer.weights)), out=layer.weights)
            detector = Network((12, 1), output="sigmoid")
            of_detector = random_params(detector, np.random.default_rng(1), dtype=np.float32)
            calibration = replace(small_model().calibration, detector=detector, detector_params=of_detector)
            model = replace(small_model(), network=network, params=params, calibration=calibration)
            for one, other in zip(by_python(model, few), site.read(packed_weights(model), few), strict=True):
                assert one is not None
                assert other is not None
                np.testing.assert_allclose(other["probabilities"], one.probabilities, atol=1e-5)
                assert other["likeness"] == pytest.approx(one.likeness, abs=1e-4)
                assert other["layers"] == [7, 5]


@pytest.mark.parametrize("image_format", [ImageFormat(12, 8), ImageFormat(28, 28), ImageFormat(43, 30)])
def test_other_formats_are_read_alike(site: Site, pictures: list[Bytes], image_format: ImageFormat) -> None:
    few = pictures[:40] + pictures[-40:]
    network, detector = Network((image_format.pixels, 5, 3)), Network((5, 1), output="sigmoid")
    params = random_params(network, np.random.default_rng(0), dtype=np.float32)
    np.divide(params.layers[0].weights, image_format.side, out=params.layers[0].weights)
    calibration = replace(small_model().calibration, detector=detector, detector_params=new_params(detector))
    parts = {"network": network, "params": params, "calibration": calibration, "image_format": image_format}
    model = replace(small_model(), classes=("a", "b", "c"), **parts)
    for one, other in zip(by_python(model, few), site.read(packed_weights(model), few), strict=True):
        assert one is not None
        assert other is not None
        np.testing.assert_allclose(other["image"], one.image, atol=1e-5)
        np.testing.assert_allclose(other["probabilities"], one.probabilities, atol=1e-4)
        assert other["label"] == model.classes[one.digit]


def test_extreme_drawings_are_read_alike(site: Site, record: Model) -> None:
    bar = np.zeros((280, 280), np.uint8)
    bar[40:240, 100:160] = 255  # symmetric: its centre lies half-way between two pixels
    full = [np.full(shape, 255, np.uint8) for shape in ((1, 1), (1, 3_000), (3_000, 1), (20, 20), (7, 3))]
    faint, nothing = np.full((30, 30), 64, np.uint8), np.full((30, 30), 63, np.uint8)  # just above a quarter, and below
    extreme = [bar, bar.T.copy(), *full, faint, nothing, np.zeros((9, 9), np.uint8)]
    for one, other in zip(by_python(record, extreme), site.read(packed_weights(record), extreme), strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            np.testing.assert_allclose(other["image"], one.image, atol=1e-6)
            np.testing.assert_allclose(other["probabilities"], one.probabilities, atol=1e-4)
            assert other["digit"] == one.digit


def test_the_picture_of_a_pad_is_its_ink_black_on_white(site: Site) -> None:
    page = site.page
    page.evaluate(
        """async () => {
          const { Pad } = await import("/static/pad.js");
          document.body.innerHTML = "<canvas style='width: 200px; height: 200px; border: 7px solid'></canvas>";
          window.pad = new Pad(document.querySelector("canvas"), { onChange: () => (document.title = "changed") });
        }"""
    )
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 7 + 50, box["y"] + 7 + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 7 + 150, box["y"] + 7 + 100, steps=4)
    page.mouse.up()
    page.wait_for_function("document.title === 'changed'")
    ink = np.array(page.evaluate("[...pad.ink()]"), np.float32).reshape(280, 280)
    assert ink_box(ink) == (70 - 11, 140 - 11, 210 + 11, 140 + 11)  # 200 pixels of the screen are 280, the brush 22
    address = page.evaluate(
        """async () => {
          const blob = await pad.toBlob();
          return new Promise((done) => {
            const reader = Object.assign(new FileReader(), { onload: () => done(reader.result) });
            reader.readAsDataURL(blob);
          });
        }"""
    )
    assert address.startswith("data:image/png;")
    picture = picture_in(address).convert("RGB")
    for channel in np.asarray(picture, np.float32).transpose(2, 0, 1):
        np.testing.assert_allclose(channel / 255, 1 - ink, atol=0.01)
