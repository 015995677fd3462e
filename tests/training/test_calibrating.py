"""Calibrating a small network that was really trained, on the bundled sample."""

import numpy as np
import pytest

from mnistnet.data.glyphs import HELD_OUT_FONTS
from mnistnet.data.mnist import Examples, load_sample, split
from mnistnet.data.non_digits import printed_letters
from mnistnet.evaluation.calibration import Judgement, judge
from mnistnet.model_file import Model
from mnistnet.training.calibrating import REFUSED, STATED_ERROR, calibrate
from mnistnet.training.settings import Settings
from mnistnet.training.state import best_network, new_state
from mnistnet.training.trainer import fit
from tests.models import small_model

SAMPLE = load_sample()
TRAIN, VALIDATION = split(SAMPLE.learning, validation=1000, rng=np.random.default_rng(0))
NONE = Examples(VALIDATION.images[:0], VALIDATION.labels[:0])


@pytest.fixture(scope="module")
def trained():
    settings = Settings(hidden=(128, 64), epochs=8, watch=False)
    state = new_state(settings.network(), settings, TRAIN, rng=np.random.default_rng(0))
    for _ in fit(state, TRAIN, VALIDATION, settings):
        pass
    return best_network(state)


def calibrated(trained, *, aside):
    calibration = calibrate(*trained, learned=TRAIN, aside=aside, rng=np.random.default_rng(1))
    return Model(*trained, calibration, small_model().provenance)


def judged(model, images) -> Judgement:
    return judge(model.network, model.params, model.calibration, images)


@pytest.fixture(scope="module")
def model(trained):
    return calibrated(trained, aside=VALIDATION)


def test_it_promises_what_held_out_digits_keep(model):
    judgement = judged(model, SAMPLE.test.images)
    right = judgement.probabilities.argmax(axis=1) == SAMPLE.test.labels
    assert right.mean() < 1 - 10 * STATED_ERROR  # or there is nothing to promise
    assert (~right[judgement.sure]).mean() < 3 * STATED_ERROR
    assert 0.4 < judgement.sure.mean() < 1
    assert (judgement.likeness < model.calibration.digit_from).mean() < REFUSED + 0.01
    assert judgement.probabilities.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.02)


def test_letters_in_unknown_fonts_are_turned_down(model):
    letters = np.concatenate([printed_letters(font) for font in HELD_OUT_FONTS])
    assert judged(model, letters).sure.mean() < 0.15


def test_where_nothing_is_kept_aside_warps_serve(trained, model):
    without = calibrated(trained, aside=NONE)
    assert without.calibration.temperature > model.calibration.temperature, "it was not trained on warps"
    judgement = judged(without, SAMPLE.test.images)
    assert (judgement.probabilities.argmax(axis=1) == SAMPLE.test.labels)[judgement.sure].mean() > 1 - STATED_ERROR


@pytest.mark.parametrize("digits", [True, False])
@pytest.mark.parametrize("aside", [NONE, Examples(*(part[:1] for part in VALIDATION))])
def test_a_single_image_to_learn_from_is_enough(digits, aside):
    blank, one = small_model(), Examples(*(part[:1] for part in TRAIN))
    calibration = calibrate(
        blank.network, blank.params, learned=one, aside=aside, digits=digits, rng=np.random.default_rng(0)
    )
    assert np.isfinite([calibration.temperature, calibration.sure_from, calibration.digit_from]).all()


def test_the_same_generator_gives_the_same_bits(trained, model):
    again = calibrated(trained, aside=VALIDATION).calibration
    assert again.as_json() == model.calibration.as_json()
    np.testing.assert_array_equal(again.detector_params.flat, model.calibration.detector_params.flat)


def test_a_network_that_learned_nothing_is_calibrated_too():
    blank = small_model()
    blank.params.flat[:] = 0
    calibration = calibrate(blank.network, blank.params, learned=TRAIN, aside=NONE, rng=np.random.default_rng(0))
    judgement = judge(blank.network, blank.params, calibration, SAMPLE.test.images[:100])
    assert not judgement.sure.any(), "a tenth for each digit is no answer"


def test_what_is_no_digit_is_learned_for_digits_alone(trained, model):
    plain = calibrate(*trained, learned=TRAIN, aside=VALIDATION, digits=False, rng=np.random.default_rng(1))
    assert plain.detector.sizes == (192, 1)
    assert not plain.detector_params.flat.any()
    letters = judge(*trained, plain, printed_letters(HELD_OUT_FONTS[0]))
    assert (letters.likeness >= plain.digit_from).all()
    assert plain.temperature == pytest.approx(model.calibration.temperature)
    assert plain.sure_from == pytest.approx(model.calibration.sure_from)
