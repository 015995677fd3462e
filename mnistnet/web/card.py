"""Card: what a model is and claims, for whoever asks the server."""

from typing import Any

from mnistnet.evaluation.metrics import wilson_interval
from mnistnet.export.claim import claim
from mnistnet.model_file import Model


def model_card(model: Model, name: str) -> dict[str, Any]:
    """The model's facts as JSON values."""
    facts = model.provenance
    low, high = wilson_interval(facts.test_images - facts.test_errors, facts.test_images)
    return {
        "name": name,
        "claim": claim(model) | {"accuracy": 1 - facts.test_errors / facts.test_images, "interval": [low, high]},
        "classes": list(model.classes),
        "side": model.image_format.side,
        "sizes": list(model.network.sizes),
        "activation": model.network.activation,
        "output": model.network.output,
        "parameters": model.params.flat.size,
        "calibration": model.calibration.as_json(),
        "train_images": facts.train_images,
        "versions": facts.versions,
    }
