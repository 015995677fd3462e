"""What is said of the machine."""

import pytest
from benchmarks.machine import environment, header


@pytest.mark.parametrize(("load", "warned"), [(None, False), (0.1, False), (1.5, True)])
def test_a_busy_machine_is_warned_of(load: float | None, warned: bool) -> None:
    text = header(environment() | {"dataset": "mnist", "load": load})
    assert ("WARNING: the load average is 1.5" in text) == warned
    assert all(line.startswith("- ") for line in text.splitlines())
