"""Recipes: the named settings of training runs."""

from dataclasses import replace

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
