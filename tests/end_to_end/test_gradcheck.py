"""`mnistnet gradcheck`, as a user runs it."""

import json

import pytest

from mnistnet.commands import main
from tests.end_to_end.conftest import CommandLine


def test_the_backward_pass_is_right_array_by_array(mnistnet: CommandLine) -> None:
    done = mnistnet("gradcheck")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    rows = [line.split() for line in lines if line.startswith("layer ")]
    assert [(" ".join(row[:3]), int(row[3])) for row in rows] == [
        ("layer 1 weights", 12 * 16),
        ("layer 1 bias", 16),
        ("layer 2 weights", 16 * 8),
        ("layer 2 bias", 8),
        ("layer 3 weights", 8 * 10),
        ("layer 3 bias", 10),
    ]
    assert {row[-1] for row in rows} == {"ok"}
    assert lines[-1] == "The backward pass is right: all relative errors are below 1e-06."
    assert not mnistnet.home.exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--activation", "tanh", "--batch-norm", "--loss", "mse", "--output-activation", "sigmoid"),
        ("--activation", "sigmoid", "--loss", "binary_cross_entropy", "--no-bias", "--label-smoothing", "0.2"),
        ("--activation", "leaky_relu", "--dropout", "0.3", "--input-dropout", "0.2", "--l1", "0.01", "--l2", "0.1"),
        ("--hidden", "64,32", "--batch-norm", "--dropout", "0.5", "--no-bias", "--initializer", "xavier_normal"),
        ("--loss", "mse", "--output-activation", "softmax", "--hidden", "5", "--activation", "identity", "--seed", "7"),
    ],
)
def test_it_is_right_with_every_option(mnistnet: CommandLine, options: tuple[str, ...]) -> None:
    done = mnistnet("gradcheck", "--json", *options)
    result = json.loads(done.stdout)
    assert (done.returncode, result["ok"], result["broken"]) == (0, True, None)
    assert all(array["error"] < result["tolerance"] == 1e-6 for array in result["arrays"])
    assert all(array["numeric"] > 0 for array in result["arrays"])
    kinds = {array["name"].split()[-1] for array in result["arrays"]}
    assert ("bias" in kinds, "scale" in kinds) == ("--no-bias" not in options, "--batch-norm" in options)


@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_broken_on_purpose_all_but_the_output_layer_is_wrong(mnistnet: CommandLine, activation: str) -> None:
    done = mnistnet("gradcheck", "--break", "--activation", activation)
    assert (done.returncode, done.stderr) == (1, "")
    rows = {" ".join(line.split()[:3]): line.split()[-1] for line in done.stdout.splitlines() if "layer " in line[:6]}
    assert {name for name, verdict in rows.items() if verdict == "ok"} == {"layer 3 weights", "layer 3 bias"}
    assert list(rows.values()).count("WRONG") == 4
    assert "Broken on purpose" in done.stdout


@pytest.mark.parametrize(
    "options",
    [
        ("--hidden", "0"), ("--hidden", "512"), ("--hidden", "99999999999999999999"), ("--hidden", ",".join("1" * 9)),
        ("--loss", "cross_entropy", "--output-activation", "sigmoid"), ("--l2", "1e308"), ("--seed", "-1"),
    ],
)  # fmt: skip
def test_what_cannot_be_checked_is_wrong_usage_in_one_line(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    assert main(["gradcheck", *options]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("mnistnet: gradcheck: ")
    assert error.count("\n") == 1


def test_what_rounding_hides_is_not_called_right(mnistnet: CommandLine) -> None:
    done = mnistnet("gradcheck", "--l2", "1e6")
    assert done.returncode == 1
    assert "too small" in done.stdout
    assert "Not all could be checked" in done.stdout
