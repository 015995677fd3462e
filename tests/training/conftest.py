"""Digits to train on."""

import pytest

from mnistnet.data.mnist import Examples, load_sample


@pytest.fixture(scope="session")
def digits() -> tuple[Examples, Examples]:
    """1,017 digits to learn (the last batch is short) and 1,000 others."""
    sample = load_sample()
    return Examples(sample.learning.images[:1017], sample.learning.labels[:1017]), sample.test
