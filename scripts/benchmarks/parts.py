"""Parts: what the benchmark consists of."""

from typing import NamedTuple


class Part(NamedTuple):
    """A module of benchmarks with a function measure, from a Job to its comparisons."""

    module: str
    title: str
    note: str
    peers: bool = True
    """It needs the packages that mnistnet is compared with."""
    by_threads: bool = True
    """It is measured for each number of threads."""


PEERS = {"torch": "torch", "sklearn": "scikit-learn", "onnxruntime": "onnxruntime", "onnx": "onnx"}
"""Package by module."""

PARTS = {
    "training": Part(
        "training",
        "Training: images a second",
        "The same network, batch, optimiser and rate (Adam 0.001; SGD 0.05 with momentum 0.9), float32, ReLU, "
        "cross-entropy, shuffled, batches gathered from memory. mnistnet: the loop of `mnistnet train`. PyTorch: "
        "eager, tensors in memory, with its default optimiser and with fused=True. scikit-learn: "
        "MLPClassifier.partial_fit.",
    ),
    "time-to": Part(
        "time_to",
        "Training: seconds to an accuracy on validation images",
        "Each library's published recipe, unchanged, on the same 11 of 12 images; looked at after every epoch, with "
        "only training on the clock. Sources: keras-team/keras, examples/mnist_mlp.py (release 2.3), run in PyTorch; "
        "scikit-learn/scikit-learn, benchmarks/bench_mnist.py, MLP-adam.",
    ),
    "matmul": Part(
        "matmul",
        "Training: beside nothing but its matrix products",
        "Products alone: what one step multiplies, by NumPy in the same process, into arrays made before. 0.80 x as "
        "fast means that training spends four fifths of its time on them.",
        peers=False,
    ),
    "warps": Part(
        "warps",
        "Warped digits a second",
        "Rotation, scale, shear, shift and the elastic field together, in so many threads of Python.",
        peers=False,
    ),
    "reading": Part(
        "reading",
        "Reading: the shipped model in a running process",
        "The same weights everywhere, NumPy arrays in and out, the same probabilities to 1e-4.",
    ),
    "start": Part(
        "start",
        "Start: from nothing to the answer",
        "Whole processes, by the clock on the wall.",
        by_threads=False,
    ),
    "growth": Part(
        "growth",
        "Training: how its time grows",
        "784-512-512-10 with momentum SGD at batch 128, but for what is named.",
    ),
}
