"""ONNX files: ONNX Runtime computes from them what the network does, whatever it is made of."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnistnet.arrays import Floats
from mnistnet.data.mnist import load_folder, load_sample
from mnistnet.evaluation.calibration import judge
from mnistnet.model_file import Model, load_model
from mnistnet.nn.activations import ACTIVATIONS, OUTPUTS
from mnistnet.nn.network import Network, initial_params
from mnistnet.places import shipped
from tests.models import small_model
from tests.nn.networks import random_params

pytestmark = pytest.mark.slow  # not for their time: the packages come with the extra `dev`, as .ci/run has it
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from mnistnet.export.onnx import onnx_bytes  # noqa: E402


def random_model(
    hidden: tuple[int, ...] = (7, 5), *, activation: str = "relu", output: str = "softmax", temperature: float = 0.7
) -> Model:
    """A network whose outputs for pictures lie between about -3 and 3."""
    network = Network((784, *hidden, 10), activation, output)
    params = random_params(network, np.random.default_rng(0), dtype=np.float32)
    for layer in params.layers:
        np.divide(layer.weights, np.sqrt(len(layer.weights)), out=layer.weights)
    detector = Network((max(1, sum(hidden)), 1), output="sigmoid")
    calibration = replace(
        small_model().calibration,
        temperature=temperature,
        detector=detector,
        detector_params=initial_params(detector, rng=np.random.default_rng(0)),
    )
    return replace(small_model(), network=network, params=params, calibration=calibration)


def answers(content: bytes, images: Floats) -> Floats:
    """ONNX Runtime's probabilities (n, 10) of images (n, 784)."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run(["probabilities"], {"images": images})
    result: Floats = found
    assert (result.shape, result.dtype) == ((len(images), 10), np.float32)
    return result


def assert_same(model: Model, images: Floats, *, atol: float = 2e-7) -> None:
    """Up to float32's rounding; what is cut to 1e-6 and then divided by at most 5 is still told from 0."""
    expected = judge(model.network, model.params, model.calibration, images).probabilities
    np.testing.assert_allclose(answers(onnx_bytes(model), images), expected, rtol=1e-5, atol=atol)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_output_is_computed_alike(activation: str, output: str) -> None:
    model = random_model(activation=activation, output=output)
    assert_same(model, np.random.default_rng(1).random((1000, 784), dtype=np.float32))
    assert_same(model, load_sample().test.images)


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
@pytest.mark.parametrize("output", ["softmax", "identity"])
def test_any_number_of_images_can_be_read_at_once(output: str, count: int) -> None:
    assert_same(random_model(output=output), np.random.default_rng(1).random((count, 784), dtype=np.float32))


@pytest.mark.parametrize("temperature", [1 / 8, 1, 8])
def test_probabilities_are_calibrated(temperature: float) -> None:
    assert_same(random_model(temperature=temperature), 10 * load_sample().test.images, atol=1e-6)


@pytest.mark.parametrize("hidden", [(3,), (6, 1, 4, 5)])
def test_any_number_of_layers(hidden: tuple[int, ...]) -> None:
    assert_same(random_model(hidden), load_sample().test.images)


@pytest.mark.parametrize("output", OUTPUTS)
def test_sums_far_from_0_overflow_nowhere(output: str) -> None:
    assert_same(random_model(output=output), 1000 * load_sample().test.images, atol=1e-4)


def test_it_says_what_it_is_and_what_its_model_claims() -> None:
    model = small_model(errors=3)
    provenance = replace(model.provenance, notice="trained on a sample", data_sha256={"a file": "00ff"})
    proto = onnx.load_from_string(onnx_bytes(replace(model, provenance=provenance)))
    onnx.checker.check_model(proto, full_check=True)
    assert (proto.producer_name, proto.producer_version) == ("mnistnet", "0.1.0")
    assert [(one.domain, one.version) for one in proto.opset_import] == [("", 13)]
    assert proto.ir_version == 7
    assert proto.graph.input[0].doc_string.startswith("28 x 28 pixels row by row: ink 1 in a box of 20")
    for words in ("784-5-10 relu", "3 of 20 test images misread", "trained on a sample"):
        assert words in proto.doc_string
    assert {prop.key: json.loads(prop.value) for prop in proto.metadata_props} == {
        "test_errors": 3,
        "test_images": 20,
        "dataset": "mnist",
        "data_sha256": {"a file": "00ff"},
        "seed": 0,
        "partial": False,
        "notice": "trained on a sample",
        "temperature": model.calibration.temperature,
        "sure_from": model.calibration.sure_from,
        "digit_from": model.calibration.digit_from,
        "network": {"sizes": [784, 5, 10], "activation": "relu", "output": "softmax"},
        "classes": [*"0123456789"],
        "side": 28,
        "box": 20,
        "settings": provenance.settings,
    }


def test_its_input_and_output_are_float32_for_a_batch_of_any_size() -> None:
    session = onnxruntime.InferenceSession(onnx_bytes(small_model()), providers=["CPUExecutionProvider"])
    described = [(one.name, one.type, one.shape) for one in (*session.get_inputs(), *session.get_outputs())]
    assert described == [
        ("images", "tensor(float)", ["batch", 784]),
        ("probabilities", "tensor(float)", ["batch", 10]),
    ]


def test_equal_models_are_equal_files() -> None:
    assert onnx_bytes(small_model()) == onnx_bytes(small_model())


@pytest.mark.parametrize("network", [Network((784, 5, 10), batch_norm=True), Network((784, 5, 10), bias=False)])
def test_what_no_model_file_holds_is_refused(network: Network) -> None:
    params = random_params(network, np.random.default_rng(0), dtype=np.float32)
    with pytest.raises(ValueError, match="only plain networks"):
        onnx_bytes(replace(small_model(), network=network, params=params))


def test_the_shipped_model_reads_all_test_images_alike(mnist_dir: Path) -> None:
    model, test = load_model(shipped("mnist.npz")), load_folder(mnist_dir).test
    expected = judge(model.network, model.params, model.calibration, test.images).probabilities
    found = answers(onnx_bytes(model), test.images)
    assert len(found) == 10_000
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
    assert np.count_nonzero(found.argmax(axis=1) != test.labels) == model.provenance.test_errors
