"""The estimator: scikit-learn's own checks, scikit-learn's tools around it, and its promises one by one."""

import io
import math
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn.neural_network
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from mnistnet.sklearn import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
IRIS = load_iris()
FEATURES: NDArray[Any] = (IRIS.data - IRIS.data.mean(axis=0)) / IRIS.data.std(axis=0)
NAMES: NDArray[Any] = IRIS.target_names[IRIS.target]


@pytest.mark.slow
@parametrize_with_checks([MLPClassifier()])
def test_it_passes_scikit_learns_checks(estimator: MLPClassifier, check: Callable[[MLPClassifier], None]) -> None:
    check(estimator)


def fitted(**options: Any) -> MLPClassifier:
    """Fitted to the names of irises."""
    return MLPClassifier(**{"hidden_layer_sizes": 8, "max_iter": 3, "random_state": 0} | options).fit(FEATURES, NAMES)


def weights(model: MLPClassifier) -> NDArray[Any]:
    return np.concatenate([array.ravel() for array in (*model.coefs_, *model.intercepts_)])


def test_it_learns_labels_that_are_words() -> None:
    model = fitted(learning_rate_init=0.01, max_iter=100)
    assert model.score(FEATURES, NAMES) > 0.95
    assert list(model.classes_) == ["setosa", "versicolor", "virginica"]
    two = MLPClassifier(random_state=0).fit(FEATURES[:100], NAMES[:100])
    assert two.score(FEATURES[:100], NAMES[:100]) == 1
    assert two.predict_proba(FEATURES[:5]).shape == (5, 2)


@pytest.mark.parametrize(
    "options", [{}, {"activation": "logistic"}, {"hidden_layer_sizes": (7, 5), "batch_norm": True}]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_are_those_of_its_weights_in_the_precision_of_the_question(
    options: dict[str, Any], dtype: type
) -> None:
    model = fitted(**options)
    inputs = FEATURES.astype(np.float64)
    for coefs, intercepts in list(zip(model.coefs_, model.intercepts_, strict=True))[:-1]:
        sums = inputs @ coefs.astype(np.float64) + intercepts
        inputs = 1 / (1 + np.exp(-sums)) if model.activation == "logistic" else np.maximum(sums, 0)
    exponentials = np.exp(inputs @ model.coefs_[-1].astype(np.float64) + model.intercepts_[-1])
    answers = model.predict_proba(FEATURES.astype(dtype))
    assert answers.dtype == dtype
    expected = exponentials / exponentials.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers, expected, rtol=1e-4 if dtype is np.float32 else 1e-12)


@pytest.mark.parametrize("options", [
    {"solver": "sgd"}, {"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.5}, {"solver": "adam"},
    {"solver": "adam", "beta_1": 0.6, "beta_2": 0.7}, {"activation": "tanh"}, {"activation": "logistic"},
    {"alpha": 0.0},
], ids=str)  # fmt: skip
def test_steps_are_scikit_learns(options: dict[str, Any]) -> None:
    """From the same weights, over all examples at once, for want of the same random order."""
    same = {"hidden_layer_sizes": (8, 6), "batch_size": 150, "alpha": 20.0, "random_state": 0} | options
    start = MLPClassifier(**same, learning_rate_init=1e-30).partial_fit(FEATURES, NAMES, classes=IRIS.target_names)
    ours = MLPClassifier(**same, learning_rate_init=0.03)
    theirs = sklearn.neural_network.MLPClassifier(**same, learning_rate_init=0.03)
    theirs.partial_fit(FEATURES, NAMES, classes=IRIS.target_names)
    del theirs._optimizer  # it begins again, from our weights
    theirs.coefs_ = [array.astype(float) for array in start.coefs_]
    theirs.intercepts_ = [array.astype(float) for array in start.intercepts_]
    for _ in range(4):
        ours.partial_fit(FEATURES, NAMES, classes=IRIS.target_names)
        theirs.partial_fit(FEATURES, NAMES)
    np.testing.assert_allclose(weights(ours), weights(theirs), atol=1e-3)
    assert np.abs(weights(ours) - weights(start)).max() > 0.03


def test_the_same_random_state_gives_the_same_bits() -> None:
    one, same, other = (fitted(dropout=0.2, random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(weights(one), weights(same))
    assert (weights(one) != weights(other)).any()
    assert (weights(fitted(random_state=None)) != weights(fitted(random_state=None))).any()


@pytest.mark.parametrize("options", [{}, {"batch_norm": True, "dropout": 0.2, "solver": "sgd"}], ids=str)
def test_partial_fit_goes_on_as_fit_would_even_after_a_copy(options: dict[str, Any]) -> None:
    whole = fitted(**options, batch_size=40)
    model = MLPClassifier(**whole.get_params())
    for number in range(3):
        model.partial_fit(FEATURES, NAMES, classes=[*IRIS.target_names] if number == 0 else None)
        file = io.BytesIO()
        joblib.dump(model, file)
        model = joblib.load(file)
    np.testing.assert_array_equal(weights(model), weights(whole))
    assert (model.loss_curve_, model.n_iter_) == (whole.loss_curve_, 3)


def test_it_stops_when_the_loss_stands_still() -> None:
    model = fitted(max_iter=500, learning_rate_init=0.05, n_iter_no_change=4, tol=1e-3)
    losses = model.loss_curve_
    best = [*accumulate(losses, min)]
    still = [loss > before - 1e-3 for loss, before in zip(losses[1:], best, strict=False)]
    assert [all(still[end - 5 : end]) for end in range(5, len(still) + 1)] == [False] * (len(still) - 5) + [True]
    assert model.n_iter_ == len(losses) < 500


def test_early_stopping_keeps_the_best_epoch() -> None:
    options = {"early_stopping": True, "n_iter_no_change": 5, "validation_fraction": 0.3, "learning_rate_init": 0.03}
    model = fitted(max_iter=200, **options)
    scores = model.validation_scores_
    assert model.best_validation_score_ == max(scores)
    best = scores.index(max(scores)) + 1
    assert best < model.n_iter_ == len(scores) < 200
    np.testing.assert_array_equal(weights(model), weights(fitted(max_iter=best, **options)))


def test_warm_start_goes_on_from_the_weights() -> None:
    model = fitted(warm_start=True, max_iter=1, learning_rate_init=0.01)
    before = weights(model)
    model.set_params(learning_rate_init=1e-30).fit(FEATURES, NAMES)
    np.testing.assert_array_equal(weights(model), before)
    with pytest.raises(ValueError, match="warm_start needs the same network"):
        model.set_params(hidden_layer_sizes=5).fit(FEATURES, NAMES)


def test_warm_start_goes_on_from_the_epoch_that_answers() -> None:
    model = fitted(warm_start=True, max_iter=40, learning_rate_init=0.05, early_stopping=True)
    assert model.validation_scores_.index(model.best_validation_score_) + 1 < model.n_iter_
    before = weights(model)
    model.set_params(learning_rate_init=1e-30, max_iter=1, early_stopping=False).fit(FEATURES, NAMES)
    np.testing.assert_array_equal(weights(model), before)
    assert not hasattr(model, "validation_scores_")
    assert not hasattr(model, "best_validation_score_")


def test_partial_fit_goes_on_from_a_file_that_may_only_be_read(tmp_path: Path) -> None:
    model = fitted(batch_norm=True)
    joblib.dump(model, tmp_path / "model")
    read = joblib.load(tmp_path / "model", mmap_mode="r")
    np.testing.assert_array_equal(
        weights(read.partial_fit(FEATURES, NAMES)), weights(model.partial_fit(FEATURES, NAMES))
    )


def test_scikit_learns_tools_take_it() -> None:
    model = make_pipeline(StandardScaler(), MLPClassifier(8, max_iter=60, learning_rate_init=0.02, random_state=0))
    search = GridSearchCV(model, {"mlpclassifier__alpha": [1e-4, 1e3]}, cv=3).fit(IRIS.data, NAMES)
    assert search.best_params_ == {"mlpclassifier__alpha": 1e-4}
    assert cross_val_score(model, IRIS.data, NAMES, cv=3).mean() > 0.9
    calibrated = CalibratedClassifierCV(model, cv=3).fit(IRIS.data, NAMES)
    assert calibrated.score(IRIS.data, NAMES) > 0.9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "lbfgs"}, "solver must be adam or sgd, got lbfgs"),
        ({"alpha": -1.0}, "alpha must be .* got -1"),
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes must be"),
        ({"max_iter": 0}, "max_iter must be 1 or more, got 0"),
        ({"batch_size": 0}, "batch_size must be 1 or more, got 0"),
        ({"learning_rate_init": 0}, "learning_rate_init must be"),
        ({"learning_rate": "adaptive"}, "learning_rate must be one of constant, .* got adaptive"),
        ({"activation": "step"}, "activation must be one of relu"),
        ({"beta_1": 1}, "beta_1 must be"),
        ({"solver": "sgd", "momentum": 1}, "momentum must be"),
        ({"beta_2": -1}, "beta_2 must be"),
        (
            {"solver": "sgd", "learning_rate_init": 1e30, "max_iter": 50},
            "exploded .* try learning_rate_init .* scale the",
        ),
        ({"hidden_layer_sizes": "a"}, "hidden_layer_sizes must be a whole number or a sequence of them, got 'a'"),
        ({"hidden_layer_sizes": None}, "hidden_layer_sizes must be .* got None"),
        ({"hidden_layer_sizes": (1.5,)}, r"hidden_layer_sizes must be .* got \(1.5,\)"),
        ({"hidden_layer_sizes": (True,)}, r"hidden_layer_sizes must be .* got \(True,\)"),
        ({"max_iter": "a"}, "max_iter must be a whole number, got 'a'"),
        ({"max_iter": 1.5}, "max_iter must be a whole number, got 1.5"),
        ({"learning_rate_init": "a"}, "learning_rate_init must be a number, got 'a'"),
        ({"batch_size": 1.5}, "batch_size must be auto or a whole number, got 1.5"),
        ({"tol": math.nan}, "tol must be a finite number, 0 or more, got nan"),
        ({"n_iter_no_change": 0}, "n_iter_no_change must be 1 or more, got 0"),
        ({"momentum": 2}, "momentum must be .* got 2"),
        ({"validation_fraction": 2}, "validation_fraction must be .* got 2"),
        ({"warm_start": "x"}, "warm_start must be True or False, got 'x'"),
        ({"activation": []}, r"activation must be a name, got \[\]"),
    ],
)
def test_what_makes_no_sense_is_told_in_scikit_learns_words(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted(**options)


def test_labels_that_cannot_be_learned_are_told() -> None:
    with pytest.raises(ValueError, match="expected at least 2 classes, got 1 class"):
        MLPClassifier().fit(FEATURES, [1] * 150)
    with pytest.raises(ValueError, match="expected at least 2 classes, got 0 classes"):
        MLPClassifier().partial_fit(FEATURES, IRIS.target, classes=[])
    model = MLPClassifier().partial_fit(FEATURES, IRIS.target, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"expected labels of the classes \[0 1 2\], got \[3\]"):
        model.partial_fit(FEATURES, IRIS.target + 1)
    with pytest.raises(ValueError, match=r"classes must be those of the first call, \[0 1 2\]"):
        model.partial_fit(FEATURES, IRIS.target, classes=[0, 1, 2, 3])
    with pytest.raises(ValueError, match="cannot stop early"):
        model.set_params(early_stopping=True).partial_fit(FEATURES, IRIS.target)


@pytest.mark.slow
def test_digits_are_read_as_well_as_by_scikit_learns_own() -> None:
    """Mean of five splits and starts; half a point is the standard deviation of a single one."""
    images, labels = load_digits(return_X_y=True)
    shares: dict[str, list[float]] = {"ours": [], "theirs": []}
    for seed in range(5):
        train, test, learned, asked = train_test_split(images / 16, labels, stratify=labels, random_state=seed)
        for name, made in (("ours", MLPClassifier), ("theirs", sklearn.neural_network.MLPClassifier)):
            model = made(max_iter=60, n_iter_no_change=60, random_state=seed).fit(train, learned)
            shares[name].append(model.score(test, asked))
    assert np.mean(shares["ours"]) > 0.96
    assert np.mean(shares["ours"]) > np.mean(shares["theirs"]) - 0.005
