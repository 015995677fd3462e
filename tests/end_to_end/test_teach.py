"""`mnistnet teach`, as a user runs it: digits of a hand with a strong slant, drawn on paper."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistnet.data.mnist import load_sample
from mnistnet.model_file import load_model
from mnistnet.places import shipped
from mnistnet.web.personal import PersonalSet
from tests.end_to_end.conftest import CommandLine, Done

SAMPLE = load_sample().test


def slanted(rows: slice) -> Iterator[tuple[int, Image.Image, str]]:
    """Test digits that lean to the left, dark on light, with their numbers and labels."""
    for number in range(rows.start, rows.stop):
        page = Image.fromarray(255 - (255 * SAMPLE.images[number].reshape(28, 28)).astype(np.uint8)).resize((280, 280))
        leaning = page.transform(page.size, Image.Transform.AFFINE, (1, -0.7, 98, 0, 1, 0), fillcolor=255)
        yield number, leaning, str(SAMPLE.labels[number])


def write_folder(folder: Path, rows: slice) -> Path:
    for number, page, label in slanted(rows):
        (folder / label).mkdir(parents=True, exist_ok=True)
        page.save(folder / label / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[CommandLine, Path]:
    """The command line after a small training on the sample, and its run's folder."""
    home = tmp_path_factory.mktemp("teach")
    mnistnet, run = CommandLine(home / "home"), home / "run"
    quick = ("--recipe", "quick", "--data", "sample", "--hidden", 128, "--epochs", 8, "--quiet")
    assert mnistnet("train", *quick, "--run-dir", run).returncode == 0
    return mnistnet, run


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("mine") / "my slant", slice(0, 100))


@pytest.fixture(scope="module")
def taught(before: tuple[CommandLine, Path], mine: Path) -> tuple[CommandLine, Path, Done]:
    """The command line after teaching, the run's folder that was taught, and what teaching printed."""
    mnistnet, run = before
    done = mnistnet("teach", mine, "--model", run, "--json")
    assert done.returncode == 0, done.stderr
    return mnistnet, run, done


def test_it_reads_the_hand_better_and_keeps_the_original(taught: tuple[CommandLine, Path, Done]) -> None:
    mnistnet, run, done = taught
    result = json.loads(done.stdout)
    assert done.stderr.count("kept aside") == len(result["epochs"]) - 1
    assert (result["learned"] + result["kept_aside"], result["new_classes"]) == (100, [])
    assert result["after"]["kept_aside"] > result["before"]["kept_aside"]
    assert result["before"]["test"] - result["after"]["test"] < 15
    original, new = load_model(run / "model.npz"), load_model(Path(result["model"]))
    assert original.provenance.test_errors == 1000 - result["before"]["test"]
    assert new.provenance.test_errors == 1000 - result["after"]["test"]
    assert "taught" not in original.provenance.notice
    assert "pictures of my slant (" in new.provenance.notice
    assert sorted(path.name for path in Path(result["run"]).iterdir()) == ["model.npz", "report.html", "report.json"]
    assert not (mnistnet.home / "last-model").exists()  # of the sample: not what predict takes unasked


def test_what_it_came_to_can_be_used_and_checked(taught: tuple[CommandLine, Path, Done], tmp_path: Path) -> None:
    mnistnet, run, _ = taught
    others = write_folder(tmp_path / "others", slice(100, 200))
    wrong = [
        json.loads(mnistnet("evaluate", others, "--single", "--json", "--model", model).stdout)["single_digits"]
        for model in (run, "last")
    ]
    assert wrong[1]["right"]["count"] > wrong[0]["right"]["count"]
    assert "The claim holds" in mnistnet("verify", "last", "--data", "sample").stdout
    assert "pictures of my slant" in mnistnet("report", "last").stdout


@pytest.mark.slow
def test_the_same_file_twice_from_what_was_named_on_the_page(before: tuple[CommandLine, Path], tmp_path: Path) -> None:
    mnistnet = CommandLine(tmp_path)
    personal = PersonalSet(tmp_path / "personal")
    for number, page, label in slanted(slice(0, 40)):
        page.save(tmp_path / f"{number}.png")
        personal.add((tmp_path / f"{number}.png").read_bytes(), label)
    hashes = set()
    for name in ("a.npz", "b.npz"):
        done = mnistnet("teach", "--model", before[1], "--output", tmp_path / name, "--quiet")
        assert (done.returncode, done.stderr) == (0, "")
        hashes.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(hashes) == 1
    assert "your pictures, learned" in done.stdout
    assert "test images of the bundled sample (1,000)" in done.stdout
    assert f"Taught  {before[1] / 'model.npz'}, which is as it was" in done.stdout


def test_a_sign_of_ones_own(before: tuple[CommandLine, Path], tmp_path: Path) -> None:
    mnistnet, run = before
    for number in np.flatnonzero(SAMPLE.labels == 4)[:30]:
        page = Image.fromarray(255 - (255 * SAMPLE.images[number].reshape(28, 28)).astype(np.uint8)).resize((140, 140))
        (tmp_path / "h").mkdir(exist_ok=True)
        page.rotate(180).save(tmp_path / "h" / f"{number}.png")
    asked = tmp_path / "asked.png"
    shutil.move(sorted((tmp_path / "h").iterdir())[0], asked)
    done = mnistnet("teach", tmp_path, "--model", run, "--run-dir", tmp_path / "run", "--force")
    assert done.returncode == 0, done.stderr
    assert "New classes: h" in done.stdout
    answer = json.loads(mnistnet("predict", asked, "--model", tmp_path / "run", "--json").stdout)
    assert (answer["digits"], answer["parts"][0]["digit"], len(answer["parts"][0]["probabilities"])) == ("h", 10, 11)
    assert "The claim holds" in mnistnet("verify", tmp_path / "run", "--data", "sample").stdout


def test_where_nothing_is_gained_nothing_is_written(before: tuple[CommandLine, Path], tmp_path: Path) -> None:
    """All are 1s, of which one is kept aside: what is learned says that they are something else."""
    mnistnet, run = before
    labels = ["1", "1", "0", *"23456789"]
    for label, number in zip(labels, np.flatnonzero(SAMPLE.labels == 1), strict=False):
        page = Image.fromarray(255 - (255 * SAMPLE.images[number].reshape(28, 28)).astype(np.uint8))
        page.resize((140, 140)).save(tmp_path / f"{label}_{number}.png")
    done = mnistnet("teach", tmp_path, "--model", run, "--output", tmp_path / "new.npz")
    assert (done.returncode, done.stderr.count("kept aside")) == (0, 5)
    assert done.stdout.splitlines()[-1].startswith("Nothing is written: after learning, ")
    assert not (tmp_path / "new.npz").exists()
    again = json.loads(mnistnet("teach", tmp_path, "--model", run, "--output", tmp_path / "new.npz", "--json").stdout)
    assert (again["model"], again["chosen_epoch"], again["before"] == again["after"]) == (None, 0, True)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("nowhere",), 1, "there is no folder nowhere; name one with labelled pictures"),
        ((), 1, "personal; name one with labelled pictures, or name drawings on the page"),
        (("empty",), 1, "no pictures in empty"),
        (("numbers",), 1, "numbers has nothing to learn from: left out, as their label is no single digit or sign: 1"),
        (("broken",), 1, "broken has nothing to learn from: 1 of 1 pictures were left out, such as 3/a.png"),
        (("broken", "--output", "m.onnx"), 2, "expected --output to end in .npz, got m.onnx"),
        (("broken", "--seed", -1), 2, "expected --seed to be 0 or more, got -1"),
        (("broken", "--output", "there.npz"), 1, "there.npz exists already"),
        (("broken", "--model", "shipped", "--output", shipped("mnist.npz"), "--force"), 2, "is what is taught"),
        (("broken", "--model", "there.npz"), 1, "there.npz is not a whole mnistnet model"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    mnistnet: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[object, ...],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "numbers/42", "broken/3"):
        Path(name).mkdir(parents=True)
    Image.new("L", (50, 50), 255).save("numbers/42/a.png")
    for name in ("broken/3/a.png", "there.npz"):
        Path(name).write_bytes(b"no picture and no model")
    done = mnistnet("teach", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (status, "", 1)
    assert said in done.stderr
