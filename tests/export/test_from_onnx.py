"""Networks from elsewhere: they answer here as ONNX Runtime and PyTorch have them, or are refused."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mnistnet.commands import main
from mnistnet.data.mnist import load_sample
from mnistnet.errors import ModelError
from mnistnet.model_file import load_model
from mnistnet.nn.network import outputs_of, probabilities

pytestmark = pytest.mark.slow  # not for their time: the packages come with the extra `dev`, as .ci/run has it
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from onnx import helper  # noqa: E402

from mnistnet.export.from_onnx import read_onnx  # noqa: E402

RNG = np.random.default_rng(0)
Step = tuple[object, ...]
"""An operator, its other inputs (constants, or None for what came before if that is not the first), its attributes."""


def random(*shape: int) -> np.ndarray:
    return RNG.normal(0, 0.1, shape).astype(np.float32)


HIDDEN: list[Step] = [("Gemm", [random(784, 12), random(12)], {}), ("Relu", [], {})]
LAST: list[Step] = [("Gemm", [random(12, 10), random(10)], {})]
PLAIN = [*HIDDEN, *LAST]
FACTORS = random(12), random(12), random(12), np.abs(random(12))


def save(steps: Sequence[Step], path: Path, *, shape: Sequence[object] = ("batch", 784)) -> None:
    """Write a chain of steps as an ONNX file."""
    nodes, arrays, name = [], [], "pictures"
    for number, (operator, others, attributes) in enumerate(steps):
        inputs = [] if any(other is None for other in others) else [name]
        for other in others:
            inputs.append(name if other is None else f"constant_{len(arrays)}")
            if other is not None:
                arrays.append(onnx.numpy_helper.from_array(np.asarray(other), inputs[-1]))
        name = f"step_{number}"
        nodes.append(helper.make_node(operator, inputs, [name], **attributes))
    value = helper.make_tensor_value_info
    inputs, outputs = value("pictures", 1, shape), value(name, 1, ("batch", "classes"))
    graph = helper.make_graph(nodes, "theirs", [inputs], [outputs], arrays)
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), path)


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        (PLAIN, ""),
        ([*PLAIN, ("Softmax", [], {})], "softmax"),
        ([*PLAIN, ("LogSoftmax", [], {"axis": 1})], "log"),
        ([*PLAIN, ("Sigmoid", [], {})], "sigmoid"),
        ([*HIDDEN, ("Gemm", [random(10, 12), random(10)], {"transB": 1, "alpha": 0.5, "beta": 2.0})], ""),
        ([("MatMul", [random(784, 12)], {}), ("Add", [random(12)], {}), ("Tanh", [], {}), *LAST], ""),
        ([*HIDDEN, ("MatMul", [random(12, 10)], {}), ("Add", [random(1, 10), None], {})], ""),
        ([("Sub", [np.float32(0.1307)], {}), ("Div", [np.float32(0.3081)], {}), *PLAIN], ""),
        ([("Sub", [np.float32(1), None], {}), ("Mul", [random(784)], {}), *PLAIN], ""),
        ([HIDDEN[0], ("BatchNormalization", FACTORS, {}), HIDDEN[1], *LAST], ""),
        ([HIDDEN[0], ("LeakyRelu", [], {}), *LAST], ""),
        ([("Identity", [], {}), HIDDEN[0], ("Sigmoid", [], {}), ("Gemm", [random(12, 12)], {}), *LAST], ""),
    ],
)  # fmt: skip
def test_what_is_linear_is_multiplied_out(steps: Sequence[Step], end: str, tmp_path: Path) -> None:
    path, images = tmp_path / "theirs.onnx", load_sample().test.images
    save(steps, path)
    network, params = read_onnx(path)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"pictures": images})[0]
    if not end:
        theirs = np.exp(theirs) / np.exp(theirs).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        outputs_of(network, params, images), np.exp(theirs) if end == "log" else theirs, atol=1e-5
    )


@pytest.mark.parametrize("shape", [("n", 1, 28, 28), (3, 28, 28), ("n", "features")])
def test_pictures_may_come_in_any_shape(shape: Sequence[object], tmp_path: Path) -> None:
    save([("Flatten", [], {}), *PLAIN], tmp_path / "theirs.onnx", shape=shape)
    assert read_onnx(tmp_path / "theirs.onnx")[0].sizes == (784, 12, 10)


def test_weights_may_lie_in_a_file_beside_it(tmp_path: Path) -> None:
    save(PLAIN, tmp_path / "whole.onnx")
    proto = onnx.load(tmp_path / "whole.onnx")
    onnx.save(proto, tmp_path / "parts.onnx", save_as_external_data=True, size_threshold=0, location="parts.data")
    (_, whole), (_, parts) = (read_onnx(tmp_path / f"{name}.onnx") for name in ("whole", "parts"))
    np.testing.assert_array_equal(parts.flat, whole.flat)
    (tmp_path / "parts.data").unlink()
    with pytest.raises(ModelError, match=r"parts\.data"):
        read_onnx(tmp_path / "parts.onnx")


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([*HIDDEN, ("Gemm", [random(12, 7)], {})], "expected sizes from 784 to 10, got (784, 12, 7)"),
        ([("Gemm", [random(100, 12)], {}), HIDDEN[1], *LAST], "expected weights for 784 inputs, got 100"),
        ([("Gemm", [random(784, 10)], {})], "expected hidden layers, all of the same activation, got none"),
        ([*HIDDEN, ("Gemm", [random(12, 12)], {}), ("Tanh", [], {}), *LAST], "got relu, tanh"),
        ([*HIDDEN, ("Relu", [], {}), *LAST], "expected a layer of weights before each activation"),
        ([*PLAIN, ("Relu", [], {})], "expected a layer of weights before each activation and after the last"),
        ([HIDDEN[0], ("Elu", [], {}), *LAST], "got Elu"),
        ([HIDDEN[0], ("LeakyRelu", [], {"alpha": 0.2}), *LAST], "expected a LeakyRelu of slope 0.01, got 0.2"),
        ([*PLAIN, ("Softmax", [], {}), ("ArgMax", [], {})], "expected nothing after Softmax, got ArgMax"),
        ([*PLAIN, ("Softmax", [], {"axis": 0})], "it answers otherwise than itself"),
        ([HIDDEN[0], ("Add", [None, None], {}), HIDDEN[1], *LAST], "expected Add with a constant"),
        ([("Div", [np.float32(0)], {}), *PLAIN], "it answers otherwise than itself"),
        ([("Sub", [random(28)], {}), *PLAIN], "expected constants for 784 numbers, got 28"),
    ],
)  # fmt: skip
def test_what_is_no_such_network_is_refused_in_one_line(steps: Sequence[Step], told: str, tmp_path: Path) -> None:
    save(steps, tmp_path / "theirs.onnx")
    with pytest.raises(ModelError) as refused:
        read_onnx(tmp_path / "theirs.onnx")
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes"),
    [
        ("Expand", ["pictures_", "big"], {}),
        ("Identity", ["pictures_"], {}),
        ("Concat", ["big"] * 5, {"axis": 0}),
        ("Gather", ["many", "big"], {}),
        ("Gather", ["big", "big"], {"domain": "theirs"}),
    ],
)
def test_nothing_is_computed_beside_the_layers(
    operator: str, inputs: Sequence[str], attributes: dict[str, object], tmp_path: Path
) -> None:
    save(PLAIN, tmp_path / "theirs.onnx")
    proto = onnx.load(tmp_path / "theirs.onnx")
    big, many = np.array([2**40, 784]), np.arange(9)
    proto.graph.initializer.extend(onnx.numpy_helper.from_array(*one) for one in ((big, "big"), (many, "many")))
    proto.graph.node.append(helper.make_node("Shape", ["step_0"], ["pictures_"]))
    proto.graph.node.append(helper.make_node(operator, inputs, ["beside"], **attributes))
    proto.opset_import.append(helper.make_opsetid("theirs", 1))
    onnx.save(proto, tmp_path / "theirs.onnx")
    with pytest.raises(ModelError, match=f"{operator}.*beside|expected operators of ONNX, got another's {operator}"):
        read_onnx(tmp_path / "theirs.onnx")


def test_shapes_may_be_computed_for_a_reshape(tmp_path: Path) -> None:
    save([("Reshape", [np.array([0, 0])], {}), *PLAIN], tmp_path / "theirs.onnx")
    proto = onnx.load(tmp_path / "theirs.onnx")
    for name, value in (("first", np.array(0)), ("axes", np.array([0])), ("rest", np.array([-1]))):
        proto.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
    proto.graph.node[0].input[1] = "shape"
    for operator, inputs, output in (
        ("Concat", ["rows", "rest"], "shape"),
        ("Unsqueeze", ["row", "axes"], "rows"),
        ("Gather", ["sizes", "first"], "row"),
        ("Shape", ["pictures"], "sizes"),
    ):
        attributes = {"axis": 0} if operator == "Concat" else {}
        proto.graph.node.insert(0, helper.make_node(operator, inputs, [output], **attributes))
    onnx.save(proto, tmp_path / "theirs.onnx")
    assert read_onnx(tmp_path / "theirs.onnx")[0].sizes == (784, 12, 10)


def test_a_batch_has_a_bound(tmp_path: Path) -> None:
    save(PLAIN, tmp_path / "theirs.onnx", shape=(1_001, 784))
    with pytest.raises(ModelError, match="at most 1,000 at once, got 1,001"):
        read_onnx(tmp_path / "theirs.onnx")


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    save(PLAIN, tmp_path / "theirs.onnx")
    proto = onnx.load(tmp_path / "theirs.onnx")
    onnx.save(proto, tmp_path / "parts.onnx", save_as_external_data=True, size_threshold=0, location="parts.data")
    parts = onnx.load(tmp_path / "parts.onnx", load_external_data=False)
    del parts.graph.initializer[0].external_data[1:]  # without a length all of the file is
    (tmp_path / "parts.onnx").write_bytes(parts.SerializeToString())
    for name, whole in (("theirs.onnx", "theirs.onnx"), ("parts.data", "parts.onnx")):
        with (tmp_path / name).open("r+b") as file:
            file.truncate(200_000_001)
        with pytest.raises(ModelError, match="expected at most 200,000,000 bytes, got 200,"):
            read_onnx(tmp_path / whole)


def test_a_broken_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(PLAIN, tmp_path / "theirs.onnx")
    content = (tmp_path / "theirs.onnx").read_bytes()
    for broken in (b"", b"no graph", content[:-1000], content[:50]):
        (tmp_path / "theirs.onnx").write_bytes(broken)
        assert main(["import", str(tmp_path / "theirs.onnx"), "--output", str(tmp_path / "mine.npz")]) == 1
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
    assert not (tmp_path / "mine.npz").exists()


def test_a_network_of_pytorch_is_imported_calibrated_tested_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("MNISTNET_HOME", str(tmp_path / "home"))
    torch.manual_seed(0)
    torch.set_num_threads(1)
    sample, linear = load_sample(), torch.nn.Linear
    theirs = torch.nn.Sequential(torch.nn.Flatten(), linear(784, 32), torch.nn.ReLU(), linear(32, 10))
    normal = [torch.from_numpy((one.images - 0.1307) / 0.3081) for one in (sample.learning, sample.test)]
    optimizer = torch.optim.SGD(theirs.parameters(), 0.3)
    for _ in range(40):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(theirs(normal[0]), torch.from_numpy(sample.learning.labels)).backward()
        optimizer.step()
    answers = theirs(normal[1]).softmax(dim=1).detach().numpy()
    path, mine, page = (tmp_path / name for name in ("theirs.onnx", "mine.npz", "mine.html"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(theirs, (normal[1][:2].reshape(2, 1, 28, 28),), path, dynamo=False)
    capsys.readouterr()
    command = ["import", str(path), "--output", str(mine), "--data", "sample"]
    assert main([*command, "--mean", "0.1307", "--deviation", "0.3081", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["test_errors"] == np.count_nonzero(answers.argmax(axis=1) != sample.test.labels) < 200
    model = load_model(mine)
    np.testing.assert_allclose(probabilities(model.network, model.params, sample.test.images), answers, atol=1e-5)
    assert model.calibration.sure_images > 300
    assert model.calibration.expected_calibration_error < 0.1
    assert main(["report", str(mine), "--html", str(page), "--data", "sample"]) == 0
    assert "784-32-10 relu, trained elsewhere; calibrated and tested on" in capsys.readouterr().out
    assert "momentum" not in page.read_text()
    assert main(["verify", str(mine)]) == 0
