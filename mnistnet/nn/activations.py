"""Activation functions."""

import numpy as np

from mnistnet.arrays import Floats


def relu(inputs: Floats) -> Floats:
    """max(0, inputs), in place: inputs is overwritten and returned.

    Its derivative is 1 where the output is positive and 0 elsewhere, so that backward needs the output alone.
    """
    return np.maximum(inputs, 0, out=inputs)


def softmax(logits: Floats) -> Floats:
    """exp(logits) / sum(exp(logits)) along the last axis: probabilities that sum to 1."""
    shifted = logits - logits.max(axis=-1, keepdims=True)  # the shift cancels out; exp() cannot overflow
    exponentials: Floats = np.exp(shifted)
    exponentials /= exponentials.sum(axis=-1, keepdims=True)
    return exponentials
