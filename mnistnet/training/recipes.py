"""Recipes: the named settings of training runs."""

from collections.abc import Container
from dataclasses import replace

from mnistnet.data.mnist import Dataset
from mnistnet.errors import TrainingError
from mnistnet.training.settings import Settings

STANDARD = Settings(
    hidden=(1024, 512),
    receptive_field=15,
    batch_norm=True,
    epochs=16,
    batch_size=256,
    optimizer="adam",
    learning_rate=0.004,
    average=0.999,
    rotation=14.0,
    scale=0.15,
    shear=0.12,
    shift=1.5,
    elastic=1.0,
    other_hands=0.1,
)

RECIPES = {
    "quick": Settings(),
    "standard": STANDARD,
    "record": replace(
        STANDARD,
        hidden=(2048, 1024),
        epochs=230,
        batch_size=512,
        label_smoothing=0.05,
        average=0.9995,
        validation=0.0,
        half_precision=True,
    ),
}
"""By name: one to try things with, one to read digits with, and one to come as far as we can."""

WARPS = ("rotation", "scale", "shear", "shift", "elastic")
"""What makes of a stroke that of another hand."""


def suited(settings: Settings, dataset: Dataset, *, named: Container[str] = ()) -> Settings:
    """The settings without what a recipe has for handwriting, or for digits, where the data have none of it.

    What the user has named stays. Raises TrainingError where that is digits of other hands.
    """
    unfit = () if dataset.has_strokes else WARPS
    if not dataset.has_digits:
        if settings.other_hands and "other_hands" in named:
            raise TrainingError(f"--other-hands is for handwritten digits, and {dataset.name} has others; leave it out")
        unfit = (*unfit, "other_hands")
    return settings.changed({name: 0.0 for name in unfit if name not in named})
