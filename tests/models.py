"""Small models for tests."""

import numpy as np

from mnistnet.model_file import Calibration, Model, Provenance
from mnistnet.nn.network import Network, initial_params
from mnistnet.training.settings import Settings
from mnistnet.training.state import Epoch
from mnistnet.training.watch import LayerWatch

EPOCH = Epoch(
    number=1,
    loss=2.0,
    validation_loss=2.1,
    validation_accuracy=0.3,
    learning_rate=0.2,
    first_loss=2.5,
    worst_loss=2.6,
    worst_step=3,
    layers=(LayerWatch(0.1, 0.01, 0.5, 0.0), LayerWatch(0.2, 0.02, 1.5, 0.0)),
)
"""A healthy epoch of a network with one hidden layer."""


def small_model(*, errors: int = 3) -> Model:
    """An untrained 784-5-10 network that claims so many errors of 20."""
    network = Network((784, 5, 10))
    confusion = np.diag([2] * 10)
    for digit in range(errors):
        confusion[digit, digit] -= 1
        confusion[digit, 9 - digit] += 1
    provenance = Provenance(
        dataset="mnist",
        notice="",
        partial=False,
        settings=Settings(hidden=(5,), epochs=1).resolved(),
        data_sha256={"file": "00"},
        train_images=55_000,
        validation_images=5_000,
        standardization=[0.0, 1.0],
        epochs=[EPOCH.as_json()],
        best_epoch=1,
        diagnoses=[],
        confusion=confusion.tolist(),
        versions={"mnistnet": "0.1.0"},
    )
    detector = Network((5, 3, 1), output="sigmoid")
    calibration = Calibration(0.5, 0.9, -1.25, detector, initial_params(detector, rng=np.random.default_rng(1)))
    return Model(network, initial_params(network, rng=np.random.default_rng(0)), calibration, provenance)
