"""The matrix products of a training step."""

import numpy as np
from benchmarks.matmul import multiply, step_products
from benchmarks.ours import Case

from mnistnet.data.mnist import load_sample

SMALL = Case((30, 20), 16, "momentum")


def test_they_are_those_of_the_forward_and_the_backward_pass() -> None:
    shapes = [(left.shape, right.shape) for left, right, _ in step_products(SMALL, load_sample().learning)]
    assert shapes == [
        ((16, 784), (784, 30)), ((16, 30), (30, 20)), ((16, 20), (20, 10)),
        ((20, 16), (16, 10)), ((16, 10), (10, 20)),
        ((30, 16), (16, 20)), ((16, 20), (20, 30)),
        ((784, 16), (16, 30)),
    ]  # fmt: skip


def test_results_go_into_arrays_made_before() -> None:
    products = step_products(SMALL, load_sample().learning)
    multiply(products)
    left, right, out = products[-1]
    np.testing.assert_allclose(out, left @ right, rtol=1e-5)
