"""A part file that two downloads share."""

from pathlib import Path

import pytest

from mnistnet.data.arriving import Arriving
from tests.data.one_file import DATA, FILE


class BrokenOffError(Exception):
    """Stands for whatever ends a download early."""


def test_two_downloads_that_share_a_part_file_write_the_same_bytes_to_the_same_places(tmp_path: Path) -> None:
    with (
        pytest.raises(BrokenOffError),
        Arriving(FILE, tmp_path, None) as ahead,
        Arriving(FILE, tmp_path, None) as behind,
    ):
        ahead.add(DATA[:2000])
        behind.add(DATA[:500])
        ahead.add(DATA[2000:3000])
        behind.add(DATA[500:900])
        raise BrokenOffError
    assert (tmp_path / f"{FILE.name}.part").read_bytes() == DATA[:3000]
    with Arriving(FILE, tmp_path, None) as later:
        assert later.data == DATA[:3000]


def test_what_another_download_spoils_is_not_published(tmp_path: Path) -> None:
    with Arriving(FILE, tmp_path, None) as good, Arriving(FILE, tmp_path, None) as bad:
        good.add(DATA[:-1])
        bad.add(b"wrong")
        bad.discard()
        good.add(DATA[-1:])
        good.require_right()
        good.publish()
    assert [path.name for path in tmp_path.iterdir()] == [FILE.name]
    assert (tmp_path / FILE.name).read_bytes() == DATA
