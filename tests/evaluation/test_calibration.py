"""Calibration, held against the definitions: brute force over thresholds and temperatures, and worked examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistnet.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    judge,
    reliability,
    risk_coverage,
    sure_threshold,
    tempered,
)
from mnistnet.evaluation.metrics import wilson_interval
from mnistnet.nn.network import forward
from tests.models import small_model


def softmax(logits):
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


def likelihood(probabilities, labels):
    return float(np.log(probabilities[np.arange(len(labels)), labels]).mean())


@pytest.fixture(scope="module")
def logits():
    return np.random.default_rng(0).normal(0, 3, (20_000, 10))


@pytest.mark.parametrize("truth", [0.3, 1.0, 2.5])
def test_the_temperature_that_the_labels_were_drawn_at_is_found(logits, truth):
    draws = np.random.default_rng(1).random((len(logits), 1))
    labels = (softmax(logits / truth).cumsum(axis=1) < draws).sum(axis=1).clip(max=9)
    assert fit_temperature(softmax(logits), labels) == pytest.approx(truth, rel=0.03)


def test_no_other_temperature_makes_the_labels_likelier(logits):
    labels = np.random.default_rng(2).integers(0, 10, len(logits))
    labels[::2] = logits[::2].argmax(axis=1)
    answers = softmax(logits)
    fitted = fit_temperature(answers, labels)
    best = likelihood(tempered(answers, fitted), labels)
    for other in np.geomspace(fitted / 2, fitted * 2, 41):
        assert likelihood(tempered(answers, other), labels) <= best + 1e-6


def test_where_all_is_right_the_temperature_stays_finite(logits):
    temperature = fit_temperature(softmax(logits), logits.argmax(axis=1))
    assert 0 < temperature < 0.2


def test_tempering_is_dividing_the_logits(logits):
    answers = softmax(logits)
    np.testing.assert_allclose(tempered(answers, 2.0), softmax(logits / 2), rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(tempered(answers, 1.0), answers, atol=1e-6)
    certain = np.array([[1, 0, 0]], np.float32)
    np.testing.assert_allclose(tempered(certain, 3.0), certain, atol=1e-6)


@given(seed=st.integers(0, 10**6), count=st.integers(1, 30), error=st.sampled_from([0.0, 0.05, 0.2, 0.5]))
def test_below_the_threshold_no_other_would_do(seed, count, error):
    rng = np.random.default_rng(seed)
    confidences, right = rng.integers(1, 10, count) / 10, rng.random(count) < 0.8

    def holds(threshold):
        chosen = confidences >= threshold
        return (~right[chosen]).mean() <= error

    fitting = [confidence for confidence in confidences if holds(confidence)]
    assert sure_threshold(confidences, right, error=error) == min(fitting, default=np.inf)


def test_the_calibration_error_of_a_worked_example():
    confidences = np.array([0.95, 0.95, 0.95, 0.95, 0.5, 0.5])
    right = np.array([True, True, True, False, True, False])
    # four answers at 0.95 of which three are right, and two at 0.5 of which one is
    assert expected_calibration_error(reliability(confidences, right)) == pytest.approx((4 * 0.2 + 2 * 0.0) / 6)
    assert expected_calibration_error(reliability(np.ones(3), np.ones(3, bool))) == 0


@given(seed=st.integers(0, 10**6), count=st.integers(1, 60))
def test_every_answer_is_in_the_bin_of_its_confidence(seed, count):
    rng = np.random.default_rng(seed)
    confidences, right = rng.integers(0, 31, count) / 30, rng.random(count) < 0.7
    bins = reliability(confidences, right)
    assert len(bins) == 15
    assert sum(one.images for one in bins) == count
    for one in bins:
        inside = [
            (c, r) for c, r in zip(confidences, right, strict=True) if one.low <= c < one.high or c == one.high == 1
        ]
        assert one.images == len(inside)
        assert one.confidence == pytest.approx(np.mean([c for c, _ in inside]) if inside else 0)
        assert one.accuracy == pytest.approx(np.mean([r for _, r in inside]) if inside else 0)
        assert one.interval == (wilson_interval(sum(r for _, r in inside), len(inside)) if inside else (0, 1))


@pytest.mark.parametrize("count", [1, 7, 1000, 2500])
def test_risk_is_what_is_wrong_of_the_most_confident(count):
    rng = np.random.default_rng(count)
    confidences, right = rng.random(count), rng.random(count) < 0.9
    risks = risk_coverage(confidences, right)
    assert risks[-1].answered == count
    assert risks[-1].wrong == (~right).sum()
    assert len(risks) == min(count, 1000)
    for one in risks[:: max(1, len(risks) // 50)]:
        best = sorted(zip(confidences, right, strict=True), reverse=True)[: one.answered]
        assert one.wrong == sum(not is_right for _, is_right in best)
        assert one.confidence == best[-1][0]


def test_a_judgement_is_the_tempered_answer_and_the_detectors():
    model = small_model()
    images = np.random.default_rng(3).random((2040, 784), np.float32)
    judgement = judge(model.network, model.params, model.calibration, images)
    layer = model.params.layers[0]
    hidden = np.maximum(images @ layer.weights + layer.bias, 0)
    logits = hidden @ model.params.layers[1].weights + model.params.layers[1].bias
    np.testing.assert_allclose(judgement.probabilities, softmax(logits / 0.5), rtol=1e-4)
    likeness = forward(model.calibration.detector, model.calibration.detector_params, hidden)[0][:, 0]
    np.testing.assert_allclose(judgement.likeness, likeness, rtol=1e-4, atol=1e-5)
    sure = (judgement.probabilities.max(axis=1) >= 0.9) & (likeness >= -1.25)
    np.testing.assert_array_equal(judgement.sure, sure)
