"""MLPClassifier: the network as an estimator of scikit-learn, for any numbers and any classes."""

import math
import warnings
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin  # type: ignore[import-untyped]
from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]
from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]
from sklearn.utils import check_random_state  # type: ignore[import-untyped]
from sklearn.utils.multiclass import check_classification_targets  # type: ignore[import-untyped]
from sklearn.utils.validation import check_is_fitted, validate_data  # type: ignore[import-untyped]

from mnistnet.arrays import Floats, Labels
from mnistnet.data.mnist import Examples
from mnistnet.errors import TrainingError
from mnistnet.nn.network import new_params, probabilities
from mnistnet.training.settings import Settings
from mnistnet.training.state import State, best_network, new_state
from mnistnet.training.trainer import fit

AUTO_BATCH = 200  # scikit-learn's
NAMES = {
    "hidden": "hidden_layer_sizes",
    "epochs": "max_iter",
    "learning_rate": "learning_rate_init",
    "schedule": "learning_rate",
    "square_decay": "beta_2",
}
"""What fields of Settings are called here, where that differs."""


class MLPClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A multilayer perceptron, to be used where scikit-learn's MLPClassifier is.

    Parameters of the same name mean the same as there, except that learning_rate names one of mnistnet's schedules over
    max_iter epochs, warmup being the share of them in which the rate rises to learning_rate_init; dropout,
    label_smoothing and batch_norm are mnistnet's own. solver is adam or sgd. There is no shuffle (it always does),
    verbose, epsilon, power_t or max_fun, and learning_rate is neither adaptive nor invscaling. Features are dense
    numbers; labels are of any kind, two classes or more. It trains in float32, and answers in the precision that it is
    asked in.

    Fitted it has, as there, classes_, n_features_in_, feature_names_in_, n_iter_, loss_, loss_curve_ (without the
    penalty), coefs_ and intercepts_; with early_stopping also validation_scores_ and best_validation_score_, and the
    weights are those of the best epoch.
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        warmup: float = 0.0,
        max_iter: int = 200,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        n_iter_no_change: int = 10,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        batch_norm: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.warmup = warmup
        self.max_iter = max_iter
        self.random_state = random_state
        self.tol = tol
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.n_iter_no_change = n_iter_no_change
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.batch_norm = batch_norm

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Learn from features (n, n_features) and labels (n,): anew, or with warm_start from the weights there are.

        It ends after max_iter epochs, or when for more than n_iter_no_change epochs the loss, with early_stopping the
        accuracy on the validation_fraction that is kept aside, was not better than the best by tol. Raises ValueError.
        """
        self._require_sound()
        before = self._state if self.warm_start and hasattr(self, "_state") else None
        features, y = self._validated(X, y, reset=before is None)
        if before is None:
            self.classes_ = np.unique(y)
        random = check_random_state(self.random_state)
        train, validation = self._parted(Examples(features, self._class_numbers(y)), random)
        settings = self._settings(len(train.labels))
        state = self._new_state(settings, train, random)
        if before is not None:
            go_on_from(before, state)
        self._train(state, train, validation, settings)
        if self.n_iter_ == self.max_iter and self.learning_rate == "constant":
            warnings.warn(f"stopped after max_iter={self.max_iter} epochs", ConvergenceWarning, stacklevel=2)
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:  # noqa: N803
        """Learn for one epoch, at a constant rate, going on where the last call or fit ended.

        classes, all that will ever come, must be named in the first call. Raises ValueError.
        """
        self._require_sound()
        first = not hasattr(self, "_state")
        if self.early_stopping:
            raise ValueError("partial_fit cannot stop early: set early_stopping=False")
        if first and classes is None:
            raise ValueError("classes must be named in the first call of partial_fit")
        features, y = self._validated(X, y, reset=first)
        if first:
            self.classes_ = np.unique(np.asarray(classes))
        elif classes is not None and not np.array_equal(np.unique(np.asarray(classes)), self.classes_):
            raise ValueError(f"classes must be those of the first call, {self.classes_}, got {classes}")
        train = Examples(features, self._class_numbers(y))
        settings = self._settings(len(train.labels))
        random = check_random_state(self.random_state)
        state = self._new_state(settings, train, random) if first else writeable(self._state)
        one_more = replace(settings, schedule="constant", warmup=0.0, epochs=len(state.epochs) + 1)
        self._train(state, train, Examples(features[:0], train.labels[:0]), one_more)
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """The most probable label (n,) for each of features (n, n_features)."""
        most_probable = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[most_probable]
        return labels

    def predict_proba(self, X: ArrayLike) -> Floats:  # noqa: N803
        """The probability of each of classes_, (n, classes), for features (n, n_features)."""
        check_is_fitted(self, "loss_curve_")
        features = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        network, params = self._answering
        params = new_params(network, flat=params.flat.astype(features.dtype, copy=False))
        return probabilities(network, params, features)

    @property
    def coefs_(self) -> list[Floats]:
        """The weights (inputs, outputs) of each layer."""
        return [layer.weights for layer in self._answering[1].layers]

    @property
    def intercepts_(self) -> list[Floats | None]:
        """The biases (outputs,) of each layer."""
        return [layer.bias for layer in self._answering[1].layers]

    def _validated(self, X: ArrayLike, y: ArrayLike, *, reset: bool) -> tuple[Floats, NDArray[Any]]:  # noqa: N803
        features, labels = validate_data(self, X, y, dtype=np.float32, reset=reset)
        check_classification_targets(labels)
        return features, labels

    def _class_numbers(self, y: NDArray[Any]) -> Labels:
        """The place of each label in classes_."""
        if len(self.classes_) < 2:
            count = "1 class" if len(self.classes_) else "0 classes"
            raise ValueError(f"expected at least 2 classes, got {count}: {self.classes_}")
        if len(unknown := np.setdiff1d(y, self.classes_)):
            raise ValueError(f"expected labels of the classes {self.classes_}, got {unknown}")
        return np.searchsorted(self.classes_, y)

    def _parted(self, examples: Examples, random: np.random.RandomState) -> tuple[Examples, Examples]:
        """What is learned from, and what is kept aside: nothing without early_stopping."""
        if not self.early_stopping:
            return examples, Examples(examples.images[:0], examples.labels[:0])
        share = self.validation_fraction
        parts = train_test_split(*examples, test_size=share, stratify=examples.labels, random_state=random)
        return Examples(*parts[::2]), Examples(*parts[1::2])

    def _require_sound(self) -> None:
        """Raise ValueError for a parameter that is of another kind than it must be, or beyond what Settings bounds."""
        sizes = self.hidden_layer_sizes
        listed = sizes if isinstance(sizes, list | tuple | np.ndarray) else [sizes]
        share, aside = "a number, 0 or more and below 1", self.validation_fraction
        shares = ("momentum", "beta_1", "beta_2", "warmup", "dropout", "label_smoothing")
        truths = ("warm_start", "nesterovs_momentum", "early_stopping", "batch_norm")
        for name, is_sound, expected in (
            ("hidden_layer_sizes", all(map(is_whole, listed)), "a whole number or a sequence of them"),
            ("batch_size", self.batch_size == "auto" or is_whole(self.batch_size), "auto or a whole number"),
            ("max_iter", is_whole(self.max_iter), "a whole number"),
            ("n_iter_no_change", is_whole(self.n_iter_no_change) and self.n_iter_no_change > 0, "1 or more"),
            ("tol", is_number(self.tol) and 0 <= self.tol < math.inf, "a finite number, 0 or more"),
            ("validation_fraction", is_number(aside) and 0 < aside < 1, "a number above 0 and below 1"),
            *((name, is_number(getattr(self, name)), "a number") for name in ("alpha", "learning_rate_init")),
            *((name, is_number(value := getattr(self, name)) and 0 <= value < 1, share) for name in shares),
            *((name, isinstance(getattr(self, name), bool | np.bool_), "True or False") for name in truths),
            *(
                (name, isinstance(getattr(self, name), str), "a name")
                for name in ("activation", "solver", "learning_rate")
            ),
        ):
            if not is_sound:
                raise ValueError(f"{name} must be {expected}, got {getattr(self, name)!r}")

    def _settings(self, examples: int) -> Settings:
        """The parameters in the engine's words, for so many examples. Raises ValueError for one that makes no sense."""
        if self.solver not in ("adam", "sgd"):
            raise ValueError(f"solver must be adam or sgd, got {self.solver}")
        if not 0 <= self.alpha < math.inf:
            raise ValueError(f"alpha must be a finite number, 0 or more, got {self.alpha}")
        adam = self.solver == "adam"
        batch = min(AUTO_BATCH if self.batch_size == "auto" else int(self.batch_size), examples)
        try:
            return Settings(
                hidden=tuple(np.atleast_1d(self.hidden_layer_sizes).tolist()),
                activation="sigmoid" if self.activation == "logistic" else self.activation,
                batch_norm=self.batch_norm,
                initializer="xavier_uniform",  # scikit-learn's
                epochs=self.max_iter,
                batch_size=batch,
                optimizer="adam" if adam else "nesterov" if self.nesterovs_momentum else "momentum",
                learning_rate=self.learning_rate_init,
                momentum=self.beta_1 if adam else self.momentum,
                square_decay=self.beta_2 if adam else None,
                schedule=self.learning_rate,
                warmup=self.warmup,
                label_smoothing=self.label_smoothing,
                l2=self.alpha / max(1, batch),  # scikit-learn divides its penalty by the examples of a batch
                dropout=self.dropout,
                watch=False,
            )
        except ValueError as error:
            name, _, rest = str(error).partition(" ")
            names = NAMES | ({"momentum": "beta_1"} if adam else {})
            raise ValueError(f"{names.get(name, name)} {rest}") from error

    def _new_state(self, settings: Settings, train: Examples, random: np.random.RandomState) -> State:
        network = settings.network(inputs=self.n_features_in_, outputs=len(self.classes_))
        return new_state(network, settings, train, rng=np.random.default_rng(random.randint(2**31 - 1)))

    def _train(self, state: State, train: Examples, validation: Examples, settings: Settings) -> None:
        """Train state until it is done or stands still, and take over what it came to. Raises ValueError."""
        for name in ("validation_scores_", "best_validation_score_"):
            self.__dict__.pop(name, None)  # of a fit before
        best, waited = -math.inf, 0
        try:
            for epoch in fit(state, train, validation, settings):
                score = epoch.validation_accuracy if self.early_stopping else -epoch.loss
                waited = waited + 1 if score < best + self.tol else 0
                best = max(best, score)
                if waited > self.n_iter_no_change:
                    break
        except TrainingError as error:
            reason = str(error).replace("--learning-rate", "learning_rate_init")
            raise ValueError(f"{reason}, or scale the features") from error
        self._state, self._answering = state, best_network(state)
        self.n_iter_ = len(state.epochs)
        self.loss_curve_ = [epoch.loss for epoch in state.epochs]
        self.loss_ = self.loss_curve_[-1]
        if self.early_stopping:
            self.validation_scores_ = [epoch.validation_accuracy for epoch in state.epochs]
            self.best_validation_score_ = max(self.validation_scores_)


def is_whole(value: object) -> bool:
    """Whether it is a whole number; to isinstance, True is one too."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether it is a number."""
    return isinstance(value, Real) and not isinstance(value, bool)


def writeable(state: State) -> State:
    """The state, or a copy where it lies in a file that may only be read."""
    return state if state.params.flat.flags.writeable else deepcopy(state)


def go_on_from(before: State, state: State) -> None:
    """Put the weights that answer after one training, with batch normalisation the last and their running statistics,
    into the beginning of the next. Raises ValueError."""
    if before.network != state.network:
        raise ValueError(f"warm_start needs the same network, {before.network}, got {state.network}")
    is_plain = not before.network.batch_norm
    state.params.flat[:] = best_network(before)[1].flat if is_plain else before.params.flat
    state.statistics = deepcopy(before.statistics)
