"""safetensors: a model's weights for PyTorch and other frameworks, in a file that holds no code.

Eight bytes, the length of the head; the head, JSON; and the numbers, float32, little-endian (see
https://github.com/huggingface/safetensors). The names are those of a torch.nn.Sequential of Linear layers with
activations between: `0.weight` (units, inputs), `0.bias` (units,), `2.weight` ... The head's `__metadata__` are those
of export.claim.

The format's own package is not needed for so little; what it writes is another file every time.
"""

import json
from typing import Any

from mnistnet.arrays import Floats
from mnistnet.export.claim import metadata
from mnistnet.model_file import Model


def safetensors_bytes(model: Model) -> bytes:
    """The content of a .safetensors file with a plain model's weights; equal models give equal bytes."""
    head: dict[str, Any] = {"__metadata__": metadata(model)}
    stop = 0
    tensors = named_tensors(model)
    for name, tensor in tensors.items():
        start, stop = stop, stop + 4 * tensor.size
        head[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [start, stop]}
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)  # numbers that begin at a multiple of 8 can be used where they lie
    return b"".join([len(text).to_bytes(8, "little"), text, *(one.astype("<f4").tobytes() for one in tensors.values())])


def named_tensors(model: Model) -> dict[str, Floats]:
    """The weights (units, inputs) and biases of every layer."""
    tensors: dict[str, Floats] = {}
    for depth, layer in enumerate(model.params.layers):
        tensors[f"{2 * depth}.weight"] = layer.weights.T
        if layer.bias is not None:
            tensors[f"{2 * depth}.bias"] = layer.bias
    return tensors
