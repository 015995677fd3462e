"""`mnistnet train --checkpoint` and `--resume`, with processes that are really stopped and really killed."""

import json
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from mnistnet.model_file import load_model
from mnistnet.training.checkpoint import read_checkpoint
from tests.end_to_end.conftest import CommandLine

TRAIN = ("train", "--data", "sample", "--hidden", "24", "--epochs", "12", "--dropout", "0.1", "--quiet", "--json")
posix = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")


def kill_and_resume(mnistnet: CommandLine, folder: Path, *, after: float, every: float) -> bytes:
    """The model of a training that is killed so many seconds after its first checkpoint, and gone on with."""
    folder.mkdir()
    checkpoint, model = folder / "training.npz", folder / "model.npz"
    process = mnistnet.start(*TRAIN, "--checkpoint", checkpoint, "--checkpoint-every", every, "--output", model)
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(after)
    process.kill()
    process.communicate()
    read_checkpoint(checkpoint)  # whole, at whatever moment it was
    if not model.exists():  # else it was killed while it wrote the report, or not at all
        done = mnistnet("train", "--data", "sample", "--resume", checkpoint, "--output", model, "--json", "--quiet")
        assert done.returncode == 0, done.stderr
    return model.read_bytes()


@posix
def test_killed_at_random_moments_it_goes_on_to_the_same_file(mnistnet: CommandLine, tmp_path: Path) -> None:
    assert mnistnet(*TRAIN, "--output", tmp_path / "whole.npz").returncode == 0
    whole = (tmp_path / "whole.npz").read_bytes()
    moments = random.Random(0)
    for number in range(2):
        after = moments.uniform(0, 0.6)
        model = kill_and_resume(mnistnet, tmp_path / str(number), after=after, every=[1e-9, 0.05][number])
        assert model == whole, f"killed after {after:.3f} s"


@posix
@pytest.mark.slow
def test_killed_at_many_more_moments(mnistnet: CommandLine, tmp_path: Path) -> None:
    assert mnistnet(*TRAIN, "--output", tmp_path / "whole.npz").returncode == 0
    whole = (tmp_path / "whole.npz").read_bytes()
    moments = random.Random(1)
    for number in range(3):
        after = moments.uniform(0, 1)
        assert kill_and_resume(mnistnet, tmp_path / str(number), after=after, every=0.02) == whole, f"{after:.3f} s"


@posix
def test_ctrl_c_tells_how_to_go_on_and_that_gives_the_whole_model(mnistnet: CommandLine, tmp_path: Path) -> None:
    checkpoint = tmp_path / "training.npz"
    process = mnistnet.start(*TRAIN, "--checkpoint", checkpoint, "--checkpoint-every", 0.01)
    while not checkpoint.exists():
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out)["partial"]) == (130, True)
    assert f"go on with --resume {checkpoint}" in err
    done = mnistnet("train", "--data", "sample", "--resume", checkpoint, "--output", tmp_path / "resumed.npz")
    assert done.returncode == 0, done.stderr
    assert "epoch  12/12" in done.stderr
    assert not load_model(tmp_path / "resumed.npz").provenance.partial


def test_a_finished_checkpoint_gives_the_model_at_once(mnistnet: CommandLine, tmp_path: Path) -> None:
    checkpoint = tmp_path / "training.npz"
    first = mnistnet(*TRAIN, "--checkpoint", checkpoint, "--output", tmp_path / "1.npz")
    again = mnistnet("train", "--data", "sample", "--resume", checkpoint, "--output", tmp_path / "2.npz")
    assert (first.returncode, again.returncode) == (0, 0)
    assert "epoch " not in again.stderr
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a training that ended."""
    folder = tmp_path_factory.mktemp("checkpoint")
    short = (*TRAIN[:5], "--epochs", "1", "--json")
    done = CommandLine(folder / "home")(*short, "--checkpoint", folder / "training.npz")
    assert done.returncode == 0, done.stderr
    return folder / "training.npz"


def test_other_settings_are_refused_with_the_difference(mnistnet: CommandLine, saved: Path) -> None:
    done = mnistnet("train", "--data", "sample", "--resume", saved, "--epochs", 20, "--dropout", 0.3)
    assert done.returncode == 1
    error = done.stderr.splitlines()[-1]
    assert "was trained with epochs 1, not 20; dropout 0, not 0.3" in error
    assert not mnistnet.home.exists()


@pytest.mark.slow
def test_other_data_are_refused_by_name(mnistnet: CommandLine, saved: Path, mnist_dir: Path) -> None:
    done = mnistnet("train", "--data", mnist_dir, "--resume", saved)
    assert done.returncode == 1
    assert "was trained on other data" in done.stderr
    assert "sample.npz" in done.stderr


def test_a_checkpoint_is_not_replaced_unasked(mnistnet: CommandLine, saved: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(saved, tmp_path))
    before = path.read_bytes()
    done = mnistnet(*TRAIN, "--checkpoint", path)
    assert done.returncode == 1
    assert f"go on from it with --resume {path}" in done.stderr
    assert path.read_bytes() == before
    assert mnistnet(*TRAIN, "--checkpoint", path, "--force").returncode == 0
    assert path.read_bytes() != before


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (("--resume", "none.npz"), 1, "there is no checkpoint none.npz"),
        (("--resume", "."), 1, "cannot read the checkpoint"),
        (("--resume", __file__), 1, "is not a whole mnistnet checkpoint"),
        (("--checkpoint", "/"), 1, "is a folder"),
        (("--output", "a.npz", "--checkpoint", "./a.npz"), 2, "the checkpoint a.npz would stand where the model"),
        (
            ("--run-dir", "a", "--checkpoint", "a/report.json", "--force"),
            2,
            "would stand where the model or its report",
        ),
        (("--checkpoint-every", "0"), 2, "--checkpoint-every"),
        (("--checkpoint-every", "nan"), 2, "--checkpoint-every"),
        (("--checkpoint-every", "soon"), 2, "--checkpoint-every"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(
    mnistnet: CommandLine, options: tuple[str, str], status: int, said: str
) -> None:
    done = mnistnet("train", "--data", "sample", *options)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr.splitlines()[-1]
    assert not mnistnet.home.exists()
