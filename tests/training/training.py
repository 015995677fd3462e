"""A small training, for tests."""

from collections.abc import Callable

import numpy as np

from mnistnet.data.mnist import Examples
from mnistnet.training.settings import Settings
from mnistnet.training.state import State, new_state
from mnistnet.training.trainer import fit

SETTINGS = Settings(hidden=(32,), epochs=3, batch_size=50)
EVERYTHING = Settings(
    hidden=(20, 16),
    receptive_field=17,
    activation="tanh",
    bias=False,
    batch_norm=True,
    standardize=True,
    epochs=4,
    batch_size=50,
    optimizer="adam",
    schedule="one_cycle",
    l1=1e-5,
    l2=1e-4,
    weight_decay=0.01,
    dropout=0.2,
    input_dropout=0.1,
    clip_norm=1.0,
    rotation=10.0,
    elastic=0.7,
    average=0.9,
    patience=3,
)
"""Every option at once."""


def train(
    digits: tuple[Examples, Examples],
    settings: Settings = SETTINGS,
    *,
    ahead: bool = False,
    before_batch: Callable[[State], None] | None = None,
) -> State:
    """The state after a whole training."""
    rng = np.random.default_rng(settings.seed)
    state = new_state(settings.network(), settings, digits[0], rng=rng)
    for _ in fit(state, *digits, settings, ahead=ahead, before_batch=before_batch):
        pass
    return state
