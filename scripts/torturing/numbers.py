"""Numbers: the same bits again, nearly the same ones on other threads and in float64, and old files' answers."""

import json
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from mnistnet.arrays import Floats, Labels
from mnistnet.data.mnist import Dataset, load_sample
from mnistnet.evaluation.calibration import judge
from mnistnet.model_file import load_model
from mnistnet.nn.losses import softmax_cross_entropy
from mnistnet.nn.network import Network, Params, backward, forward, initial_params, params_over, probabilities
from mnistnet.nn.optimizers import Sgd
from mnistnet.training.environment import usable_cores
from mnistnet.training.run import train_network
from mnistnet.training.settings import Settings
from mnistnet.training.state import best_network
from torturing import Budget, CannotTryError, Outcome
from torturing.jobs import (
    GOLDEN,
    command,
    copy_of,
    finish,
    in_turn,
    make_workplace,
    start,
    trouble,
)
from torturing.mirror import MNIST, NEEDS_MNIST

TOLERANCE = 1e-4
"""Of numbers that are sums of up to 2,048 float32 products, each right to 6e-8 of itself: about 2,048 times that."""
THREADS_TOLERANCE = 1e-3
"""Of losses after some epochs: what differs in the last bit grows with each step."""
SHARE_OF_ANSWERS = 0.01
"""At most so many validation images may be answered in another way."""
WEIGHTS = "train --data sample --quiet --json --output out/{}.npz --run-dir out/{} --seed {} --epochs {} --hidden {}"
RECIPES = ("--recipe quick", "--recipe standard", "--recipe quick --batch-norm --dropout 0.2 --optimizer adam")


class Step(NamedTuple):
    """One training step: the logits and the loss before it, and the parameters after it."""

    logits: Floats
    loss: float
    params: Floats


def run(budget: Budget) -> Iterator[Outcome]:
    """Try every promise for about the same time."""
    trials = (repetition, threads, exact_arithmetic, golden_files, shipped_claim)
    for trial in trials:
        with tempfile.TemporaryDirectory() as folder:
            yield trial(budget.share(1 / len(trials)), make_workplace(Path(folder)))


def repetition(budget: Budget, workplace: Path) -> Outcome:
    """The same training and the same reading in two processes."""
    rng = random.Random(budget.seed)
    cases: list[Callable[[], str]] = []
    for threads_used in sorted({1, min(2, usable_cores())}):
        cases += [
            partial(trained_twice, workplace, recipe, rng.randrange(1_000), threads_used)
            for recipe in RECIPES
            for _ in range(3)
        ]
        cases.append(partial(read_twice, workplace, threads_used))
    counts = in_turn(cases, budget, least=2)
    how = "trained and read in two processes, on 1 thread and on 2: files and answers compared byte by byte"
    return Outcome("The same seed on one machine and thread count gives the same bits", how, *counts)


def trained_twice(workplace: Path, recipe: str, seed: int, threads_used: int) -> str:
    """What differs between the files of two trainings at once."""
    with copy_of(workplace) as place:
        variables = {"OPENBLAS_NUM_THREADS": str(threads_used)}
        lines = [f"{WEIGHTS.format(name, name, seed, 1, 24)} {recipe}" for name in ("one", "two")]
        ran = [finish(start(command(line), place, variables=variables)) for line in lines]
        if wrong := next(filter(None, (trouble(one, statuses=(0,)) for one in ran)), ""):
            return f"{lines[0]}: {wrong}"
        same = (place / "out/one.npz").read_bytes() == (place / "out/two.npz").read_bytes()
        return "" if same else f"{lines[0]}, {threads_used} threads: two files"


def read_twice(workplace: Path, threads_used: int) -> str:
    """What differs between two readings of the same pictures."""
    with copy_of(workplace) as place:
        variables, line = {"OPENBLAS_NUM_THREADS": str(threads_used)}, "predict pictures signs --model shipped --json"
        one, two = (finish(start(command(line), place, variables=variables)) for _ in range(2))
        return "" if one == two and one.out else f"{line}, {threads_used} threads: two answers"


def threads(budget: Budget, workplace: Path) -> Outcome:
    """The same on one thread and on two."""
    del workplace
    sample = load_sample()
    rng = random.Random(budget.seed)
    cases: list[Callable[[], str]] = [partial(on_threads, sample, rng.randrange(1_000)) for _ in range(20)]
    counts = in_turn(cases, budget, least=2)
    how = f"one epoch on 1 and on 2 threads: losses within {THREADS_TOLERANCE:g}, at most 1 % of answers others"
    return Outcome("Another number of threads changes no more than the last digits", how, *counts)


def on_threads(sample: Dataset, seed: int) -> str:
    """What differs between a training on one thread and on two, beyond what may."""
    if usable_cores() == 1:
        raise CannotTryError("two cores")
    settings = Settings(hidden=(128,), epochs=1, seed=seed)
    found = []
    for count in (1, 2):
        with threadpool_limits(count, user_api="blas"):
            state = train_network(sample, settings).state
            answers = probabilities(*best_network(state), sample.test.images).argmax(axis=1)
            found.append((state.epochs[-1].loss, answers))
    (loss, answers), (other_loss, other_answers) = found
    apart, others = abs(loss / other_loss - 1), float((answers != other_answers).mean())
    wrong = apart > THREADS_TOLERANCE or others > SHARE_OF_ANSWERS
    return f"seed {seed}: losses {apart:.1e} apart, {others:.2%} of answers" if wrong else ""


def exact_arithmetic(budget: Budget, workplace: Path) -> Outcome:
    """Networks of many shapes against the same in float64, written anew here."""
    del workplace
    rng = random.Random(budget.seed)
    cases: list[Callable[[], str]] = [partial(against_float64, rng.randrange(2**32)) for _ in range(20_000)]
    counts = in_turn(cases, budget, least=5)
    how = f"logits, loss and a step of random networks against a float64 one, within {TOLERANCE:g} of the largest"
    return Outcome("float32 is as good as float64 but for the last digits", how, *counts)


def against_float64(seed: int) -> str:
    """What differs from exact arithmetic by more than may be."""
    rng = np.random.default_rng(seed)
    hidden = [int(rng.integers(1, 300)) for _ in range(int(rng.integers(0, 4)))]
    network = Network((int(rng.integers(1, 785)), *hidden, int(rng.integers(2, 27))), str(rng.choice(["relu", "tanh"])))
    params, batch = initial_params(network, rng=rng), int(rng.integers(1, 129))
    inputs = rng.random((batch, network.sizes[0]), np.float32)
    labels = rng.integers(0, network.sizes[-1], batch)
    rate = float(rng.choice([0.01, 0.1, 0.5]))
    before = params_over(params.flat.copy(), network)
    ours, positive = our_step(network, params, inputs, labels, rate)
    exact = float64_step(network, before, inputs.astype(np.float64), labels, rate, positive)
    apart = {name: distance(getattr(ours, name), getattr(exact, name)) for name in Step._fields}
    wrong = {name: value for name, value in apart.items() if not value <= TOLERANCE}
    return f"seed {seed}, {network.activation} {network.sizes}, batch {batch}: {wrong}" if wrong else ""


def distance(ours: Floats | float, exact: Floats | float) -> float:
    """The largest difference, as a share of the largest number (of 1 where that is smaller)."""
    return float(np.max(np.abs(np.asarray(ours) - exact)) / max(1.0, float(np.max(np.abs(exact)))))


def our_step(
    network: Network, params: Params, inputs: Floats, labels: Labels, rate: float
) -> tuple[Step, list[NDArray[np.bool_]]]:
    """The engine's, and which values of each hidden layer are positive; params are changed."""
    logits, tape = forward(network, params, inputs)
    before, positive = logits.copy(), [layer.outputs > 0 for layer in tape[:-1]]
    loss, grad = softmax_cross_entropy(logits, labels)
    Sgd(params).step(params, backward(network, params, tape, grad), learning_rate=rate)
    return Step(before, loss, params.flat), positive


def float64_step(
    network: Network,
    params: Params,
    inputs: Floats,
    labels: Labels,
    rate: float,
    positive: Sequence[NDArray[np.bool_]],
) -> Step:
    """The same in float64, from the formulas, an example at a time.

    At the kink of a ReLU the last digit of a sum decides on which side its slope is taken: there, where the sum is less
    than the tolerance, it is that of the values which are positive.
    """
    weights = [layer.weights.astype(np.float64) for layer in params.layers]
    biases = [np.zeros(w.shape[1]) if b is None else b.astype(np.float64) for w, b, _ in params.layers]
    slopes = [np.zeros_like(w) for w in weights]
    bias_slopes = [np.zeros_like(b) for b in biases]
    all_logits, loss, smooth = [], 0.0, network.activation == "tanh"
    for number, (x, label) in enumerate(zip(inputs, labels, strict=True)):
        values, factors = [x], [np.ones_like(x)]
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            sums = values[-1] @ w + b
            values.append(np.tanh(sums) if smooth else np.maximum(sums, 0))
            at_kink = np.abs(sums) < TOLERANCE
            relu_slope = np.where(at_kink, positive[len(values) - 2][number], sums > 0)
            factors.append(1 - values[-1] ** 2 if smooth else relu_slope)
        logits = values[-1] @ weights[-1] + biases[-1]
        log_total = np.logaddexp.reduce(logits)
        loss += log_total - logits[label]
        delta = np.exp(logits - log_total)
        delta[label] -= 1
        for depth in reversed(range(len(weights))):
            slopes[depth] += np.outer(values[depth], delta)
            bias_slopes[depth] += delta
            delta = (weights[depth] @ delta) * factors[depth]
        all_logits.append(logits)
    steps = [
        part - rate / len(labels) * slope
        for w, b, of_w, of_b in zip(weights, biases, slopes, bias_slopes, strict=True)
        for part, slope in ((w.ravel(), of_w.ravel()), (b, of_b))
    ]
    return Step(np.array(all_logits), float(loss / len(labels)), np.concatenate(steps))


def golden_files(budget: Budget, workplace: Path) -> Outcome:
    """Model files that earlier versions wrote."""
    del workplace
    answers = json.loads((GOLDEN / "answers.json").read_text())
    cases: list[Callable[[], str]] = [partial(golden_answer, version, answers[version]) for version in answers]
    counts = in_turn(cases, budget, least=len(cases))
    how = f"a file of each format's version, {', '.join(sorted(answers))}, read and asked again"
    return Outcome("A model file of any earlier version loads and answers as it did", how, *counts)


def golden_answer(version: str, expected: dict[str, list[list[float]]]) -> str:
    """What a file answers in another way than when it was written."""
    expected = {"confidences": expected["probabilities"]} | expected  # versions without calibration
    model = load_model(GOLDEN / f"version_{version}.npz")
    images = load_sample().test.images[: len(expected["probabilities"])]
    judgement = judge(model.network, model.params, model.calibration, images)
    found: dict[str, Floats | float] = {
        "probabilities": probabilities(model.network, model.params, images),
        "confidences": judgement.probabilities,
        "likeness": judgement.likeness,
        "test_errors": model.provenance.test_errors,
        "test_images": model.provenance.test_images,
    }
    wrong = [name for name in expected if distance(found[name], np.array(expected[name])) > TOLERANCE]
    return f"version {version}: other {', '.join(wrong)}" if wrong else ""


def shipped_claim(budget: Budget, workplace: Path) -> Outcome:
    """The shipped model's count of errors on MNIST's test images."""
    del budget
    promise = "The shipped model misreads as many of MNIST's test images as it claims"
    if not MNIST:
        return Outcome(promise, "`mnistnet verify shipped`", 0, [], [NEEDS_MNIST])
    wrong = trouble(finish(start(command(f"verify shipped --data {MNIST}"), workplace)), statuses=(0,))
    return Outcome(promise, "`mnistnet verify shipped`", 1, [wrong] if wrong else [])
