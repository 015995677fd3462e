"""Model files: what goes in comes out, and what is broken, foreign or hostile is refused in one line."""

import io
import json
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistnet.arrays import DIGITS, MNIST_FORMAT, ImageFormat
from mnistnet.errors import ModelError, OutputError
from mnistnet.evaluation.calibration import judge
from mnistnet.model_file import Model, load_model, save_model
from mnistnet.nn.network import Network, initial_params, probabilities
from tests.models import small_model


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.npz"
    save_model(small_model(), path)
    return path


def npy(array: np.ndarray[Any, Any], *, allow_pickle: bool = False) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array(content, array, allow_pickle=allow_pickle)
    return content.getvalue()


def rewrite(path: Path, change: Callable[[dict[str, bytes]], object], *, compression: int = zipfile.ZIP_STORED) -> None:
    """Change the members of the archive at path."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def change_facts(**changes: Any) -> Callable[[dict[str, bytes]], object]:
    def change(members: dict[str, bytes]) -> None:
        members["model.json"] = json.dumps(json.loads(members["model.json"]) | changes).encode()

    return change


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load_model(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_a_model_comes_back_as_it_went_in(path: Path) -> None:
    model, back = small_model(), load_model(path)
    assert back.network == model.network
    assert back.provenance == model.provenance
    np.testing.assert_array_equal(back.params.flat, model.params.flat)
    assert (back.provenance.test_errors, back.provenance.test_images) == (3, 20)


def test_numpy_opens_it_too_and_without_pickle(path: Path) -> None:
    with np.load(path, allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["weights_1"], small_model().params.layers[1].weights)


def test_equal_models_are_equal_files(path: Path, tmp_path: Path) -> None:
    save_model(small_model(), tmp_path / "again.npz")
    assert path.read_bytes() == (tmp_path / "again.npz").read_bytes()


def test_a_file_is_not_replaced_unasked(path: Path) -> None:
    with pytest.raises(OutputError, match="exists already"):
        save_model(small_model(errors=0), path)
    save_model(small_model(errors=0), path, overwrite=True)
    assert load_model(path).provenance.test_errors == 0


def test_a_compressed_copy_loads(path: Path) -> None:
    rewrite(path, lambda members: members, compression=zipfile.ZIP_DEFLATED)
    np.testing.assert_array_equal(load_model(path).params.flat, small_model().params.flat)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_copy_compressed_in_a_rarer_way_is_refused(path: Path, compression: int) -> None:
    rewrite(path, lambda members: members, compression=compression)
    assert "stored or deflated" in refusal(path)


@given(share=st.floats(0, 0.999))
def test_a_file_cut_short_anywhere_is_refused(share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("cut") / "model.npz"
    save_model(small_model(), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "not a whole mnistnet model" in refusal(path)


@given(place=st.floats(0, 0.999), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_changes_nothing(
    place: float, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("flip") / "model.npz"
    save_model(small_model(), path)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        back = load_model(path)
    except ModelError:
        return
    np.testing.assert_array_equal(back.params.flat, small_model().params.flat)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert "there is no model" in refusal(tmp_path / "none.npz")
    assert "cannot read" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x93NUMPY", pickle.dumps({"weights": [1]}), b"PK\x03\x04"])
def test_another_kind_of_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.npz").write_bytes(content)
    assert "not a whole mnistnet model" in refusal(tmp_path / "model.npz")


def test_another_kind_of_npz_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "model.npz", weights=np.zeros(3))
    assert "expected a member model.json" in refusal(tmp_path / "model.npz")


class Trap:
    """Unpickling it raises, where a real attack would run a command."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('unpickled')",)


def test_pickled_objects_are_refused_unopened(path: Path) -> None:
    trap = npy(np.array([Trap()], dtype=object), allow_pickle=True)
    rewrite(path, lambda members: members.update({"bias_0.npy": trap}))
    assert "expected bias_0.npy to be float32 (5,), got object (1,)" in refusal(path)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.full((784, 5), np.nan, np.float32), "not finite"),
        (np.full((784, 5), -np.inf, np.float32), "not finite"),
        (np.zeros((784, 4), np.float32), "got float32 (784, 4)"),
        (np.zeros((784, 5), np.int32), "got int32 (784, 5)"),
        (np.zeros((784, 5), ">f4"), "got >f4"),
        (np.zeros((784, 50), np.float32), "at most"),
    ],
)
def test_weights_that_cannot_be_are_refused(path: Path, array: np.ndarray[Any, Any], said: str) -> None:
    rewrite(path, lambda members: members.update({"weights_0.npy": npy(array)}))
    assert said in refusal(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "another"}, "format 'mnistnet model'"),
        ({"format_version": 1}, "expected format version 2 or 3 or 4 or 5 or 6, got 1"),
        ({"activation": "step"}, "activation must be one of relu"),
        ({"activation": ["relu"]}, ""),
        ({"output": None}, "output must be one of softmax"),
        ({"sizes": [784, 6, 10]}, "expected weights_0.npy to be float32 (784, 6)"),
        ({"sizes": [784, 10]}, "expected weights_0.npy"),
        ({"sizes": [784, 5, 5, 10]}, "expected weights_1.npy"),
        ({"sizes": [100, 5, 10]}, "expected sizes from 784 to 10"),
        ({"image_format": {"side": 10, "box": 7}}, "expected sizes from 100 to 10"),
        ({"image_format": {"side": 28}, "sizes": [784, 5, 10], "activation": "?"}, "activation must be"),
        ({"image_format": {"side": 28, "box": 29}}, "expected 8 to 128 pixels a side and a box in them, got 28 and 29"),
        ({"image_format": {"side": 4, "box": 2}}, "expected 8 to 128 pixels"),
        ({"image_format": {"side": 28.0, "box": 20}}, "got 28.0 and 20"),
        ({"image_format": {"height": 28}}, ""),
        ({"image_format": None}, ""),
        ({"classes": list("abc")}, "expected sizes from 784 to 3"),
        ({"classes": "0123456789"}, "expected 2 to 1,000 classes"),
        ({"classes": [*"012345678", "8"]}, "expected each class once"),
        ({"classes": [*"012345678", "\x1b[31m"]}, "printable characters"),
        ({"classes": [*"012345678", ""]}, "1 to 40"),
        ({"classes": [*"012345678", 9]}, "1 to 40"),
        ({"classes": None}, ""),
        ({"sizes": [784, 10**9, 10]}, "at most 40,000,000 parameters"),
        ({"sizes": [784, 5.0, 10]}, "expected sizes"),
        ({"sizes": []}, ""),
        ({"sizes": "784"}, ""),
        ({"provenance": {}}, ""),
        ({"provenance": None}, ""),
    ],
)
def test_facts_that_do_not_fit_are_refused(path: Path, changes: dict[str, Any], said: str) -> None:
    rewrite(path, change_facts(**changes))
    assert said in refusal(path)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1e999", "finite"),
        ("NaN", "NaN"),
        ('"\\ud800"', "surrogates not allowed"),
        ("[" * 30 + "]" * 30, "nested at most 20 deep"),
    ],
    ids=["beyond all floats", "NaN", "half a pair", "too deep"],
)
def test_values_that_no_json_should_have_are_refused_wherever_they_stand(path: Path, value: str, said: str) -> None:
    def insert(members: dict[str, bytes]) -> None:
        settings = b'"settings": {'
        assert settings in members["model.json"]
        members["model.json"] = members["model.json"].replace(settings, settings + f'"x": {value}, '.encode())

    rewrite(path, insert)
    assert said in refusal(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("partial", "no"),
        ("epochs", 3),
        ("best_epoch", "1"),
        ("confusion", [[1] * 10] * 9),
        ("confusion", [[-1] * 10] * 10),
        ("confusion", [[0] * 10] * 10),
        ("confusion", [[10**400] * 10] * 10),
        ("notice", "\x1b[31m"),
        ("diagnoses", ["\x1b[31m"]),
        ("diagnoses", "none"),
        ("standardization", None),
    ],
)
def test_provenance_of_the_wrong_type_is_refused(path: Path, name: str, value: Any) -> None:
    with zipfile.ZipFile(path) as archive:
        provenance = json.loads(archive.read("model.json"))["provenance"]
    rewrite(path, change_facts(provenance=provenance | {name: value}))
    assert "expected" in refusal(path)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'shape': (784,5",
        "{" * 5000,
        "\0",
        "1",
        "{'descr': 'O'}",
        "{'descr': (), 'fortran_order': False, 'shape': (784, 5)}",
    ],
)
def test_an_array_header_that_is_none_is_refused(path: Path, header: str) -> None:
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
    rewrite(path, lambda members: members.update({"weights_0.npy": content}))
    assert "not a whole mnistnet model" in refusal(path)


def test_an_array_file_of_another_version_is_refused(path: Path) -> None:
    content = io.BytesIO()
    np.lib.format.write_array(content, np.zeros((784, 5), np.float32), version=(2, 0))
    rewrite(path, lambda members: members.update({"weights_0.npy": content.getvalue()}))
    assert "array file of version 1.0" in refusal(path)


def test_a_bomb_is_refused_by_its_announced_size(path: Path) -> None:
    rewrite(path, lambda members: members.update({"model.json": b" " * 50_000_000}), compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 100_000
    assert "at most 16,000,000 bytes, got 50,000,000" in refusal(path)


@pytest.mark.parametrize("name", ["model.json", "weights_0.npy"])
def test_a_bomb_that_lies_about_its_size_is_not_unpacked(path: Path, name: str) -> None:
    content = b" " * 50_000_000
    rewrite(path, lambda members: members.update({name: content}), compression=zipfile.ZIP_DEFLATED)
    size = struct.pack("<I", len(content))
    assert path.read_bytes().count(size) == 2  # in the member's head, and in the list at the end
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<I", 1_000)))
    tracemalloc.start()
    try:
        assert "not a whole mnistnet model" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_an_archive_that_tells_elsewhere_how_long_its_list_is_is_refused(path: Path) -> None:
    content = path.read_bytes()
    end = content.rindex(b"PK\5\6")
    for changed in (content[:end] + b"PK\6\7" + bytes(16) + content[end:], content[:-2] + b"\1\0x"):
        path.write_bytes(changed)
        assert "expected a plain zip archive" in refusal(path)


def test_more_values_than_any_model_has_are_refused_unread(path: Path) -> None:
    rewrite(path, lambda members: members.update({"model.json": b"[" + b"{}," * 1_000_000 + b"{}]"}))
    assert "at most 1,000,000 values" in refusal(path)


def test_a_refusal_is_short_whatever_stands_in_the_file(path: Path) -> None:
    rewrite(path, change_facts(activation="relu" * 100_000))
    assert len(refusal(path)) < 1_000


def test_the_calibration_comes_back(path: Path) -> None:
    before, after = small_model().calibration, load_model(path).calibration
    assert after.as_json() == before.as_json()
    assert after.detector == before.detector
    np.testing.assert_array_equal(after.detector_params.flat, before.detector_params.flat)


def change_calibration(**changes: Any) -> Callable[[dict[str, bytes]], object]:
    def change(members: dict[str, bytes]) -> None:
        facts = json.loads(members["model.json"])
        change_facts(calibration=facts["calibration"] | changes)(members)

    return change


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"temperature": 0.0}, "expected a temperature from 0.001 to 1000, got 0"),
        ({"temperature": "one"}, "expected temperature to be float"),
        ({"sure_from": None}, "expected sure_from to be float"),
        ({"digit_from": 10**400}, "expected digit_from to be float"),
        ({"sure_from": -0.1}, "expected sure_from from 0 to 2 and digit_from near 0, got -0.1"),
        ({"sure_from": 2.1}, "expected sure_from from 0 to 2"),
        ({"digit_from": -1e9}, "and digit_from near 0, got"),
        ({"stated_error": 1.1}, "expected calibration errors from 0 to 1, got 1.1"),
        ({"expected_calibration_error": -0.1}, "expected calibration errors from 0 to 1, got -0.1"),
        ({"sure_images": 3, "sure_errors": 4}, "expected no more errors than sure answers, got 4, 3"),
        ({"sure_errors": -1}, "expected no more errors than sure answers"),
        ({"detector_sizes": [6, 3, 1]}, "expected detector sizes from 5 to 1, got (6, 3, 1)"),
        ({"detector_sizes": [5, 3, 2]}, "expected detector sizes from 5 to 1"),
        ({"detector_sizes": [5, 4, 1]}, "expected detector_weights_0.npy to be float32 (5, 4)"),
        ({"detector_sizes": [5, 10**9, 1]}, "expected detector sizes of at most 1000"),
        ({"detector_sizes": [5, 3, 3, 1]}, "expected detector sizes"),
        ({"detector_sizes": [5, 3.0, 1]}, "expected detector sizes"),
        ({"detector_sizes": [5]}, ""),
        ({"detector_sizes": 5}, ""),
    ],
)
def test_a_calibration_that_cannot_be_is_refused(path: Path, changes: dict[str, Any], said: str) -> None:
    rewrite(path, change_calibration(**changes))
    assert said in refusal(path)


def test_other_classes_and_sizes_come_back(tmp_path: Path) -> None:
    network = Network((100, 5, 3))
    provenance = replace(small_model().provenance, dataset="signs", confusion=[[2, 0, 0], [0, 2, 0], [1, 0, 1]])
    params, classes = initial_params(network, rng=np.random.default_rng(0)), ("ä", "two words", "x" * 40)
    model = Model(network, params, small_model().calibration, provenance, ImageFormat(10, 8), classes)
    save_model(model, tmp_path / "model.npz")
    back = load_model(tmp_path / "model.npz")
    assert (back.image_format, back.classes, back.reads_digits) == ((10, 8), classes, False)
    assert (back.provenance.test_errors, back.provenance.test_images) == (1, 6)


def test_a_file_from_before_there_were_other_classes_loads(path: Path) -> None:
    def age(members: dict[str, bytes]) -> None:
        facts = json.loads(members["model.json"]) | {"format_version": 4}
        for name in ("image_format", "classes"):
            del facts[name]
        members["model.json"] = json.dumps(facts).encode()

    rewrite(path, age)
    model = load_model(path)
    assert (model.image_format, model.classes, model.reads_digits) == (MNIST_FORMAT, DIGITS, True)
    assert model.calibration.as_json() == small_model().calibration.as_json()


@pytest.mark.parametrize("version", [2, 3])
def test_a_file_from_before_calibration_loads(path: Path, version: int) -> None:
    def age(members: dict[str, bytes]) -> None:
        facts = json.loads(members["model.json"]) | {"format_version": version}
        for name in ("calibration", "image_format", "classes"):
            del facts[name]
        members["model.json"] = json.dumps(facts).encode()
        for name in [name for name in members if name.startswith("detector")]:
            del members[name]

    rewrite(path, age)
    model = load_model(path)
    np.testing.assert_array_equal(model.params.flat, small_model().params.flat)
    image = np.random.default_rng(0).random((1, 784), np.float32)
    judgement = judge(model.network, model.params, model.calibration, image)
    np.testing.assert_allclose(judgement.probabilities, probabilities(model.network, model.params, image), rtol=1e-5)
    assert judgement.likeness >= model.calibration.digit_from


@pytest.mark.parametrize("exact", [True, False])
def test_parameters_are_kept_in_half_precision_where_that_loses_nothing(tmp_path: Path, exact: bool) -> None:
    before = small_model()
    if exact:
        before.params.flat[:] = before.params.flat.astype(np.float16)  # rounded
    else:
        before.params.flat[:] += np.float32(1e-3)
        before.params.flat[-1] = 1e30
    path = tmp_path / "model.npz"
    save_model(before, path)
    after = load_model(path)
    assert after.params.flat.dtype == np.float32
    np.testing.assert_array_equal(after.params.flat, before.params.flat)
    with np.load(path) as arrays:
        assert arrays["weights_0.npy"].dtype == (np.float16 if exact else np.float32)
