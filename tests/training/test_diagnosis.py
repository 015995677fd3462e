"""Diagnoses: each from numbers that call for it, none from healthy ones, and all from real sick networks."""

from dataclasses import replace

import pytest

from mnistnet.data.mnist import Examples
from mnistnet.training.diagnosis import diagnose
from mnistnet.training.settings import Settings
from mnistnet.training.state import Epoch
from mnistnet.training.watch import LayerWatch
from tests.models import EPOCH
from tests.training.training import SETTINGS, train


def kinds(epochs: list[Epoch], settings: Settings = SETTINGS) -> list[str]:
    return [diagnosis.kind for diagnosis in diagnose(epochs, settings)]


def numbered(epochs: list[Epoch]) -> list[Epoch]:
    return [epoch._replace(number=number) for number, epoch in enumerate(epochs, start=1)]


def layers(*first: LayerWatch) -> Epoch:
    return EPOCH._replace(layers=(*first, LayerWatch(0.2, 0.02, 1.5, 0.0)))


def test_healthy_epochs_call_for_nothing() -> None:
    assert kinds([EPOCH, EPOCH, EPOCH]) == []
    assert kinds([]) == []
    assert kinds([EPOCH._replace(layers=())]) == []


def test_gradients_that_vanish_name_layer_ratio_and_remedy() -> None:
    sick = layers(LayerWatch(2e-10, 0.01, 0.5, 0.0))
    (diagnosis,) = diagnose([sick, sick], replace(SETTINGS, activation="sigmoid"))
    assert diagnosis.text.startswith(
        "gradients vanish in layer 1: 1e-09 of the output layer's; try --activation relu or"
    )
    worse = layers(LayerWatch(1e-4, 0.01, 0.5, 0.0), LayerWatch(1e-5, 0.01, 0.5, 0.0))
    assert "in layer 2: 5e-05" in diagnose([worse], SETTINGS)[0].text
    assert kinds([layers(LayerWatch(0.0, 0.0, 0.0, 0.0))]) == ["gradients vanish"]
    assert kinds([layers(LayerWatch(2.1e-3, 0.01, 0.5, 0.0))]) == []


def test_gradients_that_explode_are_told() -> None:
    (diagnosis,) = diagnose([layers(EPOCH.layers[0], LayerWatch(2e4, 0.1, 0.5, 0.0))], SETTINGS)
    assert diagnosis.text.startswith(
        "gradients explode in layer 2: 1e+05 times the output layer's; try --clip-norm 1, or"
    )


def test_dead_units_are_told_with_their_share_once_a_layer() -> None:
    sick = layers(LayerWatch(0.1, 0.01, 0.5, 0.1), LayerWatch(0.1, 0.01, 0.5, 0.4))
    worse = layers(LayerWatch(0.1, 0.01, 0.5, 0.1), LayerWatch(0.1, 0.01, 0.5, 0.9))
    (diagnosis,) = diagnose([EPOCH, sick, worse], SETTINGS)
    assert diagnosis.text.startswith("40 % of layer 2 is dead")
    assert "--activation leaky_relu" in diagnosis.text


def test_a_loss_that_exploded_names_its_step() -> None:
    (diagnosis,) = diagnose([EPOCH, EPOCH._replace(worst_loss=30.0, worst_step=312)], SETTINGS)
    assert diagnosis.text == "loss exploded at step 312: 30, from 2.5 in the first; lower --learning-rate (0.2)"
    assert kinds([EPOCH._replace(worst_loss=24.0)]) == []


def test_a_loss_that_stays_where_it_began_is_told_after_three_epochs() -> None:
    stuck = EPOCH._replace(loss=2.3)
    assert kinds([stuck, stuck]) == []
    assert kinds([stuck, stuck, EPOCH._replace(loss=2.2)]) == []
    (diagnosis,) = diagnose([stuck] * 3, SETTINGS)
    assert diagnosis.text.startswith("nothing is learned: the loss is 2.3 after 3 epochs, and was 2.5 at first; try")


@pytest.mark.parametrize(
    ("validation", "training", "told"),
    [
        ([1.0, 0.5, 0.6, 0.7, 0.8], [5, 4, 3, 2, 1], True),
        ([1.0, 0.5, 0.6, 0.7], [5, 4, 3, 2], False),  # two epochs after the lowest may be chance
        ([1.0, 0.5, 0.51, 0.52, 0.53], [5, 4, 3, 2, 1], False),  # hardly any rise
        ([1.0, 0.5, 0.6, 0.7, 0.8], [5, 1, 2, 3, 4], False),  # training gets worse too: no overfitting
    ],
)
def test_overfitting_names_the_epoch_since_when(validation: list[float], training: list[float], told: bool) -> None:
    epochs = [
        EPOCH._replace(validation_loss=of_validation, loss=of_training / 10)
        for of_validation, of_training in zip(validation, training, strict=True)
    ]
    texts = [diagnosis.text for diagnosis in diagnose(numbered(epochs), SETTINGS)]
    assert [text.startswith("overfitting since epoch 2: ") for text in texts] == [True] * told


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"hidden": (32,) * 7, "activation": "sigmoid", "initializer": "xavier_uniform"}, "gradients vanish"),
        ({"hidden": (32,) * 7, "activation": "sigmoid", "initializer": "xavier_uniform"}, "nothing is learned"),
        ({"learning_rate": 50.0, "hidden": (32, 32)}, "layer 2 is dead"),
        ({"learning_rate": 3.0, "hidden": (32, 32)}, "loss exploded"),
        ({"epochs": 40, "label_smoothing": 0.0, "schedule": "constant", "validation": 0.5}, "overfitting"),
    ],
)
def test_real_sick_networks_are_found_out(
    digits: tuple[Examples, Examples], options: dict[str, object], kind: str
) -> None:
    settings = replace(SETTINGS, **options)  # type: ignore[arg-type]
    assert kind in kinds(train(digits, settings).epochs, settings)


@pytest.mark.parametrize(
    ("settings", "mended"),
    [
        ({"activation": "sigmoid", "initializer": "xavier_uniform"}, {"activation": "relu", "initializer": None}),
        ({"activation": "sigmoid", "initializer": "xavier_uniform"}, {"batch_norm": True}),
        ({"activation": "sigmoid", "initializer": "xavier_uniform"}, {"initializer": None, "hidden": (32,)}),
    ],
)
def test_the_remedies_against_vanishing_help(
    digits: tuple[Examples, Examples], settings: dict[str, object], mended: dict[str, object]
) -> None:
    sick = replace(SETTINGS, hidden=(32,) * 7, **settings)  # type: ignore[arg-type]
    assert "gradients vanish" in kinds(train(digits, sick).epochs, sick)
    healthy = replace(sick, **mended)  # type: ignore[arg-type]
    assert "gradients vanish" not in kinds(train(digits, healthy).epochs, healthy)


def test_no_remedy_is_proposed_that_is_in_use() -> None:
    sick = layers(LayerWatch(2e-10, 0.01, 0.5, 0.0))
    text = diagnose([sick], replace(SETTINGS, batch_norm=True))[0].text
    assert "--batch-norm" not in text
    assert "relu" not in text


def test_a_real_healthy_network_is_left_in_peace(digits: tuple[Examples, Examples]) -> None:
    settings = replace(SETTINGS, hidden=(64, 32))
    assert kinds(train(digits, settings).epochs, settings) == []
