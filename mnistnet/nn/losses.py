"""Losses: each returns its mean and its gradient, and leaves its arguments unchanged."""

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats, Labels
from mnistnet.nn.activations import OUTPUTS

LOSSES = {
    "cross_entropy": ("softmax",),
    "binary_cross_entropy": ("sigmoid",),
    "mse": ("identity", "sigmoid", "softmax"),
}
"""By the loss's name: the outputs that it goes with, the usual one first."""


def softmax_cross_entropy(logits: Floats, labels: Labels, *, label_smoothing: float = 0.0) -> tuple[float, Floats]:
    """Mean over the batch of -sum(target * log softmax(logits)), in nats, and its gradient, (softmax - target) / n.

    logits is (n, classes); labels is (n,), each in [0, classes). The target is 1 for the label, of which
    label_smoothing is taken away and shared out equally between all classes (Bishop 2006, section 5.2; smoothing:
    Szegedy et al. 2016).
    """
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)  # exp() cannot overflow
    grad = np.exp(shifted)
    sums = grad.sum(axis=1, keepdims=True)
    logs = np.log(sums)  # log softmax(logits) is shifted - logs
    likelihood = (shifted[rows, labels] - logs[:, 0]).mean()
    grad /= sums  # softmax(logits)
    if label_smoothing:
        likelihood = (1 - label_smoothing) * likelihood + label_smoothing * (shifted - logs).mean()
        grad -= label_smoothing / logits.shape[1]
    grad[rows, labels] -= 1 - label_smoothing
    grad /= len(labels)
    return float(-likelihood), grad


def binary_cross_entropy(logits: Floats, targets: Floats) -> tuple[float, Floats]:
    """Mean over all outputs of -t log(s) - (1 - t) log(1 - s), in nats, with s = sigmoid(logits), and its gradient.

    logits and targets, in [0, 1], are (n, outputs). Written as log(1 + exp(-|z|)) + max(z, 0) - t z, which is the same
    and cannot overflow; the gradient is (s - t) / (n outputs) (Bishop 2006, section 5.2).
    """
    losses = np.log1p(np.exp(-np.abs(logits))) + np.maximum(logits, 0) - targets * logits
    return float(losses.mean()), (OUTPUTS["sigmoid"].function(logits) - targets) / logits.size


def mean_squared_error(outputs: Floats, targets: Floats) -> tuple[float, Floats]:
    """Mean of (outputs - targets)^2 over all n * k numbers of (n, k) arrays, and its gradient in the outputs,
    2 (outputs - targets) / (n k) (Bishop 2006, section 5.2).

    It is the sum of squares divided by n k. Where a tutorial has 1 / (2 m) times the sum over m = n examples, its loss
    is k / 2 times this one and its learning rate 2 / k times ours for the same steps.
    """
    difference = outputs - targets
    return float(np.square(difference).mean()), difference * (2 / difference.size)


def network_loss(
    loss: str, output: str, logits: Floats, labels: NDArray[np.number], *, label_smoothing: float = 0.0
) -> tuple[float, Floats]:
    """The loss and its gradient in the logits (n, outputs) of a network whose outputs are made by output.

    loss is a name in LOSSES, output one of those that it goes with. labels is as in targets_of; only class numbers are
    smoothed, see softmax_cross_entropy.
    """
    if loss == "cross_entropy":
        return softmax_cross_entropy(logits, labels.astype(int, copy=False), label_smoothing=label_smoothing)
    targets = targets_of(labels, like=logits)
    if label_smoothing and labels.ndim == 1:  # a single column stands for two classes
        targets = targets * (1 - label_smoothing) + label_smoothing / max(2, targets.shape[1])
    if loss == "binary_cross_entropy":
        return binary_cross_entropy(logits, targets)
    outputs = OUTPUTS[output].function(logits)
    value, grad = mean_squared_error(outputs, targets)
    return value, OUTPUTS[output].backward(grad, outputs)


def targets_of(labels: NDArray[np.number], *, like: Floats) -> Floats:
    """The outputs (n, k) wished for, of like's shape and dtype.

    labels may be these already, as in a regression; or class numbers (n,), which become 1 in the label's column and 0
    elsewhere, or where there is a single column 0 and 1 themselves.
    """
    if labels.ndim == 2 or like.shape[1] == 1:
        return labels.reshape(like.shape).astype(like.dtype)
    targets = np.zeros_like(like)
    targets[np.arange(len(labels)), labels.astype(int)] = 1
    return targets
