"""From ONNX: a multilayer perceptron that another program trained, as PyTorch and others export it.

The graph must be one chain from pictures to answers. What is linear in it (Gemm, MatMul, BatchNormalization, and Add,
Sub, Mul and Div with constants, such as those that normalise the pictures) is multiplied out into plain layers; what
only changes shapes is passed over; everything else is refused. What was read is then held against the graph itself,
which the package onnx computes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, checker, helper, load, numpy_helper
from onnx.external_data_helper import load_external_data_for_model
from onnx.reference import ReferenceEvaluator

from mnistnet.arrays import DIGITS, SIDE, Floats
from mnistnet.errors import ModelError
from mnistnet.files import require_regular
from mnistnet.model_file import require_usable
from mnistnet.nn.activations import LEAK
from mnistnet.nn.network import Network, Params, forward, new_params, outputs_of

PASSED = ("Flatten", "Reshape", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Cast")
ACTIVATIONS = {"Relu": "relu", "LeakyRelu": "leaky_relu", "Sigmoid": "sigmoid", "Tanh": "tanh"}
ENDS = ("Softmax", "LogSoftmax", "Sigmoid")
"""What may follow the last layer; without any of them it gives logits."""
SHAPING = ("Shape", "Gather", "Unsqueeze", "Concat")
"""What may stand beside the layers, to say for Reshape what it makes."""
MOST_SHAPING, MOST_JOINED, MOST_NUMBERS = 8, 4, 8
"""So many of these, each of so many inputs, constants among them of so many numbers: what they compute stays small."""
TRIED, MOST_TRIED, TOLERANCE = 4, 1_000, 1e-3
MOST_BYTES = 200_000_000
"""Of the file and what it keeps in others: MAX_PARAMS of four bytes, and room for names. The package onnx takes five
times as much memory."""
Arrays = Mapping[str, NDArray[Any]]


class Sums(NamedTuple):
    """What is linear in a layer's inputs: inputs @ weights + bias."""

    weights: Floats | None
    """float64; None where they are still the inputs themselves."""
    bias: Floats

    def times(self, matrix: Floats) -> "Sums":
        """These sums @ matrix."""
        if len(matrix) != len(self.bias):
            raise ValueError(f"expected weights for {len(self.bias):,} inputs, got {len(matrix):,}")
        return Sums(matrix if self.weights is None else self.weights @ matrix, self.bias @ matrix)

    def scaled(self, factors: Floats) -> "Sums":
        """These sums * factors, one or one each."""
        each = one_each(factors, len(self.bias))
        return Sums(np.diag(each) if self.weights is None else self.weights * each, self.bias * each)

    def plus(self, terms: Floats) -> "Sums":
        """These sums + terms, one or one each."""
        return Sums(self.weights, self.bias + one_each(terms, len(self.bias)))


def one_each(values: Floats, count: int) -> Floats:
    """One value, or one each, as (count,)."""
    if values.size not in (1, count):
        raise ValueError(f"expected constants for {count:,} numbers, got {values.size:,}")
    return np.broadcast_to(values.reshape(-1), (count,))


def read_onnx(path: Path) -> tuple[Network, Params]:
    """The network in an ONNX file, plain and in float32. Raises ModelError."""
    try:
        require_regular(path)
        proto = load_small(path)
        checker.check_model(proto)
        with np.errstate(all="ignore"):  # what is not finite is not the same
            network, params, end = read_graph(proto.graph)
            require_usable(network, inputs=SIDE * SIDE, outputs=len(DIGITS))
            require_same(proto, network, params, end)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # the package onnx raises much for a file that is cut short or tampered with
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ModelError(f"{path} is no multilayer perceptron for MNIST's pictures in ONNX: {reason}") from error
    return network, params


def load_small(path: Path) -> ModelProto:
    """The model, with weights that lie in files beside it. Raises ValueError before too much is read."""
    require_small(path.stat().st_size)
    proto = load(path, load_external_data=False)
    tensors = [*proto.graph.initializer, *(one.t for node in proto.graph.node for one in node.attribute)]
    outside = [{one.key: one.value for one in tensor.external_data} for tensor in tensors if tensor.external_data]
    paths = [path.parent / one.get("location", "") for one in outside]
    whole = [place.stat().st_size if place.is_file() else 0 for place in paths]
    lengths = [int(one.get("length", 0)) for one in outside]
    sizes = [length if length > 0 else size for length, size in zip(lengths, whole, strict=True)]
    require_small(path.stat().st_size + sum(sizes))
    load_external_data_for_model(proto, str(path.parent))
    return proto


def require_small(size: int) -> None:
    """Raise ValueError for too many bytes."""
    if size > MOST_BYTES:
        raise ValueError(f"expected at most {MOST_BYTES:,} bytes, got {size:,}")


def read_graph(graph: GraphProto) -> tuple[Network, Params, str]:
    """The network, and which of ENDS the graph has, or "". Raises ValueError."""
    known = constants(graph)
    sums, layers, activations, end = Sums(None, np.zeros(SIDE * SIDE)), [], [], ""
    steps = list(chain(graph, known))
    require_nothing_beside(graph, known, [node for node, _ in steps])
    for node, name in steps:
        if end and node.op_type not in PASSED:
            raise ValueError(f"expected nothing after {end}, got {node.op_type}")
        if node.op_type in ENDS and is_last(node, graph):
            end = node.op_type
        elif node.op_type in ACTIVATIONS:
            layers.append(sums)
            activations.append(activation(node))
            sums = Sums(None, np.zeros(len(sums.bias)))
        elif node.op_type in LINEAR:
            sums = LINEAR[node.op_type](sums, node, name, known)
        elif node.op_type not in PASSED:
            raise ValueError(f"expected layers, activations and constants to normalise by, got {node.op_type}")
    network, params = put_together([*layers, sums], activations, output="sigmoid" if end == "Sigmoid" else "softmax")
    return network, params, end


def constants(graph: GraphProto) -> dict[str, NDArray[Any]]:
    """The graph's constant arrays, by name."""
    known = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            value = helper.get_attribute_value(node.attribute[0])
            known[node.output[0]] = numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.array(value)
        elif node.op_type == "Identity" and node.input[0] in known:
            known[node.output[0]] = known[node.input[0]]
    return known


def chain(graph: GraphProto, known: Arrays) -> Iterator[tuple[NodeProto, str]]:
    """The nodes from the pictures to the answers, each with the name under which it gets what came before."""
    inputs = [one.name for one in graph.input if one.name not in known]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise ValueError(f"expected one input and one output, got {len(inputs)} and {len(graph.output)}")
    name = inputs[0]
    while name != graph.output[0].name:
        users = [node for node in graph.node if name in node.input and node.op_type != "Shape"]
        if len(users) != 1:
            raise ValueError(f"expected one step after another, got {len(users)} that use {name}")
        yield users[0], name
        name = users[0].output[0]


def require_nothing_beside(graph: GraphProto, known: Arrays, steps: Sequence[NodeProto]) -> None:
    """Raise ValueError where the graph has more to compute than the steps, and the shapes that these may need: it could
    be without end."""
    if foreign := [node.op_type for node in graph.node if node.domain not in ("", "ai.onnx")]:
        raise ValueError(f"expected operators of ONNX, got another's {foreign[0]}")
    made = {*known, *(node.output[0] for node in steps)}
    beside = [node for node in graph.node if node.output[0] not in made]
    for node in beside:
        given = [known[name].size for name in node.input if name in known]
        if node.op_type not in SHAPING or len(node.input) > MOST_JOINED or max(given, default=0) > MOST_NUMBERS:
            raise ValueError(f"expected one step after another, got {node.op_type} beside them")
    if len(beside) > MOST_SHAPING:
        raise ValueError(f"expected at most {MOST_SHAPING} nodes beside the layers, got {len(beside):,}")


def is_last(node: NodeProto, graph: GraphProto) -> bool:
    """Whether nothing but changes of shape may follow: Sigmoid is also an activation."""
    return node.op_type != "Sigmoid" or node.output[0] == graph.output[0].name


def attributes(node: NodeProto, **usual: float) -> list[Any]:
    """The values of these attributes, the usual ones where the node has none."""
    named = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    return [named.get(name, value) for name, value in usual.items()]


def activation(node: NodeProto) -> str:
    """Its name in nn.activations."""
    (alpha,) = attributes(node, alpha=LEAK)
    if node.op_type == "LeakyRelu" and not np.isclose(alpha, LEAK):
        raise ValueError(f"expected a LeakyRelu of slope {LEAK:g}, got {alpha:g}")
    return ACTIVATIONS[node.op_type]


def constant(name: str, known: Arrays) -> Floats:
    """A constant in float64."""
    if name not in known:
        raise ValueError(f"expected {name} to be constant")
    return known[name].astype(np.float64)


def other_input(node: NodeProto, name: str, known: Arrays) -> Floats:
    """The constant beside what came before."""
    others = [one for one in node.input if one != name]
    if len(others) != 1:
        raise ValueError(f"expected {node.op_type} with a constant, got it with {name} twice")
    return constant(others[0], known)


def gemm(sums: Sums, node: NodeProto, name: str, known: Arrays) -> Sums:
    """alpha inputs @ weights + beta bias."""
    alpha, beta, trans_a, trans_b = attributes(node, alpha=1.0, beta=1.0, transA=0, transB=0)
    if trans_a or node.input[0] != name:
        raise ValueError("expected a Gemm of inputs with weights, got another way round")
    weights = constant(node.input[1], known)
    result = sums.times(alpha * (weights.T if trans_b else weights))
    return result.plus(beta * constant(node.input[2], known)) if len(node.input) > 2 else result


def matmul(sums: Sums, node: NodeProto, name: str, known: Arrays) -> Sums:
    """inputs @ weights."""
    weights = constant(node.input[1], known)
    if node.input[0] != name or weights.ndim != 2:
        raise ValueError("expected a MatMul of inputs with a matrix of weights, got another")
    return sums.times(weights)


def sub(sums: Sums, node: NodeProto, name: str, known: Arrays) -> Sums:
    """inputs - constant, or constant - inputs."""
    other = other_input(node, name, known)
    return sums.plus(-other) if node.input[0] == name else sums.scaled(np.array(-1.0)).plus(other)


def div(sums: Sums, node: NodeProto, name: str, known: Arrays) -> Sums:
    """inputs / constant."""
    if node.input[0] != name:
        raise ValueError("expected a Div by a constant, got one by inputs")
    return sums.scaled(1 / other_input(node, name, known))


def batch_normalization(sums: Sums, node: NodeProto, _: str, known: Arrays) -> Sums:
    """(inputs - mean) / sqrt(variance + epsilon) * scale + bias, with the running statistics."""
    scale, bias, mean, variance = (constant(one, known) for one in node.input[1:5])
    (epsilon,) = attributes(node, epsilon=1e-5)
    return sums.plus(-mean).scaled(scale / np.sqrt(variance + epsilon)).plus(bias)


LINEAR: Mapping[str, Callable[[Sums, NodeProto, str, Arrays], Sums]] = {
    "Gemm": gemm,
    "MatMul": matmul,
    "Add": lambda sums, node, name, known: sums.plus(other_input(node, name, known)),
    "Sub": sub,
    "Mul": lambda sums, node, name, known: sums.scaled(other_input(node, name, known)),
    "Div": div,
    "BatchNormalization": batch_normalization,
}


def put_together(layers: list[Sums], activations: list[str], *, output: str) -> tuple[Network, Params]:
    """Layers with activations between as a network."""
    found = ", ".join(activations) or "none"
    if len({*activations}) != 1:
        raise ValueError(f"expected hidden layers, all of the same activation, got {found}")
    if any(layer.weights is None for layer in layers):
        raise ValueError(f"expected a layer of weights before each activation and after the last, got {found}")
    matrices = [layer.weights for layer in layers if layer.weights is not None]
    sizes = (SIDE * SIDE, *(matrix.shape[1] for matrix in matrices))
    network = Network(sizes, activations[0], output)
    params = new_params(network)
    for target, layer, matrix in zip(params.layers, layers, matrices, strict=True):
        target.weights[:] = matrix
        if target.bias is not None:
            target.bias[:] = layer.bias
    return network, params


def require_same(proto: ModelProto, network: Network, params: Params, end: str) -> None:
    """Raise ValueError unless the network answers some noise as the graph does."""
    shape = [one.dim_value for one in proto.graph.input[0].type.tensor_type.shape.dim]
    if shape[0] > MOST_TRIED:
        raise ValueError(f"expected pictures by at most {MOST_TRIED:,} at once, got {shape[0]:,}")
    images = np.random.default_rng(0).random((shape[0] or TRIED, SIDE * SIDE), dtype=np.float32)
    sides = shape[1:] if np.prod(shape[1:]) == SIDE * SIDE else [SIDE * SIDE]
    fed = {proto.graph.input[0].name: images.reshape(-1, *sides)}
    outputs: Any = ReferenceEvaluator(proto).run(None, fed)
    theirs = outputs[0]
    logits = forward(network, params, images)[0]
    ours = logits if not end else outputs_of(network, params, images)
    difference = np.abs((np.exp(theirs) if end == "LogSoftmax" else theirs) - ours).max()
    if not difference <= TOLERANCE * max(1, np.abs(logits).max()):  # nor nan
        raise ValueError(f"read as layers it answers otherwise than itself, by {difference:g}")
