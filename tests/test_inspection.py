import json

import numpy as np
import pytest

from mnistnet.arrays import SIDE
from mnistnet.data.mnist import load_sample
from mnistnet.inspection import PLACES, STRONGEST, look_inside, main_place
from mnistnet.model_file import load_model
from mnistnet.nn.network import forward
from mnistnet.places import shipped
from mnistnet.reader import Part
from mnistnet.vision.box import Box
from tests.models import small_model

IMAGE = load_sample().test.images[3]


def inside_of(model, image=IMAGE):
    logits = forward(model.network, model.params, image[None])[0][0]
    shares = np.exp(logits) / np.exp(logits).sum()
    return look_inside(
        model, Part(Box(0, 0, 28, 28), int(logits.argmax()), shares.tolist(), str(logits.argmax())), image
    ), logits


@pytest.fixture(scope="module")
def looked():
    model = load_model(shipped("mnist.npz"))
    return model, *inside_of(model)


def test_the_runner_up_has_the_second_highest_logit(looked):
    _, inside, logits = looked
    assert (inside.part.digit, inside.runner_up) == tuple(np.argsort(-logits)[:2])


def test_layers_are_told_as_they_are_computed_by_hand(looked):
    model, inside, _ = looked
    outputs = IMAGE
    for layer, found in zip(model.params.layers[:-1], inside.layers, strict=True):
        outputs = np.maximum(outputs @ layer.weights + layer.bias, 0)
        np.testing.assert_allclose(found.outputs, outputs, rtol=1e-4, atol=1e-5)
        assert found.active == np.count_nonzero(outputs > 0)
        assert [unit.output for unit in found.strongest] == pytest.approx(
            [outputs[unit.number] for unit in found.strongest], rel=1e-4
        )


def test_the_strongest_units_are_those_whose_loss_costs_the_last_layer_most(looked):
    model, inside, logits = looked
    answer, rival = inside.part.digit, inside.runner_up
    last, outputs = model.params.layers[-1], inside.layers[-1].outputs
    costs = []
    for unit in range(len(outputs)):
        without = outputs.copy()
        without[unit] = 0
        changed = without @ last.weights + last.bias
        costs.append(logits[answer] - logits[rival] - changed[answer] + changed[rival])
    strongest = inside.layers[-1].strongest
    assert len(strongest) == STRONGEST
    assert {unit.number for unit in strongest} == set(np.argsort(costs)[-STRONGEST:])
    assert [unit.adds for unit in strongest] == sorted((unit.adds for unit in strongest), reverse=True)
    assert [unit.adds for unit in strongest] == pytest.approx([costs[u.number] for u in strongest], abs=1e-4)


def test_the_change_is_told_in_shares_of_the_ink(looked):
    _, inside, _ = looked
    change, ink = inside.change, IMAGE.sum()
    assert change.reached
    assert change.added == pytest.approx(np.maximum(change.image - IMAGE, 0).sum() / ink, rel=1e-4)
    assert change.removed == pytest.approx(np.maximum(IMAGE - change.image, 0).sum() / ink, rel=1e-4)
    assert 0.3 < change.probability < 0.9


def test_units_that_add_nothing_are_not_among_the_strongest():
    model = small_model()
    model.params.flat[:] = 0
    model.params.layers[-1].bias[4] = 1
    inside, _ = inside_of(model)
    assert [layer.strongest for layer in inside.layers] == [[]]
    assert inside.layers[0].active == 0
    assert (inside.part.digit, inside.runner_up, inside.change.reached) == (4, 0, False)
    share = round(1 / (9 + np.exp(1 / model.calibration.temperature)), 6)
    assert inside.as_json()["needed"] == {"reached": False, "added": 0, "removed": 0, "probability": share}


def test_all_but_the_pictures_is_plain_json(looked):
    _, inside, _ = looked
    values = json.loads(json.dumps(inside.as_json()))
    assert [layer["units"] for layer in values["layers"]] == [2048, 1024]
    assert values["layers"][1]["strongest"][0]["unit"] == inside.layers[1].strongest[0].number


@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("column", range(3))
def test_the_main_place_is_where_most_is(row, column):
    amounts = np.ones((SIDE, SIDE))
    amounts[(2, 14, 27)[row], (2, 14, 27)[column]] = 100
    assert main_place(amounts.ravel()) == PLACES[row][column]
