"""`mnistnet train --config`, and what a run leaves for it."""

import os
import threading
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistnet.commands import main
from mnistnet.commands.config_file import as_toml
from mnistnet.commands.train import build_parser, read_settings
from mnistnet.model_file import load_model
from mnistnet.training.recipes import RECIPES
from mnistnet.training.settings import Settings
from tests.data.sets import NAMES, shape

SMALL = "train --data sample --quiet --recipe quick --hidden 8,6 --epochs 1 --rotation 3 --seed 7 --standardize"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small training's run."""
    folder = tmp_path_factory.mktemp("configured")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNISTNET_HOME", str(folder / "home"))
        assert main([*SMALL.split(), "--run-dir", str(folder / "run")]) == 0
    return folder / "run"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTNET_HOME", str(tmp_path / "home"))


def read(*arguments: object) -> Settings:
    """The settings that a training with these arguments has."""
    return read_settings(build_parser().parse_args([*map(str, arguments)]))[0]


def test_a_run_leaves_all_its_settings_data_and_threads(run: Path) -> None:
    provenance = load_model(run / "model.npz").provenance
    left = tomllib.loads((run / "run.toml").read_text())
    own = {"data": "sample", "threads": provenance.versions["threads"]}
    assert left == own | {name: value for name, value in provenance.settings.items() if value is not None}
    assert {name for name, value in provenance.settings.items() if value is None} == {"square_decay"}


def test_it_gives_the_same_model_again(run: Path, tmp_path: Path) -> None:
    assert main(["train", "--config", str(run / "run.toml"), "--run-dir", str(tmp_path / "again")]) == 0
    for name in ("model.npz", "run.toml"):
        assert (tmp_path / "again" / name).read_bytes() == (run / name).read_bytes()


def test_it_gives_the_same_model_of_other_data_again(tmp_path: Path) -> None:
    rng, folder = np.random.default_rng(3), tmp_path / "signs"
    for number, name in enumerate(NAMES):
        (folder / name).mkdir(parents=True)
        for copy in range(3):
            Image.fromarray(255 - shape(number, rng=rng)).resize((90, 90)).save(folder / name / f"{copy}.png")
    named = ["--data", str(folder), "--side", "12", "--classes", "ring,bar,dash", "--no-transposed"]
    small = ["--hidden", "8", "--epochs", "1", "--validation", "0", "--quiet"]
    assert main(["train", *named, *small, "--run-dir", str(tmp_path / "first")]) == 0
    left = tomllib.loads((tmp_path / "first" / "run.toml").read_text())
    assert (left["side"], left["classes"], left["transposed"]) == (12, ["ring", "bar", "dash"], False)
    config = str(tmp_path / "first" / "run.toml")
    assert main(["train", "--config", config, "--quiet", "--run-dir", str(tmp_path / "again")]) == 0
    for name in ("model.npz", "run.toml"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "first" / name).read_bytes()


def test_a_mirror_is_instead_of_the_data_in_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('data = "signs"\nside = 12\nclasses = ["a", "b"]\ntransposed = true\nepochs = 2\n')
    args = build_parser().parse_args(["--config", str(path), "--mirror", "https://intranet.example/"])
    assert read_settings(args)[0].epochs == 2
    assert (args.data, args.side, args.classes, args.transposed) == (None, None, None, None)


def test_options_win_over_it_and_bring_what_suits_them(run: Path) -> None:
    other = ["--hidden", "5", "--optimizer", "adam", "--activation", "tanh", "--loss", "mse", "--no-standardize"]
    settings = read("--config", run / "run.toml", *other)
    assert settings == Settings(
        hidden=(5,), epochs=1, rotation=3.0, seed=7, optimizer="adam", activation="tanh", loss="mse"
    ).changed({name: value for name, value in settings.resolved().items() if name == "warmup"})


def test_what_it_leaves_out_is_the_recipes(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("hidden = [8]\nvalidation = 0\ndropout = 0.5\n")
    changes = {"hidden": (8,), "validation": 0.0, "dropout": 0.5}
    assert read("--config", path) == replace(RECIPES["standard"], **changes)
    assert repr(read("--config", path).validation) == "0.0"  # as the option has it: the model's bytes are the same
    path.write_text('recipe = "quick"\n' + path.read_text())
    assert read("--config", path) == replace(RECIPES["quick"], **changes)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("epoch = 3", "expected a setting such as epochs, got 'epoch'"),
        ("[training]\nepochs = 3", "expected a setting such as epochs, got 'training'"),
        ("epochs = 3.5", "expected epochs to be a whole number, got 3.5"),
        ("epochs = true", "expected epochs to be a whole number, got true"),
        ('learning_rate = "high"', 'expected learning_rate to be a number, got "high"'),
        ("learning_rate = inf", "expected learning_rate to be a number, got Infinity"),
        ("bias = 1", "expected bias to be true or false, got 1"),
        ("hidden = 512", "expected hidden to be a list of whole numbers, got 512"),
        ("hidden = [512, 1.5]", "expected hidden to be a list of whole numbers, got [512, 1.5]"),
        ("loss = 2020-01-01", 'expected loss to be a name, got "2020-01-01"'),
        ('data = ""', 'expected data to be a name, got ""'),
        ("epochs = 0", "--epochs must be 1 or more, got 0"),
        ('optimizer = "magic"', "--optimizer must be one of sgd,"),
        ("dropout = nan", "--dropout must be 0 or more and below 1, got nan"),
        ('recipe = "magic"', "expected recipe to be one of quick, standard, record, got 'magic'"),
        ("recipe = []", "expected recipe to be a name, got []"),
        ("threads = 0", "expected --threads to be from 1"),
        ("seed = 0x" + 5_000 * "f", "expected seed to be less than 2^63, got an integer beyond that"),
        ("learning_rate = 1" + 400 * "0", "expected learning_rate to be less than 2^63"),
        ("batch_size = 1" + 400 * "0", "expected batch_size to be less than 2^63"),
        ("hidden = [8, 0x" + 5_000 * "f" + "]", "expected hidden to be less than 2^63"),
        ("loss = { a = 0x" + 5_000 * "f" + " }", "expected loss to be a name, got a longer integer"),
        ("classes = [1, 2]", "expected classes to be a list of names, got [1, 2]"),
        ('classes = ["a", "a"]', "classes: expected each class once, got 'a' twice"),
        ("side = 12.0", "expected side to be a whole number, got 12.0"),
        ("epochs = ", "is not TOML"),
        ('data = "\udc80"', "is not TOML"),
        ("a = " + 9_999 * "[", "is not TOML"),
        ("a." * 30_000 + "b = 1", "expected at most 60,000 bytes"),
        (None, "No such file"),
    ],
)
def test_what_is_wrong_in_it_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, told: str
) -> None:
    path = tmp_path / "run.toml"
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
    assert main(["train", "--config", str(path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
    assert str(path) in err or "--threads" in told
    assert not (tmp_path / "home").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a POSIX pipe")
def test_a_pipe_in_its_place_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(pipe := tmp_path / "run.toml")
    holder = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)  # whoever opens it does not wait, but would for its end
    writer = threading.Timer(5, os.close, [holder])
    writer.start()
    assert main(["train", "--config", str(pipe)]) == 2
    assert writer.is_alive()
    writer.cancel()
    os.close(holder)
    assert "it is no regular file" in capsys.readouterr().err


def test_a_recipe_beside_it_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--config", str(run / "run.toml"), "--recipe", "quick"]) == 2
    assert "pass one" in capsys.readouterr().err


@pytest.mark.parametrize("value", ['"\\\t\n\x7f\x00é😀', 1e-05, 1e22, -0.0, 1 / 3, 10**18, True, [1, 2], ""])
def test_any_value_can_be_read_back(value: object) -> None:
    assert repr(tomllib.loads(f"value = {as_toml(value)}")["value"]) == repr(value)
