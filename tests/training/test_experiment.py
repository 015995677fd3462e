"""Experiments: what is trained is kept, found again, and only trusted if whole."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnistnet.data.mnist import Dataset, load_sample
from mnistnet.training.experiment import (
    Result,
    combinations,
    experiment_name,
    read_result,
    result_name,
    train_one,
    write_result,
)
from mnistnet.training.run import train_network
from mnistnet.training.settings import Settings

SETTINGS = Settings(hidden=(8,), epochs=2)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load_sample()


@pytest.fixture(scope="module")
def result(dataset: Dataset) -> Result:
    return train_one(dataset, SETTINGS, on_epoch=lambda _: None)


def test_every_combination_is_there_once() -> None:
    assert combinations({"a": [1, 2], "b": [3, 4], "c": [5]}) == [
        {"a": 1, "b": 3, "c": 5}, {"a": 1, "b": 4, "c": 5}, {"a": 2, "b": 3, "c": 5}, {"a": 2, "b": 4, "c": 5}
    ]  # fmt: skip


def test_a_result_is_what_training_alone_gives(dataset: Dataset, result: Result) -> None:
    training = train_network(dataset, SETTINGS)
    assert result.epochs == [epoch.as_json() for epoch in training.state.epochs]
    assert training.state.best is not None
    assert result.best_epoch == training.state.best.number
    assert result.curve[result.best_epoch - 1] == training.state.best.validation_accuracy


def test_an_exploding_loss_is_a_result_and_found_again(dataset: Dataset, tmp_path: Path) -> None:
    settings = replace(SETTINGS, loss="mse", learning_rate=1e6)
    result = train_one(dataset, settings, on_epoch=lambda _: None)
    assert "loss exploded" in result.failed
    write_result(tmp_path, result, settings)
    assert read_result(tmp_path, settings, dataset.sha256) == result


def test_a_result_is_found_by_settings_and_data_alone(result: Result, dataset: Dataset, tmp_path: Path) -> None:
    write_result(tmp_path, result, SETTINGS)
    assert read_result(tmp_path, SETTINGS, dataset.sha256) == result
    assert read_result(tmp_path, replace(SETTINGS, learning_rate=SETTINGS.peak_rate), dataset.sha256) == result
    assert read_result(tmp_path, replace(SETTINGS, seed=1), dataset.sha256) is None
    assert read_result(tmp_path, replace(SETTINGS, momentum=0.8), dataset.sha256) is None
    assert read_result(tmp_path, SETTINGS, {"sample.npz": "0" * 64}) is None


def changed(facts: dict[str, Any], **changes: Any) -> str:
    return json.dumps(facts | changes)


BEYOND = {"validation_accuracy": 1.5}
BROKEN = {
    "empty": lambda _: "",
    "cut": lambda facts: json.dumps(facts)[:-20],
    "a list": lambda facts: json.dumps([facts]),
    "deep": lambda _: "[" * 200_000,
    "another format": lambda facts: changed(facts, format="something"),
    "a later version": lambda facts: changed(facts, format_version=2),
    "a field less": lambda facts: json.dumps({name: value for name, value in facts.items() if name != "seconds"}),
    "a field more": lambda facts: changed(facts, more=1),
    "another seed": lambda facts: changed(facts, settings=facts["settings"] | {"seed": 7}),
    "other data": lambda facts: changed(facts, data_sha256={}),
    "an epoch less": lambda facts: changed(facts, epochs=facts["epochs"][:1], best_epoch=1),
    "no epochs": lambda facts: changed(facts, epochs=[], best_epoch=0),
    "another best": lambda facts: changed(facts, best_epoch=3 - facts["best_epoch"]),
    "no number": lambda facts: changed(facts, epochs=[facts["epochs"][0] | {"validation_accuracy": "1"}] * 2),
    "above 1": lambda facts: changed(facts, epochs=[facts["epochs"][0], facts["epochs"][1] | BEYOND], best_epoch=2),
    "no time": lambda facts: changed(facts, seconds=None),
    "endless": lambda facts: changed(facts, seconds=float("inf")),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_or_foreign_file_is_no_result(result: Result, dataset: Dataset, tmp_path: Path, kind: str) -> None:
    write_result(tmp_path, result, SETTINGS)
    path = tmp_path / result_name(SETTINGS, dataset.sha256)
    path.write_text(BROKEN[kind](json.loads(path.read_text())))
    assert read_result(tmp_path, SETTINGS, dataset.sha256) is None


def test_a_training_that_lost_patience_is_whole(dataset: Dataset, tmp_path: Path) -> None:
    settings = Settings(hidden=(4,), epochs=40, patience=1, learning_rate=2.0, batch_size=500)
    result = train_one(dataset, settings, on_epoch=lambda _: None)
    assert not result.failed
    assert len(result.epochs) == result.best_epoch + 1 < 40
    write_result(tmp_path, result, settings)
    assert read_result(tmp_path, settings, dataset.sha256) == result


def test_an_experiment_is_named_by_its_trainings_in_any_order() -> None:
    one, two = SETTINGS, replace(SETTINGS, seed=1)
    assert experiment_name([one, two], {}) == experiment_name([two, one], {})
    assert len({experiment_name(runs, {}) for runs in ([one], [two], [one, two])}) == 3
    assert experiment_name([one], {}) != experiment_name([one], {"sample.npz": "0"})
