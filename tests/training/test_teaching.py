"""Teaching, of a small network that was really trained on the bundled sample: digits of a hand with a strong slant."""

import json
from dataclasses import replace

import numpy as np
import pytest

from mnistnet.arrays import DIGITS
from mnistnet.data.mnist import Dataset, Examples, load_sample
from mnistnet.evaluation.calibration import judge
from mnistnet.model_file import Model, load_model, save_model
from mnistnet.nn.network import forward
from mnistnet.training import run
from mnistnet.training.settings import Settings
from mnistnet.training.teaching import (
    TEACHING,
    Lesson,
    Taught,
    count_wrong,
    make_lesson,
    may_forget,
    settings_for,
    taught_model,
    teach,
    widened,
)

SAMPLE = load_sample()
FEW = slice(0, 60)
MANY = slice(60, 400)


def slanted(rows: slice) -> Examples:
    """Test digits that lean to the left, each row shifted against the next."""
    images = SAMPLE.test.images[rows].reshape(-1, 28, 28).copy()
    for row in range(28):
        images[:, row] = np.roll(images[:, row], round(0.7 * (row - 14)), axis=1)
    return Examples(images.reshape(-1, 784), SAMPLE.test.labels[rows])


@pytest.fixture(scope="module")
def model() -> Model:
    settings = Settings(hidden=(128,), receptive_field=15, epochs=8, watch=False, seed=3)
    return run.tested_model(run.train_network(SAMPLE, settings), SAMPLE)[0]


@pytest.fixture(scope="module")
def pictures() -> Dataset:
    images, labels = slanted(FEW)
    return replace(
        SAMPLE,
        name="odd",
        learning=Examples(images[10:], labels[10:]),
        test=Examples(images[:10], labels[:10]),
        sha256={"pictures": "0123456789abcdef"},
        notice="",
    )


@pytest.fixture(scope="module")
def lesson(model: Model, pictures: Dataset) -> Lesson:
    return make_lesson(model, pictures, SAMPLE)


@pytest.fixture(scope="module")
def taught(model: Model, pictures: Dataset, lesson: Lesson) -> Taught:
    return teach(model.network, model.params, lesson, settings_for(model, pictures, seed=0))


def wrong(network, params, examples) -> int:
    return count_wrong(forward(network, params, examples.images)[0], examples.labels)


def test_other_pictures_of_the_odd_hand_are_read_better_and_the_old_ones_as_before(model, lesson, taught) -> None:
    before, after = (wrong(one.network, one.params, slanted(MANY)) for one in (model, taught))
    assert before > 100  # or there is nothing to learn
    assert after < 2 / 3 * before
    assert taught.chosen.old_wrong - taught.marks[0].old_wrong <= may_forget(len(lesson.old_aside.labels))
    assert taught.chosen.old_wrong == wrong(taught.network, taught.params, lesson.old_aside)
    assert [marks.epoch for marks in taught.marks] == list(range(TEACHING.epochs + 1))


def test_what_was_kept_aside_in_training_is_kept_aside_again(lesson) -> None:
    aside = run.train_network(SAMPLE, replace(Settings(hidden=(2,), seed=3), epochs=1)).aside
    np.testing.assert_array_equal(lesson.old_aside.images, aside.images)
    assert len(lesson.old.labels) + len(aside.labels) == len(SAMPLE.learning.labels)


def test_the_same_twice_and_the_model_as_it_was(model, pictures, lesson, taught) -> None:
    before = model.params.flat.copy()
    again = teach(model.network, model.params, lesson, settings_for(model, pictures, seed=0))
    np.testing.assert_array_equal(again.params.flat, taught.params.flat)
    np.testing.assert_array_equal(model.params.flat, before)


def test_units_go_on_seeing_their_fields_only(model, taught) -> None:
    unseen = model.params.layers[0].weights == 0
    assert unseen.any()
    np.testing.assert_array_equal(taught.params.layers[0].weights == 0, unseen)


def test_where_learning_does_not_help_it_stays_as_it_was(model, pictures, lesson) -> None:
    false = lesson.new._replace(labels=(lesson.new.labels + 5) % 10)
    misled = lesson._replace(new=false, new_aside=surest(model, lesson.old))
    left = teach(model.network, model.params, misled, settings_for(model, pictures, seed=0))
    assert left.chosen == left.marks[0]
    np.testing.assert_array_equal(left.params.flat, model.params.flat)


def surest(model: Model, examples: Examples) -> Examples:
    """A few that the model is right about beyond doubt."""
    logits = forward(model.network, model.params, examples.images)[0]
    margin = logits[np.arange(len(logits)), examples.labels] - np.sort(logits)[:, -2]
    rows = np.argsort(-margin)[:20]
    return Examples(examples.images[rows], examples.labels[rows])


def test_a_wider_network_answers_as_before(model) -> None:
    wide, params = widened(model.network, model.params, classes=13)
    logits = forward(wide, params, SAMPLE.test.images[:50])[0]
    np.testing.assert_allclose(
        logits[:, :10], forward(model.network, model.params, SAMPLE.test.images[:50])[0], rtol=1e-5
    )
    assert (logits[:, 10:] == 0).all()


def test_a_new_class_is_learned(model, pictures) -> None:
    """Mirrored 3s are a sign of their own."""
    images, labels = SAMPLE.test.images.reshape(-1, 28, 28)[:, :, ::-1].reshape(-1, 784), SAMPLE.test.labels
    signs = Examples(images[labels == 3], np.full((labels == 3).sum(), 10))
    new = replace(
        pictures,
        learning=Examples(signs.images[:20], signs.labels[:20]),
        test=Examples(signs.images[20:25], signs.labels[20:25]),
        classes=(*DIGITS, "Ɛ"),
    )
    lesson = make_lesson(model, new, SAMPLE)
    taught = teach(model.network, model.params, lesson, settings_for(model, new, seed=0))
    others = Examples(signs.images[25:], signs.labels[25:])
    assert wrong(taught.network, taught.params, others) < 0.2 * len(others.labels)
    assert wrong(taught.network, taught.params, SAMPLE.test) < 0.1 * len(SAMPLE.test.labels)
    made, _ = taught_model(model, taught, lesson, new, SAMPLE, settings_for(model, new, seed=0), from_sha256="ab")
    assert (made.classes[-1], made.reads_digits, len(made.provenance.confusion)) == ("Ɛ", False, 11)


def test_the_model_carries_what_it_was_taught(model, taught, lesson, pictures, tmp_path) -> None:
    settings = settings_for(model, pictures, seed=0)
    made, judgement = taught_model(model, taught, lesson, pictures, SAMPLE, settings, from_sha256="ab")
    save_model(made, tmp_path / "m.npz")
    loaded = load_model(tmp_path / "m.npz")
    assert loaded.provenance.notice.endswith("taught 50 pictures of odd (0123456789ab)")
    assert loaded.provenance.test_errors == wrong(taught.network, taught.params, SAMPLE.test)
    assert json.dumps(loaded.provenance.settings) == json.dumps(model.provenance.settings)
    (told,) = loaded.provenance.taught
    assert (told["learned"], told["kept_aside"], told["from_sha256"], told["epoch"]) == (
        50,
        10,
        "ab",
        taught.chosen.epoch,
    )
    assert told["settings"] == settings.resolved()
    again = judge(loaded.network, loaded.params, loaded.calibration, SAMPLE.test.images)
    np.testing.assert_allclose(again.probabilities, judgement.probabilities, atol=1e-6)


def test_no_handwriting_is_not_warped(model, pictures) -> None:
    assert settings_for(model, pictures, seed=0).warps == TEACHING.warps
    assert settings_for(model, replace(pictures, has_strokes=False), seed=0).warps is None


def test_pictures_are_not_learned_where_that_costs_too_much_of_the_old(model, pictures, lesson) -> None:
    """The old images are called something else, too: whatever is learned, they are lost."""
    shifted = lesson._replace(old=lesson.old._replace(labels=(lesson.old.labels + 1) % 10))
    left = teach(model.network, model.params, shifted, settings_for(model, pictures, seed=0))
    assert not any(marks.remembers for marks in left.marks[1:])
    assert left.chosen.epoch == 0
