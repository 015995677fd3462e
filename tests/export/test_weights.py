"""Weights as bytes, read again by what their description says."""

import gzip
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mnistnet.data.mnist import load_sample
from mnistnet.export.eight_bit import in_eight_bits
from mnistnet.export.weights import packed_weights
from mnistnet.model_file import Model, load_model
from mnistnet.nn.activations import ACTIVATIONS, OUTPUTS
from mnistnet.nn.network import Network, Params
from mnistnet.places import shipped
from tests.models import small_model
from tests.nn.networks import random_params


def unpacked(packed: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The head and the arrays."""
    content = gzip.decompress(packed)
    start = 4 + int.from_bytes(content[:4], "little")
    head, arrays = json.loads(content[4:start]), {}
    for one in head["arrays"]:
        kind = np.dtype(one["type"]).newbyteorder("<")
        arrays[one["name"]] = np.frombuffer(content, kind, one["count"], start)
        start += one["count"] * kind.itemsize
    assert start == len(content)
    return head, arrays


def assert_same(arrays: dict[str, NDArray[Any]], params: Params, *, prefix: str = "") -> None:
    for depth, layer in enumerate(params.layers):
        weights = arrays[f"{prefix}weights_{depth}"].reshape(layer.weights.T.shape).T.astype(np.float32)
        scale = arrays.get(f"{prefix}weights_{depth}_scale")
        np.testing.assert_array_equal(weights if scale is None else weights * scale, layer.weights)
        np.testing.assert_array_equal(arrays[f"{prefix}bias_{depth}"], layer.bias)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(shipped("mnist.npz"))


def test_whole_weights_are_those_of_the_model_in_as_little_as_holds_them(model: Model) -> None:
    head, arrays = unpacked(packed_weights(model))
    assert_same(arrays, model.params)
    assert_same(arrays, model.calibration.detector_params, prefix="detector_")
    assert {one["type"] for one in head["arrays"]} == {"float16"}
    kinds = {one["type"] for one in unpacked(packed_weights(small_model()))[0]["arrays"]}
    assert kinds == {"float16", "float32"}  # its biases are 0


def test_8_bit_weights_are_those_that_were_measured(model: Model) -> None:
    rounded, steps = in_eight_bits(model, load_sample().learning.images[:100])
    head, arrays = unpacked(packed_weights(model, steps))
    assert_same(arrays, rounded.params)
    assert_same(arrays, rounded.calibration.detector_params, prefix="detector_")
    kinds = {one["name"]: one["type"] for one in head["arrays"]}
    assert [name for name, kind in kinds.items() if kind == "int8"] == [
        "weights_0",
        "weights_1",
        "detector_weights_0",
    ]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", [(), (6, 3)])
def test_every_network_that_models_have_is_told_of(hidden: tuple[int, ...], activation: str, output: str) -> None:
    network = Network((784, *hidden, 10), activation, output)
    model = replace(
        small_model(), network=network, params=random_params(network, np.random.default_rng(0), dtype=np.float32)
    )
    rounded, steps = in_eight_bits(model, load_sample().test.images[:10])
    head, arrays = unpacked(packed_weights(model, steps))
    assert (head["sizes"], head["activation"], head["output"]) == ([784, *hidden, 10], activation, output)
    assert_same(arrays, rounded.params)


def test_the_head_has_what_reading_needs_and_the_claim() -> None:
    model = small_model(errors=3)
    head, _ = unpacked(packed_weights(model))
    assert head["format"] == "mnistnet weights"
    assert head["format_version"] == 1
    assert [head[name] for name in ("temperature", "sure_from", "digit_from")] == [0.5, 0.9, -1.25]
    assert head["detector"] == {"sizes": [5, 3, 1], "activation": "relu", "output": "sigmoid"}
    assert head["claim"]["test_errors"] == 3
    assert head["claim"]["test_images"] == 20


def test_equal_models_give_equal_bytes() -> None:
    assert packed_weights(small_model()) == packed_weights(small_model())
