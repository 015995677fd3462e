"""Threads: what training takes by itself, under the limits that the environment sets."""

import pytest
from threadpoolctl import threadpool_limits

from mnistnet.training.environment import blas_threads, has_spare_core, usable_cores, usual_threads, versions


def test_one_thread_leaves_the_other_cores_free() -> None:
    with threadpool_limits(1, user_api="blas"):
        assert blas_threads() == 1 == usual_threads(noisy=True) == versions()["threads"]
        assert has_spare_core() == (usable_cores() > 1)


@pytest.mark.skipif(blas_threads() == 0, reason="this BLAS does not tell its threads")
def test_of_more_than_two_cores_one_is_left_to_make_noisy_batches_ready() -> None:
    with threadpool_limits(usable_cores(), user_api="blas"):
        threads = blas_threads()
        assert usual_threads(noisy=False) == threads
        left = 1 if threads == usable_cores() > 2 else 0
        assert usual_threads(noisy=True) == threads - left
