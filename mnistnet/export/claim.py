"""Claim: what a model says of itself in whatever it is exported as."""

import json
from typing import Any

from mnistnet.model_file import Model


def description(model: Model) -> str:
    """What the network is and how well it reads, in a few words."""
    names = f"Tells apart {', '.join(model.classes):.200}"
    facts, layers = model.provenance, "-".join(map(str, model.network.sizes))
    text = (
        f"{'Reads handwritten digits' if model.reads_digits else names}: {layers} {model.network.activation}, "
        f"{facts.test_errors:,} of {facts.test_images:,} test images misread"
    )
    return f"{text}; {facts.notice}" if facts.notice else text


def claim(model: Model) -> dict[str, Any]:
    """The claim and what it was measured on, as JSON values."""
    facts = model.provenance
    return {
        "test_errors": facts.test_errors,
        "test_images": facts.test_images,
        "dataset": facts.dataset,
        "data_sha256": facts.data_sha256,
        "seed": facts.settings.get("seed"),
        "partial": facts.partial,
        "notice": facts.notice,
    }


def metadata(model: Model) -> dict[str, str]:
    """The claim, the network, its settings and classes, its pictures' side and box, and what its confidence is worth;
    values as JSON."""
    network, calibration = model.network, model.calibration
    facts = claim(model) | {
        "network": {"sizes": network.sizes, "activation": network.activation, "output": network.output},
        "classes": model.classes,
        **model.image_format._asdict(),
        "settings": model.provenance.settings,
        "temperature": calibration.temperature,
        "sure_from": calibration.sure_from,
        "digit_from": calibration.digit_from,
    }
    return {name: json.dumps(fact) for name, fact in facts.items()}
