"""What mnistnet is installed with: lower bounds that can be tested, no upper ones, and a licence told of each."""

import re
import tomllib
from pathlib import Path

import pytest
from check_lowest import EXTRAS, lowest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
USED = [*PROJECT["dependencies"], *(one for name in EXTRAS for one in PROJECT["optional-dependencies"][name])]


def test_each_has_a_lower_bound_and_no_upper_one() -> None:
    assert all("==" in pin for pin in lowest(USED))


@pytest.mark.parametrize("requirement", ["numpy", "numpy<3", "numpy>=2,<3", "numpy==2.0"])
def test_others_would_be_seen(requirement: str) -> None:
    with pytest.raises(ValueError, match="expected a lower bound and nothing else"):
        lowest([requirement])


def test_the_readme_tells_the_licence_of_each() -> None:
    told = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Licences")[2]
    named = {name for line in re.findall(r"^\| ([^|]+) \|", told, re.MULTILINE) for name in line.split(", ")}
    of_users = [name for name in EXTRAS if name != "test"]
    needed = [*PROJECT["dependencies"], *(one for name in of_users for one in PROJECT["optional-dependencies"][name])]
    assert {re.split(r"[\[>]", requirement)[0] for requirement in needed} <= named
