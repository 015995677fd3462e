"""What a training run leaves behind beside its model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnistnet.commands import main
from mnistnet.commands.report_files import CHARTS, FIGURES, WARPED, figures_of, warped_digits
from mnistnet.data.mnist import Examples, load_sample
from mnistnet.evaluation.calibration import judge
from mnistnet.evaluation.figures import png_bytes
from mnistnet.evaluation.report import make_report
from mnistnet.training.augmentation import Warps
from mnistnet.training.settings import Settings
from tests.models import small_model

SAMPLE = load_sample()


def sheet(settings: Settings) -> bytes:
    """The warps of a run with these settings, as PNG."""
    model = small_model()
    model = replace(model, provenance=replace(model.provenance, settings=settings.resolved()))
    judgement = judge(model.network, model.params, model.calibration, SAMPLE.test.images)
    report = make_report(model, path="m.npz", judgement=judgement, labels=SAMPLE.test.labels)
    return png_bytes(figures_of(report, model, SAMPLE)["warps"]())


def test_what_there_is_nothing_to_draw_for_is_on_no_page_and_another_runs_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MNISTNET_HOME", str(tmp_path / "home"))
    folder = tmp_path / "run"
    options = "--recipe quick --data sample --hidden 8 --epochs 1"
    train = ["train", *options.split(), "--run-dir", str(folder)]
    assert main([*train, "--rotation", "10"]) == 0
    page = (folder / "report.html").read_text()
    assert "how they were warped" in page
    assert page.count('src="data:image/svg') == len(CHARTS)
    assert main(["report", str(folder), "--figures", str(tmp_path / "drawn")]) == 0
    assert f"Figures  {tmp_path / 'drawn'}\n" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "drawn").iterdir()} == {
        f"{n}.{s}" for n in FIGURES for s in ("png", "svg")
    }

    assert main([*train, "--no-watch", "--force"]) == 0
    assert {path.name for path in folder.iterdir()} == {"model.npz", "report.json", "report.html", "run.toml"}
    page = (folder / "report.html").read_text()
    assert "how they were warped" not in page
    assert page.count('src="data:image/svg') == len(CHARTS) - 2


def test_the_same_run_draws_the_same_sheet_and_another_seed_another() -> None:
    settings = Settings(hidden=(5,), elastic=1.0, seed=3)
    one, again, other = (sheet(each) for each in (settings, settings, replace(settings, seed=4)))
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
