"""ONNX: a model as a graph that other programs run, for ONNX Runtime, browsers, phones and compilers.

It computes the calibrated probabilities that `predict` shows. Its metadata are those of
export.claim.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper

from mnistnet import __version__
from mnistnet.arrays import DIGITS
from mnistnet.export.claim import description, metadata
from mnistnet.model_file import Model, named_arrays
from mnistnet.nn.activations import LEAK
from mnistnet.nn.network import Network

OPSET, IR_VERSION = 13, 7
"""As old as the graph allows, so that old programs read it too, such as ONNX Runtime 1.7 of 2021: since opset 13
Softmax is along its axis alone, and ReduceSum takes its axes as an input."""
INPUT, OUTPUT = "images", "probabilities"

NODES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": LEAK}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "identity": ("Identity", {}),
    "softmax": ("Softmax", {"axis": -1}),
}
"""The operator and its attributes, by the name in ACTIVATIONS or OUTPUTS."""

TINY = np.array(np.finfo(np.float32).tiny, np.float32)
"""The least probability that evaluation.calibration.tempered takes the logarithm of."""
SHARES: Mapping[str, NDArray[Any]] = {
    "least": np.array(1e-6, np.float32),
    "most": np.array(1, np.float32),
    "classes_axis": np.array([1], np.int64),
}
"""What shares takes: the limits are those of nn.network.probabilities."""


def onnx_bytes(model: Model) -> bytes:
    """The content of an .onnx file; equal models give equal bytes.

    Raises ValueError unless the network is plain, as those in model files are.
    """
    if model.network.batch_norm or not model.network.bias:
        raise ValueError("only plain networks with biases are exported; see plain_network")
    proto = onnx_model(model)
    checker.check_model(proto, full_check=True)
    content: bytes = proto.SerializeToString(deterministic=True)
    return content


def onnx_model(model: Model) -> ModelProto:
    """Graph, description and metadata."""
    temperature = np.array(model.calibration.temperature, np.float32)
    arrays: Mapping[str, NDArray[Any]] = {**named_arrays(model.params), "tiny": TINY, "temperature": temperature}
    if model.network.output != "softmax":
        arrays = {**arrays, **SHARES}
    side, box = model.image_format
    classes = "the digits 0 to 9" if model.classes == DIGITS else ", ".join(model.classes)
    graph = helper.make_graph(
        list(nodes(model.network)),
        "mnistnet",
        inputs=[
            value(
                INPUT, input_shape(model), f"{side} x {side} pixels row by row: ink 1 in a box of {box}, background 0"
            )
        ],
        outputs=[value(OUTPUT, output_shape(model), f"of {classes}")],
        initializer=[numpy_helper.from_array(array, name.removesuffix(".npy")) for name, array in arrays.items()],
    )
    proto = helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="mnistnet",
        producer_version=__version__,
        doc_string=description(model),
    )
    helper.set_model_props(proto, metadata(model))
    return proto


def input_shape(model: Model) -> tuple[str, int]:
    """Of any number of pictures."""
    return "batch", model.network.sizes[0]


def output_shape(model: Model) -> tuple[str, int]:
    """Of the probabilities for them."""
    return "batch", model.network.sizes[-1]


def value(name: str, shape: tuple[str | int, ...], meaning: str) -> ValueInfoProto:
    """An input or output of float32."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape, doc_string=meaning)


def nodes(network: Network) -> Iterator[NodeProto]:
    """The graph from INPUT to OUTPUT, layer by layer."""
    inputs, last = INPUT, len(network.sizes) - 2
    for depth in range(last):
        yield gemm(inputs, depth)
        inputs = f"hidden_{depth}"
        yield node(network.activation, f"sums_{depth}", inputs)
    yield gemm(inputs, last)
    if network.output == "softmax":
        yield node("softmax", f"sums_{last}", "confidences")
    else:
        yield node(network.output, f"sums_{last}", "outputs")
        yield from shares("outputs", "confidences")
    yield from tempered("confidences")


def gemm(inputs: str, depth: int) -> NodeProto:
    """One layer's sums: inputs @ weights + bias."""
    return helper.make_node("Gemm", [inputs, f"weights_{depth}", f"bias_{depth}"], [f"sums_{depth}"])


def node(name: str, inputs: str, outputs: str) -> NodeProto:
    """An activation or output by its name."""
    operator, attributes = NODES[name]
    return helper.make_node(operator, [inputs], [outputs], **attributes)


def shares(outputs: str, confidences: str) -> Iterator[NodeProto]:
    """Outputs cut to [least, most] and divided by their sum."""
    yield helper.make_node("Clip", [outputs, "least", "most"], ["clipped"])
    yield helper.make_node("ReduceSum", ["clipped", "classes_axis"], ["total"], keepdims=1)
    yield helper.make_node("Div", ["clipped", "total"], [confidences])


def tempered(confidences: str) -> Iterator[NodeProto]:
    """softmax(log(confidences) / temperature), as evaluation.calibration.tempered has it."""
    yield helper.make_node("Clip", [confidences, "tiny"], ["at_least_tiny"])
    yield helper.make_node("Log", ["at_least_tiny"], ["log_confidences"])
    yield helper.make_node("Div", ["log_confidences", "temperature"], ["calibrated"])
    yield node("softmax", "calibrated", OUTPUT)
