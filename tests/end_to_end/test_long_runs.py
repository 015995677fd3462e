"""scripts/long_runs.py tells what grows from what does not."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from load import Server, memory_of
from long_runs import Sample, grown, growth, sampled

from mnistnet.errors import MnistnetError

LEAK = """
import time
kept = []
while True:
    kept.append((open("/dev/null"), b"x" * 1_000_000))
    time.sleep(0.01)
"""


def test_growth_is_told_from_a_start_and_a_spread() -> None:
    warm = [Sample(second, 150 - 60 / (1 + second) + second % 3, 4 + second % 2) for second in range(90)]
    assert growth(warm) == "flat"
    assert growth([one._replace(megabytes=100 + 0.5 * one.seconds) for one in warm]) == "+15.0 MB, +0 files"
    assert growth([one._replace(open_files=4 + int(one.seconds) // 5) for one in warm]) != "flat"
    with pytest.raises(MnistnetError, match="at least 3 samples"):
        growth(warm[:2])
    with pytest.raises(MnistnetError, match="memory is not told"):  # and so is not flat
        growth([one._replace(megabytes=0) for one in warm])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_that_has_ended_and_is_not_waited_for_takes_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    while "Z (zombie)" not in Path(f"/proc/{process.pid}/status").read_text():
        time.sleep(0.01)
    assert memory_of(process.pid) == 0
    process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_that_leaks_is_seen_to() -> None:
    with subprocess.Popen([sys.executable, "-c", LEAK]) as process:
        try:
            with sampled(Server(0, process.pid), every=0.1) as samples:
                time.sleep(2)
        finally:
            process.kill()
    assert grown(samples, lambda one: one.open_files) > 2
    assert grown(samples, lambda one: one.megabytes) > 2
