"""Reading: the shipped model on many images, and on one, in a process that is running already."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import torch
from numpy.typing import NDArray

from benchmarks.comparison import Comparison, alternate
from benchmarks.job import Job
from benchmarks.pytorch import copy_params, torch_network
from mnistnet.arrays import Floats
from mnistnet.errors import ModelError
from mnistnet.evaluation.calibration import judge
from mnistnet.export.onnx import onnx_bytes
from mnistnet.model_file import Model, load_model
from mnistnet.nn.network import probabilities
from mnistnet.places import shipped

TITLE = "Reading: the shipped network in a running process"
NOTE = (
    "The same weights everywhere, NumPy arrays in and out, the same probabilities to 1e-4; beside them what mnistnet "
    "takes to say as well how far its answers can be trusted."
)
BATCH = 1_000
Read = Callable[[Floats], Floats]
"""From images (n, 784) to probabilities (n, 10), both NumPy's float32."""


def measure(job: Job) -> Iterator[Comparison]:
    """Many images; then one, its median and its 95th percentile."""
    model, images = load_model(shipped("mnist.npz")), job.dataset().test.images
    contestants = dict(readers(model, threads=job.threads))
    require_alike(contestants, images[:BATCH])
    contestants["mnistnet, calibrated"] = partial(calibrated, model)
    sizes = "-".join(map(str, model.network.sizes))
    many = {name: partial(images_per_second, read, images, job.work.passes) for name, read in contestants.items()}
    yield job.compare(f"{sizes}, {BATCH:,} images at once", "images/s", many)

    job.show(f"{sizes}, one image")
    single = {name: partial(latencies, read, images, job.work.readings) for name, read in contestants.items()}
    times = alternate(single, repeats=job.work.repeats)
    for percent, words in ((50, "median"), (95, "95th percentile")):
        of_rounds = {name: [float(np.percentile(of, percent)) for of in rounds] for name, rounds in times.items()}
        yield Comparison("reading", job.threads, f"{sizes}, one image, {words}", "ms", of_rounds)


def readers(model: Model, *, threads: int) -> Mapping[str, Read]:
    """The same weights in every library."""
    return {
        "mnistnet": partial(probabilities, model.network, model.params),
        "ONNX Runtime": onnx_reader(model, threads=threads),
        "PyTorch": torch_reader(model),
    }


def calibrated(model: Model, images: Floats) -> Floats:
    """What `predict` has of it: calibrated probabilities, and how like a digit it is."""
    return judge(model.network, model.params, model.calibration, images).probabilities


def onnx_reader(model: Model, *, threads: int) -> Read:
    """What `mnistnet export` writes, but for the temperature, in ONNX Runtime with its defaults."""
    model = replace(model, calibration=replace(model.calibration, temperature=1.0))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(onnx_bytes(model), options, providers=["CPUExecutionProvider"])
    (inputs,), (outputs,) = session.get_inputs(), session.get_outputs()
    return lambda images: session.run([outputs.name], {inputs.name: images})[0]


def torch_reader(model: Model) -> Read:
    """In PyTorch without gradients."""
    network = torch_network(model.network.sizes[1:-1])
    copy_params(model.params, network)

    @torch.inference_mode()
    def read(images: Floats) -> Floats:
        answers: Floats = network(torch.from_numpy(images)).softmax(dim=1).numpy()
        return answers

    return read


def require_alike(contestants: Mapping[str, Read], images: Floats) -> None:
    """Raise ModelError unless all say the same, but for rounding."""
    (_, ours), *others = contestants.items()
    expected = ours(images)
    for name, read in others:
        if (apart := float(np.abs(read(images) - expected).max())) > 1e-4:
            raise ModelError(f"expected {name} to give mnistnet's probabilities, got some that are {apart:g} apart")


def images_per_second(read: Read, images: Floats, passes: int) -> float:
    """The rate over so many passes, in whole batches."""
    batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    read(batches[0])
    began = time.perf_counter()
    for batch in batches * passes:
        read(batch)
    return passes * len(images) / (time.perf_counter() - began)


def latencies(read: Read, images: Floats, count: int) -> NDArray[np.float64]:
    """Milliseconds of each of so many readings of a single image."""
    read(images[:1])
    clock = [time.perf_counter()]
    for number in range(count):
        place = number % len(images)
        read(images[place : place + 1])
        clock.append(time.perf_counter())
    return 1e3 * np.diff(clock)
