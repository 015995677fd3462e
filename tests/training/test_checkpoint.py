"""Checkpoints: a training put back from one ends in the same bits; what is no checkpoint is refused by name."""

import os
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnistnet.data.mnist import Examples
from mnistnet.errors import CheckpointError, OutputError
from mnistnet.training.checkpoint import changed_versions, read_checkpoint, require_same, restore, save_checkpoint
from mnistnet.training.settings import Settings
from mnistnet.training.state import State, new_state
from mnistnet.training.trainer import fit
from tests.training.training import EVERYTHING, SETTINGS, train

Digits = tuple[Examples, Examples]
DATA = {"images": "00", "labels": "01"}


class Saver:
    """Saves a state before chosen batches, counted over all epochs."""

    def __init__(self, folder: Path, settings: Settings, batches: set[int]) -> None:
        self.folder, self.settings, self.batches, self.number = folder, settings, batches, 0

    def __call__(self, state: State) -> None:
        if self.number in self.batches:
            save_checkpoint(self.folder / f"{self.number}.npz", state, self.settings, DATA)
        self.number += 1


@pytest.mark.parametrize("settings", [SETTINGS, EVERYTHING])
def test_it_goes_on_to_the_same_bits_from_wherever_it_was_saved(
    digits: Digits, settings: Settings, tmp_path: Path
) -> None:
    moments = {0, 1, 20, 21, 22, 50, 62}  # an epoch has 21 batches, the last of which is short
    whole = train(digits, settings, before_batch=Saver(tmp_path, settings, moments))
    for moment in moments:
        checkpoint = read_checkpoint(tmp_path / f"{moment}.npz")
        state = new_state(settings.network(), checkpoint.settings, digits[0], rng=np.random.default_rng(settings.seed))
        restore(checkpoint, state, examples=1017)
        assert len(state.epochs) == moment // 21
        for _ in fit(state, *digits, checkpoint.settings):
            pass
        assert state.epochs == whole.epochs
        assert state.best == whole.best
        np.testing.assert_array_equal(state.params.flat, whole.params.flat)
        assert state.best_params is not None
        assert whole.best_params is not None
        np.testing.assert_array_equal(state.best_params.flat, whole.best_params.flat)


@pytest.fixture
def saved(digits: Digits, tmp_path: Path) -> Path:
    """A checkpoint in the second epoch."""
    train(digits, EVERYTHING, before_batch=Saver(tmp_path, EVERYTHING, {30}))
    return tmp_path / "30.npz"


def test_a_checkpoint_after_the_end_has_nothing_left_to_do(digits: Digits, tmp_path: Path) -> None:
    whole = train(digits)
    save_checkpoint(tmp_path / "end.npz", whole, SETTINGS, DATA)
    state = new_state(SETTINGS.network(), SETTINGS, digits[0], rng=np.random.default_rng(0))
    restore(read_checkpoint(tmp_path / "end.npz"), state, examples=1017)
    assert list(fit(state, *digits, SETTINGS)) == []
    np.testing.assert_array_equal(state.params.flat, whole.params.flat)


def test_other_settings_and_other_data_are_refused_with_the_difference(saved: Path) -> None:
    checkpoint = read_checkpoint(saved)
    require_same(checkpoint, EVERYTHING, DATA)
    with pytest.raises(CheckpointError, match=r"trained with epochs 4, not 7; dropout 0\.2, not 0\.3;"):
        require_same(checkpoint, replace(EVERYTHING, epochs=7, dropout=0.3), DATA)
    with pytest.raises(CheckpointError, match=r"trained on other data.*images.*--data"):
        require_same(checkpoint, EVERYTHING, DATA | {"labels": "02"})


def test_other_versions_are_named(saved: Path) -> None:
    checkpoint = read_checkpoint(saved)
    assert changed_versions(checkpoint) == ""
    checkpoint.facts["versions"]["threads"] = 999
    assert changed_versions(checkpoint).startswith("threads 999 is now ")


def test_no_checkpoint_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"there is no checkpoint .*none\.npz; start one with --checkpoint"):
        read_checkpoint(tmp_path / "none.npz")
    with pytest.raises(CheckpointError, match="cannot read the checkpoint"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 0.999])
def test_a_checkpoint_cut_short_is_refused(saved: Path, kept: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(CheckpointError, match="is not a whole mnistnet checkpoint"):
        read_checkpoint(saved)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"mnistnet checkpoint"', b'"mnistnet model"'), (b'"format_version": 2', b'"format_version": 9'),
        (b'"optimizer": "adam"', b'"optimizer": "none"'), (b'"dropout": 0.2', b'"dropout": 2.0'),
        (b'"best_epoch": 1', b'"best_epoch": 9'), (b'"batches": ', b'"batches": -'), (b'"batches": ', b'"batches": 1'),
        (b'"examples": ', b'"examples": 2'), (b'"PCG64"', b'"MT19937"'),
        (b'"optimizer_steps": 30', b'"optimizer_steps": "a"'), (b'"dead"', b'"life"'),
        (b'"optimizer_steps": 30', b'"optimizer_steps": -1'), (b'"best_epoch": 1', b'"best_epoch": null'),
        (b'"best_epoch": 1', b'"best_epoch": -1'), (b'"best_epoch": 1', b'"best_epoch": 0'),
        (b'"bias": false', b'"bias": 1.5'), (b'"standardize": true', b'"standardize": "abc"'),
        (b'"seed": 0', b'"seed": 1.5'), (b'"epochs": 4', b'"epochs": Infinity'), (b'"number": 1', b'"number": null'),
        (b'"loss": ', b'"loss": "a", "x": '), (b'"total": ', b'"total": null, "x": '), (b'"dead": ', b'"dead": "a'),
        (b'"data_sha256": {', b'"data_sha256": 3, "x": {'), (b'"versions": {', b'"versions": [], "x": {'),
        (b'"gradient": ', b'"gradient": Infinity, "x": '), (b'"epochs": [', b'"epochs": [[], '),
        (b'"hidden": [', b'"hidden": "", "x": ['),
    ],
)  # fmt: skip
def test_a_checkpoint_tampered_with_is_refused(digits: Digits, saved: Path, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert old in members["checkpoint.json"]
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content.replace(old, new, 1) if name == "checkpoint.json" else content)
    state = new_state(EVERYTHING.network(), EVERYTHING, digits[0], rng=np.random.default_rng(0))
    with pytest.raises(CheckpointError, match="is not a whole mnistnet checkpoint"):
        restore(read_checkpoint(saved), state, examples=1017)


def test_arrays_of_another_network_are_refused(digits: Digits, saved: Path) -> None:
    other = replace(EVERYTHING, hidden=(20, 17))
    state = new_state(other.network(), other, digits[0], rng=np.random.default_rng(0))
    with pytest.raises(CheckpointError, match=r"expected params\.npy to be"):
        restore(read_checkpoint(saved), state, examples=1017)


def test_what_usually_goes_with_the_rest_may_be_named_too(saved: Path) -> None:
    named = replace(EVERYTHING, momentum=0.9, warmup=0.3, learning_rate=0.001)
    require_same(read_checkpoint(saved), named, DATA)


def test_a_state_that_could_not_be_read_back_is_not_written_over_a_good_one(digits: Digits, saved: Path) -> None:
    before = saved.read_bytes()
    state = train(digits, EVERYTHING)
    state.optimizer.state[0, 0] = np.inf
    with pytest.raises(OutputError, match=r"optimizer\.npy holds numbers that are not finite"):
        save_checkpoint(saved, state, EVERYTHING, DATA)
    assert saved.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a POSIX pipe")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: os.close(os.open(pipe, os.O_WRONLY)))  # whoever reads comes to an end
    writer.start()
    with pytest.raises(CheckpointError, match="it is no regular file"):
        read_checkpoint(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer.join()
    os.close(reading)
