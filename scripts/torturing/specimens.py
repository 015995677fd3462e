"""Specimens: good files of each kind that is taken in, small ones, made here."""

import gzip
import io
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from mnistnet.arrays import Bytes
from mnistnet.commands.config_file import config_text
from mnistnet.data.mnist import Examples, load_sample
from mnistnet.model_file import Model, load_model, save_model
from mnistnet.nn.network import Network, initial_params
from mnistnet.places import shipped
from mnistnet.training.checkpoint import save_checkpoint
from mnistnet.training.settings import Settings
from mnistnet.training.state import State, new_state
from mnistnet.training.trainer import fit

PICTURES = ("png", "jpeg", "bmp", "gif", "webp", "tiff")
TRAINED = Settings(
    hidden=(5,), epochs=2, batch_size=20, optimizer="adam", batch_norm=True, average=0.9, validation=0.2, watch=True
)
DATA = {"images": "00", "labels": "01"}
BOUNDARY = "boundary"


@cache
def specimens(kind: str) -> Sequence[bytes]:
    """Good files of a kind in kinds.KINDS."""
    if kind in PICTURES:
        return pictures(kind)
    return MAKERS[kind]()


@cache
def digits() -> Examples:
    """Some of the bundled digits."""
    test = load_sample().test
    return Examples(test.images[::10], test.labels[::10])


def drawing(*numbers: int) -> Image.Image:
    """Digits side by side on paper."""
    rows = [digits().images[np.flatnonzero(digits().labels == number)[0]].reshape(28, 28) for number in numbers]
    page = Image.fromarray(np.uint8(255 * (1 - np.hstack(rows))))
    return ImageOps.expand(page, 8, 255)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """An image as a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pictures(kind: str) -> Sequence[bytes]:
    """Two digits in the colours, depths and compressions that a format has."""
    grey = drawing(7, 1)
    colour, few = grey.convert("RGB"), grey.convert("P")
    clear = Image.merge("LA", (Image.new("L", grey.size), ImageOps.invert(grey)))
    deep = Image.fromarray(np.asarray(grey, np.uint16) * 257)
    turned = Image.Exif()
    turned[0x0112] = 6
    frames = {"save_all": True, "append_images": [drawing(2, 3)]}
    made: dict[str, list[tuple[Image.Image, dict[str, Any]]]] = {
        "png": [(grey, {}), (colour, {"exif": turned}), (few, {}), (clear, {}), (deep, {}), (grey.convert("1"), {})],
        "jpeg": [
            (grey, {}),
            (colour, {"exif": turned}),
            (colour, {"progressive": True}),
            (colour.convert("CMYK"), {}),
            (colour, {"subsampling": 0, "restart_marker_blocks": 2}),
        ],
        "bmp": [(grey, {}), (colour, {}), (grey.convert("1"), {}), (colour.convert("RGBA"), {})],
        "gif": [(grey, {}), (few, {"transparency": 0}), (grey, frames), (grey.convert("1"), {"interlace": 0})],
        "webp": [
            (colour, {}),
            (colour, {"lossless": True}),
            (clear.convert("RGBA"), {"exif": turned}),
            (colour, frames),
        ],
        "tiff": [
            (grey, {}),
            (colour, {"compression": "tiff_lzw"}),
            (grey, {"compression": "tiff_adobe_deflate"}),
            (colour, {"compression": "jpeg"}),
            (grey, {"compression": "packbits"}),
            (grey.convert("1"), {"compression": "group4"}),
            (deep, {}),
            (deep.convert("F"), {"compression": "tiff_lzw"}),
            (clear.convert("RGBA"), {"compression": "tiff_lzw"}),
            (grey, frames),
        ],
    }
    return [saved(image, kind, **options) for image, options in made[kind]]


def idx(array: Bytes) -> bytes:
    """An array as an IDX file."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def idx_files() -> Sequence[bytes]:
    """Images and labels."""
    images = (255 * digits().images[:6].reshape(-1, 28, 28)).astype(np.uint8)
    return [idx(images), idx(np.asarray(digits().labels[:6], np.uint8)), idx(np.zeros((2, 3), np.uint8))]


def packed_files() -> Sequence[bytes]:
    """The same, packed."""
    return [gzip.compress(content, mtime=0) for content in idx_files()]


@cache
def small_model() -> Model:
    """A model whose file has every member, and few parameters."""
    whole, rng = load_model(shipped("mnist.npz")), np.random.default_rng(0)
    network, detector = Network((784, 5, 10)), Network((5, 3, 1), output="sigmoid")
    calibration = replace(whole.calibration, detector=detector, detector_params=initial_params(detector, rng=rng))
    provenance = replace(whole.provenance, epochs=whole.provenance.epochs[:1], best_epoch=1)
    return Model(network, initial_params(network, rng=rng), calibration, provenance)


def written(write: Callable[[Path], object]) -> bytes:
    """What write puts into the file whose path it is given."""
    with TemporaryDirectory() as folder:
        write(Path(folder, "file.npz"))
        return Path(folder, "file.npz").read_bytes()


def train_and_save(path: Path) -> None:
    """Save a training in its second epoch."""
    state = untrained()

    def save(now: State) -> None:
        if now.epochs and now.epoch.batches == 1:
            save_checkpoint(path, now, TRAINED, DATA)

    for _ in fit(state, digits(), digits(), TRAINED, before_batch=save):
        pass


def untrained() -> State:
    """What the checkpoint is put into."""
    return new_state(TRAINED.network(), TRAINED, digits(), rng=np.random.default_rng(0))


def networks() -> Sequence[bytes]:
    """An ONNX file, where the package onnx is."""
    from mnistnet.export.onnx import onnx_bytes

    return [onnx_bytes(small_model())]


def tables() -> Sequence[bytes]:
    """Tables of labels, for pictures a.png to c.png."""
    return [
        b"file,label\na.png,7\nb.png,none\nc.png,\n",
        'label;file;"condition, where"\r\n12;a.png;"photo; ""dim"""\r\n;"b.png";\xfc\r\n'.encode(),
        b"\xef\xbb\xbffile\tlabel\textra\na.png\t3\t\n\n.\\b.png\t4\tx\n",
        "file,label\na.png,1\n".encode("utf-16"),
    ]


def configs() -> Sequence[bytes]:
    """Settings of a training."""
    return [
        config_text(small_model().provenance, named={"data": "sample"}).encode(),
        b'recipe = "standard"\nhidden = [100, 50]\nlearning_rate = 0.1\nthreads = 1\n',
        b'hidden = [\n 5, # few\n]\noptimizer = "adam"\nsquare_decay = 1e-3\nwatch = false\ndata = """a\nb"""\n',
    ]


def request(head: str, body: bytes = b"", **headers: str) -> bytes:
    """A request as it stands on the wire."""
    lines = [head, "host: localhost", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def requests() -> Sequence[bytes]:
    """Something of all that can be asked."""
    picture = specimens("png")[0]
    part = b'--boundary\r\nContent-Disposition: form-data; name="a"; filename="%b"\r\n\r\n%b\r\n'
    form = part % (b"a.png", picture) + part % (b"b", b"no picture") + b"--boundary--\r\n"
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return [
        request("POST /api/read?single=false&seen=true", picture, content_type="image/png"),
        request("POST /api/read", specimens("jpeg")[0]),
        request("POST /api/read?single=true", form, content_type=kind),
        request("POST /api/inside?prepared=1", saved(drawing(3).resize((28, 28)), "PNG")),
        request("POST /api/inside?single=1", picture),
        request("POST /api/corrections?label=7", picture),
        request("GET /api/corrections", origin="http://localhost", sec_fetch_site="same-origin"),
        request("GET /api/corrections/0123456789abcdef"),
        request("DELETE /api/corrections/0123456789abcdef"),
        request("DELETE /api/corrections"),
        request("GET /api/model"),
        request("GET /api/network"),
        request("GET /static/style.css"),
        request("HEAD /healthz"),
        request("OPTIONS /api/read", origin="http://localhost", access_control_request_method="POST"),
    ]


MAKERS: Mapping[str, Callable[[], Sequence[bytes]]] = {
    "idx": idx_files,
    "gzip": packed_files,
    "model": lambda: [written(partial(save_model, small_model()))],
    "checkpoint": lambda: [written(train_and_save)],
    "labels.csv": tables,
    "run.toml": configs,
    "onnx": networks,
    "api": requests,
}
