"""What is said of the shipped model is what the file itself says."""

import hashlib
import json
from pathlib import Path

from mnistnet.model_file import load_model

MODELS = Path(__file__).parents[2] / "models"


def test_the_seeds_list_has_the_shipped_file_with_its_errors() -> None:
    seeds = json.loads((MODELS / "seeds.json").read_text())
    provenance = load_model(MODELS / "mnist.npz").provenance
    (shipped,) = [seed for seed in seeds["seeds"] if seed["seed"] == seeds["shipped"]]
    assert shipped["sha256"] == hashlib.sha256((MODELS / "mnist.npz").read_bytes()).hexdigest()
    assert (shipped["test_errors"], shipped["test_images"]) == (provenance.test_errors, provenance.test_images)
    assert provenance.settings["seed"] == shipped["seed"]
    assert [seed["seed"] for seed in seeds["seeds"]] == [0, 1, 2]
    errors = [seed["test_errors"] for seed in seeds["seeds"]]
    card = (MODELS / "README.md").read_text()
    for count in errors:
        assert f"{count} wrong" in card or f"{count} of 10,000 wrong" in card
    assert f"{100 - sum(errors) / 300:.2f} %" in card
