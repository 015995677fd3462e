"""Settings: what makes no sense is refused, and what is left open follows from the rest."""

from dataclasses import replace

import pytest

from mnistnet.arrays import DIGITS
from mnistnet.data.mnist import load_sample
from mnistnet.errors import TrainingError
from mnistnet.training.augmentation import Warps
from mnistnet.training.recipes import RECIPES, suited
from mnistnet.training.settings import Settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden": ()}, {"hidden": (0,)}, {"epochs": 0}, {"epochs": -1}, {"batch_size": 0}, {"optimizer": "magic"},
        {"learning_rate": -0.1}, {"learning_rate": float("nan")}, {"learning_rate": float("inf")}, {"seed": -1},
        {"label_smoothing": -0.1}, {"label_smoothing": 1.0}, {"activation": "step"}, {"schedule": "none"},
        {"initializer": "zeros"}, {"loss": "hinge"}, {"output_activation": "sigmoid"}, {"dropout": 1.0},
        {"input_dropout": -0.5}, {"momentum": 1.0}, {"square_decay": float("nan")}, {"warmup": 1.0}, {"l1": -1.0},
        {"l2": float("inf")}, {"weight_decay": -1e-9}, {"clip_norm": -1.0}, {"average": 1.0}, {"patience": -1},
        {"rotation": -1.0}, {"scale": 1.5}, {"shear": float("nan")}, {"shift": 100.0}, {"elastic": -0.1},
        {"receptive_field": 29}, {"receptive_field": -1},
        {"validation": -0.1}, {"validation": 1.0}, {"patience": 3, "validation": 0.0},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)  # type: ignore[arg-type]


def test_the_learning_rate_is_the_optimisers_own_unless_given() -> None:
    assert Settings(optimizer="adam").peak_rate == 0.001
    assert replace(Settings(), optimizer="adam").peak_rate == 0.001
    assert Settings(optimizer="adam", learning_rate=0.01).peak_rate == 0.01


def test_another_optimizer_comes_with_its_own_rates_and_the_same_one_keeps_the_recipes() -> None:
    base = Settings(optimizer="adam", learning_rate=0.003, square_decay=0.99)
    other = base.changed({"optimizer": "momentum", "momentum": 0.5})
    assert (other.peak_rate, other.momentum, other.square_decay) == (0.2, 0.5, None)
    same = base.changed({"optimizer": "adam", "epochs": 3})
    assert (same.peak_rate, same.square_decay, same.epochs) == (0.003, 0.99, 3)


def test_recipes_are_what_they_are_named_for() -> None:
    assert list(RECIPES) == ["quick", "standard", "record"]
    assert RECIPES["quick"].warps is None
    assert RECIPES["standard"].warps == RECIPES["record"].warps != Warps()
    assert RECIPES["record"].validation == 0  # a fixed length on all images


def test_what_is_left_open_follows_from_the_rest() -> None:
    resolved = Settings(optimizer="adamw", loss="mse", activation="tanh", schedule="one_cycle").resolved()
    assert resolved["weight_decay"] == 0.01
    assert resolved["output_activation"] == "identity"
    assert resolved["initializer"] == "xavier_uniform"
    assert resolved["warmup"] == 0.3
    assert resolved["square_decay"] == 0.999
    assert Settings(weight_decay=0.5, optimizer="adamw").resolved()["weight_decay"] == 0.5
    assert None not in resolved.values()
    assert Settings(**resolved | {"hidden": tuple(resolved["hidden"])}).resolved() == resolved


def test_the_rate_rises_to_its_peak_in_the_warm_up_and_then_falls() -> None:
    settings = Settings(learning_rate=2.0, warmup=0.1)
    rates = [settings.rate(step, steps=50) for step in range(50)]
    assert rates[:5] == pytest.approx([0.4, 0.8, 1.2, 1.6, 2.0])
    assert rates[5:] == sorted(rates[5:], reverse=True)


@pytest.mark.parametrize(
    ("strokes", "classes", "without"),
    [
        (True, DIGITS, ()),
        (True, ("a", "b"), ("other_hands",)),
        (False, ("a", "b"), ("other_hands", "rotation", "scale", "shear", "shift", "elastic")),
    ],
)
def test_what_a_recipe_has_for_handwriting_is_for_handwriting(
    strokes: bool, classes: tuple[str, ...], without: tuple[str, ...]
) -> None:
    dataset = replace(load_sample(), name="things", classes=classes, has_strokes=strokes)
    standard = RECIPES["standard"]
    assert suited(standard, dataset) == replace(standard, **dict.fromkeys(without, 0.0))
    named = standard.changed({"shift": 3.0})
    assert suited(named, dataset, named=["shift"]).shift == 3
    if without:
        with pytest.raises(TrainingError, match="--other-hands is for handwritten digits, and things has others"):
            suited(standard, dataset, named=["other_hands"])
