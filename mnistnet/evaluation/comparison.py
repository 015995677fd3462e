"""Comparison: several models on the same pictures, and whether one is really better.

As JSON a comparison is one object: `schema` (1), `pictures` (how many), `of` (what they are), `notice` ("" where there
is nothing to be said), `models`, `pairs` and `differ`.
- `models`: `name`, `errors`, `accuracy`, `interval` (95 %, Wilson), `parameters`, `bytes` (of the file),
  `pictures_per_second` and what the model's own `notice` is
- `pairs`, each model with each later one: `first`, `second` (places in `models`, from 0), `both_right`,
  `only_first_right`, `only_second_right`, `both_wrong`, `difference` (accuracy of the second less that of the first),
  `interval` (95 %, Agresti and Min), `p_value` (McNemar's exact test; 0 stands for less than a float can tell) and
  `p_adjusted`, for as many tests as there are pairs (Holm 1979)
- `differ`: the pictures that the models do not all answer alike: `picture` (index or file), `label`, `answers`
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import sqrt
from typing import Any

from mnistnet.evaluation.metrics import Z_95, wilson_interval
from mnistnet.evaluation.report_text import bounds_text, percent

SCHEMA = 1
SIGNIFICANT = 0.05
LEAST_P = 1e-99
ADJUSTED = "adjusted for so many tests (Holm)"
Comparison = dict[str, Any]


@dataclass(frozen=True)
class Contestant:
    """A model and what it answered."""

    name: str
    answers: Sequence[str]
    """One for each picture."""
    seconds: float
    """For all of them."""
    parameters: int
    size: int
    """Of its file, in bytes."""
    notice: str = ""


@dataclass(frozen=True)
class Pair:
    """How many pictures two models read right, of the same ones."""

    both_right: int
    only_first_right: int
    only_second_right: int
    both_wrong: int


def compare(
    contestants: Sequence[Contestant], labels: Sequence[str], pictures: Sequence[int | str], *, of: str, notice: str
) -> Comparison:
    """The comparison of two or more; labels and pictures (indices or files) are those of every contestant's answers."""
    right = [[a == b for a, b in zip(one.answers, labels, strict=True)] for one in contestants]
    rows = zip(pictures, labels, zip(*(one.answers for one in contestants), strict=True), strict=True)
    return {
        "schema": SCHEMA,
        "pictures": len(labels),
        "of": of,
        "notice": notice,
        "models": [tell_model(*pair) for pair in zip(contestants, right, strict=True)],
        "pairs": tell_pairs(right),
        "differ": [
            {"picture": picture, "label": label, "answers": list(answers)}
            for picture, label, answers in rows
            if len(set(answers)) > 1
        ],
    }


def tell_model(one: Contestant, right: Sequence[bool]) -> Comparison:
    """What is told of one model."""
    return {
        "name": one.name,
        "errors": len(right) - sum(right),
        "accuracy": sum(right) / len(right),
        "interval": wilson_interval(sum(right), len(right)),
        "parameters": one.parameters,
        "bytes": one.size,
        "pictures_per_second": round(len(right) / one.seconds, 1),
        "notice": one.notice,
    }


def tell_pairs(right: Sequence[Sequence[bool]]) -> list[Comparison]:
    """What is told of every two models; each has a list of which pictures it reads right."""
    places = list(combinations(range(len(right)), 2))
    counts = [count_pair(right[first], right[second]) for first, second in places]
    p_values = [mcnemar(pair.only_first_right, pair.only_second_right) for pair in counts]
    pairs = []
    for (first, second), pair, p_value, adjusted in zip(places, counts, p_values, holm(p_values), strict=True):
        difference, interval = paired_difference(pair)
        measured = {"difference": difference, "interval": interval, "p_value": p_value, "p_adjusted": adjusted}
        pairs.append({"first": first, "second": second} | asdict(pair) | measured)
    return pairs


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of several tests, so adjusted that all together err no more often than one would (Holm 1979)."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def count_pair(first: Sequence[bool], second: Sequence[bool]) -> Pair:
    """Count the pictures; each of the two says which are right."""
    counts = dict.fromkeys(((True, True), (True, False), (False, True), (False, False)), 0)
    for pair in zip(first, second, strict=True):
        counts[pair] += 1
    return Pair(*counts.values())


def paired_difference(pair: Pair) -> tuple[float, tuple[float, float]]:
    """Accuracy of the second less that of the first, and its 95 % interval.

    For the interval half a picture is added to each of the four counts (Agresti & Min 2005): it stays sensible where
    the two hardly ever differ.
    """
    first, second = pair.only_first_right, pair.only_second_right
    pictures = pair.both_right + first + second + pair.both_wrong
    middle = (second - first) / (pictures + 2)
    variance = ((first + second + 1) / (pictures + 2) - middle**2) / (pictures + 2)
    spread = Z_95 * sqrt(variance)
    return (second - first) / pictures, (max(-1.0, middle - spread), min(1.0, middle + spread))


def mcnemar(only_first: int, only_second: int) -> float:
    """How likely so uneven a split, or a more uneven one, of the pictures that just one of two reads right would be if
    each were as likely to be that one: the two-sided exact binomial test (McNemar 1947)."""
    both = only_first + only_second
    ways = tail = 1  # to choose none of both
    for chosen in range(min(only_first, only_second)):
        ways = ways * (both - chosen) // (chosen + 1)
        tail += ways
    return min(1.0, float(2 * tail / 2**both))


def comparison_text(comparison: Comparison) -> str:
    """The comparison as plain text."""
    models = comparison["models"]
    width = min(max(len(model["name"]) for model in models), 40)
    columns = f"{'wrong':>6}  {'right':>8}  {'95 % interval':>18}  {'parameters':>11}  {'MB':>5}  a second"
    lines = [
        f"{comparison['pictures']:,} {comparison['of']}",
        *([f"NOTICE: {comparison['notice']}"] if comparison["notice"] else []),
        "",
        f"   {'model':{width}}  {columns}",
        *(f"{letter(place)}  {model_row(model, width)}" for place, model in enumerate(models)),
        *(f"NOTICE: {model['name']}: {model['notice']}" for model in models if model["notice"]),
        "",
        *map(pair_text, comparison["pairs"]),
        *([f"p: {ADJUSTED}"] if len(comparison["pairs"]) > 1 else []),
        f"Answered differently: {len(comparison['differ']):,} of {comparison['pictures']:,}",
    ]
    return "\n".join(lines)


def letter(place: int) -> str:
    """A short name: A, B, ..."""
    return chr(ord("A") + place)


def model_row(model: Mapping[str, Any], width: int) -> str:
    """A model's numbers; a long name loses its beginning."""
    name = model["name"] if len(model["name"]) <= width else "..." + model["name"][3 - width :]
    bounds = bounds_text(model["interval"])
    return (
        f"{name:{width}}  {model['errors']:>6,}  {percent(model['accuracy']):>8}  {bounds:>18}  "
        f"{model['parameters']:>11,}  {model['bytes'] / 1e6:>5.1f}  {model['pictures_per_second']:>8,.0f}"
    )


def pair_text(pair: Mapping[str, Any]) -> str:
    """What the numbers of two models mean, in words."""
    first, second = letter(pair["first"]), letter(pair["second"])
    return (
        f"{second} against {first}: {points_text(pair)}; right only in {first}: {pair['only_first_right']:,}, only in "
        f"{second}: {pair['only_second_right']:,}\n"
        f"  McNemar's exact test: {p_text(pair['p_adjusted'])}, {verdict(pair)}"
    )


def points_text(pair: Mapping[str, Any]) -> str:
    """The difference with its interval, in percentage points."""
    low, high = (100 * bound for bound in pair["interval"])
    return f"{100 * pair['difference']:+.2f} points (95 % interval {low:+.2f} to {high:+.2f})"


def p_text(p_value: float) -> str:
    """A p-value."""
    return f"p = {p_value:.2g}" if p_value > LEAST_P else f"p < {LEAST_P:g}"


def verdict(pair: Mapping[str, Any]) -> str:
    """Whether the difference can be told from chance."""
    if pair["p_adjusted"] < SIGNIFICANT:
        better = "better" if pair["difference"] > 0 else "worse"
        return f"so {letter(pair['second'])} is {better}, and not by chance alone"
    low, high = pair["interval"]
    rougher = " (the interval is an approximation, the test exact)" if not low <= 0 <= high else ""
    return f"which chance alone may bring: no difference can be told{rougher}"
