"""Losses: each returns its mean over the batch and its gradient in the network's outputs."""

import numpy as np

from mnistnet.arrays import Floats, Labels


def softmax_cross_entropy(logits: Floats, labels: Labels, *, label_smoothing: float = 0.0) -> tuple[float, Floats]:
    """Mean over the batch of -sum(target * log softmax(logits)), in nats, and its gradient, (softmax - target) / n.

    logits is (n, classes) and left unchanged; labels is (n,), each in [0, classes). The target is 1 for the label, of
    which label_smoothing is taken away and shared out equally between all classes (Szegedy et al. 2016).
    """
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)  # exp() cannot overflow
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    likelihood = (1 - label_smoothing) * log_probs[rows, labels] + label_smoothing * log_probs.mean(axis=1)
    grad = np.exp(log_probs)
    grad -= label_smoothing / logits.shape[1]
    grad[rows, labels] -= 1 - label_smoothing
    return float(-likelihood.mean()), grad / len(labels)
