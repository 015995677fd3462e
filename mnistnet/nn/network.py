"""Network: a multilayer perceptron, its parameters, and its two directions, forward and backward."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from mnistnet.arrays import Floats
from mnistnet.nn.activations import ACTIVATIONS, OUTPUTS
from mnistnet.nn.batch_norm import Statistics, dots, normalize, normalize_backward
from mnistnet.nn.initializers import INITIALIZERS
from mnistnet.nn.workspace import NEW_ARRAYS, Workspace


@dataclass(frozen=True)
class Network:
    """sizes[0] inputs, hidden layers of sizes[1:-1] units, and sizes[-1] logits."""

    sizes: tuple[int, ...]
    activation: str = "relu"
    """Of the hidden layers, a name in ACTIVATIONS."""
    output: str = "softmax"
    """What makes outputs of the logits, a name in OUTPUTS."""
    bias: bool = True
    batch_norm: bool = False
    """The sums of hidden layers are normalised over each batch; folding.plain_network makes plain layers of them."""

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(f"a network needs at least two sizes, each 1 or more, got {self.sizes}")
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {self.activation}")
        if self.output not in OUTPUTS:
            raise ValueError(f"output must be one of {', '.join(OUTPUTS)}, got {self.output}")


class Layer(NamedTuple):
    """One layer's parameters: outputs = inputs @ weights + bias, with batch normalisation
    normalize(inputs @ weights) * scale + bias."""

    weights: Floats  # (inputs, outputs)
    bias: Floats | None  # (outputs,)
    scale: Floats | None  # (outputs,)


class Params(NamedTuple):
    """All parameters of a network, or a gradient in them: one vector, and the layers as views into it."""

    flat: Floats
    layers: tuple[Layer, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        """In copies and pickles, too, each number is there once, and the layers are views into the vector."""
        first, *_ = self.layers
        sizes = (len(first.weights), *(layer.weights.shape[1] for layer in self.layers))
        shape = Network(sizes, bias=first.bias is not None, batch_norm=first.scale is not None)
        return params_over, (self.flat, shape)


class Pass(NamedTuple):
    """One layer's part in a forward pass."""

    inputs: Floats  # what met the weights, after dropout
    outputs: Floats  # after the activation; of the last layer, the logits
    normalized: Floats | None
    statistics: Statistics | None


Tape = list[Pass]
"""What backward needs of a forward pass, a layer at a time."""

Masks = Sequence[Floats | None]
"""Factors for the inputs of each layer, see dropout_masks."""


def new_params(network: Network, *, dtype: DTypeLike = np.float32, flat: Floats | None = None) -> Params:
    """Parameters that are all zero, or views into flat where that is given."""
    shapes = list(pairwise(network.sizes))
    scaled = [network.batch_norm] * (len(shapes) - 1) + [False]  # the last layer is not normalised
    counts = [
        count
        for (inputs, outputs), scale in zip(shapes, scaled, strict=True)
        for count in (inputs * outputs, *[outputs] * (network.bias + scale))
    ]
    if flat is None:
        flat = np.zeros(sum(counts), dtype)
    views = iter([flat[stop - count : stop] for count, stop in zip(counts, accumulate(counts), strict=True)])
    layers = [
        Layer(next(views).reshape(shape), next(views) if network.bias else None, next(views) if scale else None)
        for shape, scale in zip(shapes, scaled, strict=True)
    ]
    return Params(flat, tuple(layers))


def params_over(flat: Floats, network: Network) -> Params:
    """A network's parameters as views into flat, or into a copy where that lies askew, as in a message it may: then
    each product would copy them."""
    return new_params(network, flat=np.require(flat, requirements=["ALIGNED"]))


def initial_params(network: Network, *, rng: np.random.Generator, initializer: str | None = None) -> Params:
    """float32 parameters to start training from: random weights, biases 0, scales 1.

    initializer is a name in INITIALIZERS, None for the one that suits the activation.
    """
    params = new_params(network)
    draw = INITIALIZERS[initializer or ACTIVATIONS[network.activation].usual_initializer]
    for layer in params.layers:
        layer.weights[:] = draw(*layer.weights.shape, rng=rng)
        if layer.scale is not None:
            layer.scale[:] = 1
    return params


def forward(
    network: Network,
    params: Params,
    inputs: Floats,
    *,
    masks: Masks | None = None,
    space: Workspace = NEW_ARRAYS,
) -> tuple[Floats, Tape]:
    """The logits (n, classes) of inputs (n, sizes[0]), and the tape for backward; both may lie in space.

    Without masks nothing is dropped. Batch normalisation is over these n inputs.
    """
    activate = ACTIVATIONS[network.activation].function
    count, dtype = len(inputs), params.flat.dtype
    tape: Tape = []
    for depth, layer in enumerate(params.layers):
        mask = masks[depth] if masks else None
        if mask is not None:
            inputs = np.multiply(inputs, mask, out=space.array("kept", depth, inputs.shape, dtype))
        shape = count, network.sizes[depth + 1]
        outputs: Floats = np.matmul(inputs, layer.weights, out=space.array("outputs", depth, shape, dtype))
        normalized, statistics = None, None
        if layer.scale is not None:
            normalized, statistics = normalize(outputs)
            outputs = np.multiply(normalized, layer.scale, out=space.array("scaled", depth, shape, dtype))
        if layer.bias is not None:
            outputs += layer.bias
        if layer is not params.layers[-1]:
            outputs = activate(outputs)
        tape.append(Pass(inputs, outputs, normalized, statistics))
        inputs = outputs
    return outputs, tape


def backward(
    network: Network,
    params: Params,
    tape: Tape,
    grad: Floats,
    *,
    masks: Masks | None = None,
    space: Workspace = NEW_ARRAYS,
) -> Params:
    """The loss's gradient in every parameter, by the chain rule from the last layer to the first; it may lie in space.

    With d for the gradient in a layer's sums and x for its inputs, that in the weights is x^T d and in the biases the
    sum of d over the batch; the layer before gets d W^T times the slope of its activation (Rumelhart et al. 1986).
    tape is what forward returned, masks what it was given, and grad (n, classes) the loss's gradient in the logits.
    """
    slope = ACTIVATIONS[network.activation].slope
    dtype = params.flat.dtype
    gradient = new_params(network, dtype=dtype, flat=space.array("gradient", 0, params.flat.shape, dtype))
    for depth in reversed(range(len(params.layers))):
        layer, of_layer, mask = params.layers[depth], gradient.layers[depth], masks[depth] if masks else None
        inputs, _, normalized, statistics = tape[depth]
        if of_layer.bias is not None:
            np.sum(grad, axis=0, out=of_layer.bias)
        if layer.scale is not None and of_layer.scale is not None and normalized is not None and statistics is not None:
            of_layer.scale[:] = dots(grad, normalized)
            scratch = space.array("scratch", depth, grad.shape, dtype)
            grad = normalize_backward(grad, normalized, statistics, scale=layer.scale, scratch=scratch)
        np.matmul(inputs.T, grad, out=of_layer.weights)
        if depth > 0:  # nothing stands before the input
            grad = np.matmul(grad, layer.weights.T, out=space.array("grad", depth, inputs.shape, dtype))
            if mask is not None:
                grad *= mask
            grad *= slope(tape[depth - 1].outputs)
    return gradient


def outputs_of(network: Network, params: Params, inputs: Floats) -> Floats:
    """What the network says, (n, outputs), of inputs (n, sizes[0])."""
    return OUTPUTS[network.output].function(forward(network, params, inputs)[0])


def probabilities(network: Network, params: Params, inputs: Floats) -> Floats:
    """(n, classes) probabilities, each row summing to 1, for inputs (n, sizes[0])."""
    return as_probabilities(network, forward(network, params, inputs)[0])


def as_probabilities(network: Network, logits: Floats) -> Floats:
    """(n, classes) probabilities, each row summing to 1, from the network's logits (n, classes).

    A network that was not trained for softmax has its outputs cut to [0, 1] and divided by their sum.
    """
    outputs = OUTPUTS[network.output].function(logits)
    if network.output == "softmax":
        return outputs
    shares: Floats = outputs.clip(1e-6, 1)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares
