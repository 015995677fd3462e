"""What a training run leaves behind beside its model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistnet.commands import main
from mnistnet.commands.run_folder import WARPED, draw_figures, warped_digits
from mnistnet.data.mnist import Examples, load_sample
from mnistnet.evaluation.figures import save_figure
from mnistnet.training.augmentation import Warps
from mnistnet.training.settings import Settings
from tests.models import small_model

SAMPLE = load_sample()


def sheet(settings: Settings, path: Path) -> bytes:
    """The warps.png of a run with these settings."""
    provenance = replace(small_model().provenance, settings=settings.resolved())
    save_figure(draw_figures(provenance, [], SAMPLE)["warps.png"], path, overwrite=True)
    return path.read_bytes()


def test_warped_digits_leave_a_sheet_and_a_run_without_them_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MNISTNET_HOME", str(tmp_path / "home"))
    folder = tmp_path / "run"
    options = "--recipe quick --data sample --hidden 8 --epochs 1"
    train = ["train", *options.split(), "--run-dir", str(folder)]
    assert main([*train, "--rotation", "10"]) == 0
    with Image.open(folder / "warps.png") as picture:
        picture.load()
    assert main(["report", str(folder)]) == 0
    assert f"Figure   {folder / 'warps.png'}" in capsys.readouterr().out

    assert main([*train, "--no-watch", "--force"]) == 0
    names = {"model.npz", "report.json", "confusion.png", "curves.png", "mistakes.png"}
    assert {path.name for path in folder.iterdir()} == names
    assert main(["report", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "confusion.png" in shown
    assert "warps.png" not in shown


def test_the_same_run_draws_the_same_sheet_and_another_seed_another(tmp_path: Path) -> None:
    settings = Settings(hidden=(5,), elastic=1.0, seed=3)
    one, again, other = (sheet(each, tmp_path / "s.png") for each in (settings, settings, replace(settings, seed=4)))
    assert one == again
    assert one != other


def test_a_sheet_has_an_example_of_each_digit_first_as_it_is() -> None:
    labels, rows = warped_digits(SAMPLE.learning, Warps(rotation=14, field=1), rng=np.random.default_rng(0))
    assert labels == list(range(10))
    assert rows.shape == (10, 1 + WARPED, 784)
    for label, row in zip(labels, rows, strict=True):
        own = SAMPLE.learning.images[SAMPLE.learning.labels == label]
        assert (own == row[0]).all(axis=1).any()
        assert len(np.unique(row, axis=0)) == 1 + WARPED
        assert np.abs(row[1:] - row[0]).mean() < 0.15  # another digit of its class is 0.13 away on average


def test_warps_of_no_strength_show_each_original_in_its_whole_row() -> None:
    some = np.flatnonzero(np.isin(SAMPLE.learning.labels, (3, 7)))
    examples = Examples(SAMPLE.learning.images[some], SAMPLE.learning.labels[some])
    labels, rows = warped_digits(examples, Warps(), rng=np.random.default_rng(0))
    assert labels == [3, 7]
    np.testing.assert_allclose(rows, np.repeat(rows[:, :1], 1 + WARPED, axis=1), atol=1e-6)
