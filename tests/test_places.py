"""The home folder, when processes were killed that wrote into it."""

import os
import time
from pathlib import Path

import pytest

from mnistnet.files import LEFT, temporary_name
from mnistnet.places import recall, remember


def test_what_killed_processes_left_in_the_home_goes_away_with_the_next_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTNET_HOME", str(tmp_path))
    run, mnist, other = tmp_path / "runs" / "1", tmp_path / "mnist", tmp_path / "other"
    for folder in (run, mnist, other):
        folder.mkdir(parents=True)
    (mnist / "there.gz").write_bytes(b"whole")
    gone = [run / temporary_name(), mnist / temporary_name(), mnist / "there.gz.part"]
    kept = [mnist / "awaited.gz.part", other / temporary_name(), other / "table.csv.part", run / "run.toml"]
    for path in (*gone, *kept):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - LEFT - 60,) * 2)
    young = [run / temporary_name(), mnist / "young.gz", mnist / "young.gz.part"]
    for path in young:
        path.write_bytes(b"half")
    remember("last-run", run)
    assert recall("last-run") == run
    assert not any(path.exists() for path in gone)
    assert all(path.exists() for path in (*kept, *young))
