"""Weights: a model's parameters as bytes, for the drawing page.

Gzipped, these are: four bytes, the length of the head; the head, JSON in UTF-8; and the arrays, one after the other,
little-endian. The head has `format`, `format_version`, the network's `sizes`, `activation` and `output`, the
calibration's `temperature`, `sure_from` and `digit_from`, the pictures' `side` and `box`, the `classes`, the `detector`
with the network's three, the `claim`, and under `arrays` for each its `name`, its `type` (int8, float16 or float32) and
its `count` of numbers. Weights lie unit by unit, (units, inputs). Those in 8 bits are steps of `weights_K_scale`, a
number a unit.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from numpy.typing import NDArray

from mnistnet.archive import narrowest
from mnistnet.export.claim import claim
from mnistnet.export.eight_bit import Steps
from mnistnet.model_file import DETECTOR, Model
from mnistnet.nn.network import Network, Params

FORMAT, FORMAT_VERSION = "mnistnet weights", 1
Arrays = Iterator[tuple[str, NDArray[Any]]]


def packed_weights(model: Model, steps: Mapping[str, Steps] = MappingProxyType({})) -> bytes:
    """A plain model's weights: those that have steps, by their names, in 8 bits, others in half precision where that
    loses nothing; what is equal gives equal bytes."""
    calibration = model.calibration
    arrays = [
        *named(model.params, steps),
        *named(calibration.detector_params, steps, prefix=DETECTOR),
    ]
    head = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **shape(model.network),
        "temperature": calibration.temperature,
        "sure_from": calibration.sure_from,
        "digit_from": calibration.digit_from,
        **model.image_format._asdict(),
        "classes": model.classes,
        "detector": shape(calibration.detector),
        "claim": claim(model),
        "arrays": [{"name": name, "type": array.dtype.name, "count": array.size} for name, array in arrays],
    }
    text = json.dumps(head).encode()
    contents = [array.astype(array.dtype.newbyteorder("<")).tobytes() for _, array in arrays]
    return gzip.compress(b"".join([len(text).to_bytes(4, "little"), text, *contents]), mtime=0)


def shape(network: Network) -> dict[str, Any]:
    """What the head says of a network."""
    return {"sizes": network.sizes, "activation": network.activation, "output": network.output}


def named(params: Params, steps: Mapping[str, Steps], *, prefix: str = "") -> Arrays:
    """The arrays of a network, layer by layer."""
    for depth, layer in enumerate(params.layers):
        weights = f"{prefix}weights_{depth}"
        if weights in steps:
            yield weights, steps[weights].steps.T
            yield f"{weights}_scale", steps[weights].scale
        else:
            yield weights, narrowest(layer.weights.T)
        if layer.bias is not None:
            yield f"{prefix}bias_{depth}", narrowest(layer.bias)
