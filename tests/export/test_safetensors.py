"""safetensors files: what other programs read out of them."""

import json

import numpy as np
import pytest

from mnistnet.data.mnist import load_sample
from mnistnet.export.safetensors import safetensors_bytes
from mnistnet.model_file import load_model
from mnistnet.nn.network import probabilities
from mnistnet.places import shipped
from tests.models import small_model


def test_equal_models_are_equal_files_whose_numbers_are_aligned() -> None:
    content = safetensors_bytes(small_model())
    assert content == safetensors_bytes(small_model())
    assert int.from_bytes(content[:8], "little") % 8 == 0


def test_it_tells_what_pictures_it_is_for_and_what_is_a_digit() -> None:
    model = small_model()
    content = safetensors_bytes(model)
    head = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    told = {name: json.loads(text) for name, text in head["__metadata__"].items()}
    assert (told["side"], told["box"]) == (28, 20)
    assert told["digit_from"] == model.calibration.digit_from


@pytest.mark.slow
def test_pytorch_computes_the_same_from_it(tmp_path) -> None:
    torch, safetensors, reader = (pytest.importorskip(n) for n in ("torch", "safetensors", "safetensors.torch"))
    model, images = load_model(shipped("mnist.npz")), load_sample().test.images
    path = tmp_path / "mnist.safetensors"
    path.write_bytes(safetensors_bytes(model))
    linear = [torch.nn.Linear(inputs, units) for inputs, units in zip((784, 2048, 1024), (2048, 1024, 10), strict=True)]
    theirs = torch.nn.Sequential(linear[0], torch.nn.ReLU(), linear[1], torch.nn.ReLU(), linear[2])
    theirs.load_state_dict(reader.load_file(path), strict=True)
    found = theirs(torch.from_numpy(images)).softmax(dim=1).detach().numpy()
    np.testing.assert_allclose(found, probabilities(model.network, model.params, images), atol=1e-5)
    with safetensors.safe_open(path, framework="np") as file:
        told = {name: json.loads(text) for name, text in file.metadata().items()}
    assert told["network"] == {"sizes": [784, 2048, 1024, 10], "activation": "relu", "output": "softmax"}
    assert (told["test_errors"], told["classes"]) == (model.provenance.test_errors, [*"0123456789"])
