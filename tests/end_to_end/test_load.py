"""scripts/load.py, as a developer runs it: a short load, which a server has to bear without a failure."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LOAD = Path(__file__).parents[2] / "scripts" / "load.py"


@pytest.mark.slow
def test_many_clients_are_all_answered_and_health_beside_them(tmp_path: Path) -> None:
    command = [sys.executable, LOAD, "--seconds", "1", "--requests", "100", "--json", tmp_path / "load.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    figures = json.loads((tmp_path / "load.json").read_text())
    assert figures["failed"] == 0
    assert figures["requests/s"] > 10  # what a busy machine may come to; the README has what an idle one does
    assert figures["median ms"] < figures["99th percentile ms"]
    assert figures["/healthz beside 1,000 open, worst ms"] < 1_000
    if sys.platform == "linux":
        first, last = (value for name, value in figures.items() if name.startswith("MB after"))
        assert 0 < last < first + 50
        before, after = (value for name, value in figures.items() if name.startswith("open files after"))
        assert 0 < after <= before + 5
