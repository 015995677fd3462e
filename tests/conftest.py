"""Fixtures that every folder of tests shares."""

import os

# Before NumPy is imported: tests run side by side, and BLAS threads that wait for a core wait busily.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)  # on a busy machine, an example may take long
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """The folder with MNIST's four original .gz files, which the environment names; without it the test is skipped."""
    named = os.environ.get("MNISTNET_TEST_MNIST")
    if not named:
        pytest.skip("needs the real MNIST: set MNISTNET_TEST_MNIST to a folder with its four files")
    return Path(named).absolute()
