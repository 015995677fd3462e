"""Losses: each returns its mean over the batch and its gradient in the network's outputs."""

import numpy as np

from mnistnet.arrays import Floats, Labels


def softmax_cross_entropy(logits: Floats, labels: Labels) -> tuple[float, Floats]:
    """Mean of -log softmax(logits)[label], in nats, and its gradient in the logits, (softmax - one_hot) / n.

    logits is (n, classes) and left unchanged; labels is (n,), each in [0, classes).
    """
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)  # exp() cannot overflow
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    grad = np.exp(log_probs)
    grad[rows, labels] -= 1
    return float(-log_probs[rows, labels].mean()), grad / len(labels)
