"""Disputed labels: MNIST test images of which fewer than three of five people accepted the published label.

From Northcutt, Athalye and Mueller, "Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks"
(NeurIPS 2021), who had 100 test images looked at that a program had pointed out; their votes are in
https://github.com/cleanlab/label-errors/blob/5457895/mturk/mnist_mturk.json. Other labels may be wrong as well.
"""

from dataclasses import dataclass

SOURCE = "Northcutt, Athalye and Mueller 2021, arXiv:2103.14749"
ASKED = 5
"""People, for each image."""


@dataclass(frozen=True)
class Disputed:
    """A test image and how people voted about it."""

    index: int
    """In the test set, counted from 0."""
    label: int
    """As published."""
    proposed: int
    """By the program."""
    votes_label: int
    votes_proposed: int
    votes_neither: int

    @property
    def said(self) -> str:
        """What people said."""
        neither = f", {self.votes_neither} neither" if self.votes_neither else ""
        return (
            f"{self.votes_label} of {ASKED} people see a {self.label}, {self.votes_proposed} a {self.proposed}{neither}"
        )


DISPUTED = (
    Disputed(947, 8, 9, 0, 5, 0),
    Disputed(1621, 0, 6, 2, 3, 0),
    Disputed(1901, 9, 4, 2, 3, 0),
    Disputed(2130, 4, 9, 2, 2, 1),
    Disputed(2462, 2, 0, 0, 4, 1),
    Disputed(2597, 5, 3, 0, 4, 1),
    Disputed(2654, 6, 1, 0, 2, 3),
    Disputed(3520, 6, 4, 2, 0, 3),
    Disputed(3558, 5, 0, 1, 4, 0),
    Disputed(5937, 5, 3, 1, 3, 1),
    Disputed(6651, 0, 6, 0, 5, 0),
    Disputed(6783, 1, 6, 2, 3, 0),
    Disputed(8527, 4, 9, 2, 2, 1),
    Disputed(9679, 6, 3, 2, 0, 3),
    Disputed(9729, 5, 6, 2, 3, 0),
)
"""In the order of the index."""
