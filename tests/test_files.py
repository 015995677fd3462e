"""Files that appear whole or not at all, on a real disk that really fills up."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mnistnet.errors import OutputError
from mnistnet.files import LEFT, new_file, remove_leftovers, require_writable, temporary_name, write_text


def test_a_file_appears_only_when_its_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "file.txt"
    with new_file(path, overwrite=False) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
        file.write(b" and half")
    assert path.read_bytes() == b"half and half"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_inside_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old", overwrite=False)
    with pytest.raises(ZeroDivisionError), new_file(path, overwrite=True) as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows replaces no file that is open")
def test_whoever_has_the_old_file_open_reads_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old", overwrite=False)
    with path.open() as old:
        write_text(path, "new", overwrite=True)
        assert old.read() == "old"
    assert path.read_text() == "new"


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old", overwrite=False)
    with pytest.raises(OutputError, match=r"exists already; .* --force"):
        write_text(path, "new", overwrite=False)
    with pytest.raises(OutputError, match="is a folder"):
        write_text(tmp_path, "new", overwrite=True)
    assert path.read_text() == "old"


def test_of_two_that_write_one_new_file_at_once_the_slower_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with pytest.raises(OutputError, match="exists already"), new_file(path, overwrite=False) as slower:
        slower.write(b"slower")
        write_text(path, "quicker", overwrite=False)
    assert path.read_text() == "quicker"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes links and a POSIX pipe")
def test_no_device_is_replaced_and_a_link_to_nowhere_only_when_asked(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="is a device and no regular file"):
        require_writable(pipe, overwrite=True)
    with pytest.raises(OutputError, match="exists already"):
        require_writable(link, overwrite=False)
    require_writable(link, overwrite=True)


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("strace"), reason="needs Linux's strace")
@pytest.mark.parametrize(("overwrite", "naming"), [(False, "link"), (True, "rename")])
def test_a_power_cut_takes_neither_content_nor_name_away(tmp_path: Path, overwrite: bool, naming: str) -> None:
    """The content is on the disk before it has the name, and the name before the block ends."""
    program = "import sys; from pathlib import Path; from mnistnet.files import write_text\n"
    program += f"write_text(Path(sys.argv[1]), 'text', overwrite={overwrite})"
    traced = ["strace", "-o", tmp_path / "trace", "-e", "trace=fsync,link,linkat,rename,renameat,renameat2"]
    subprocess.run([*traced, sys.executable, "-B", "-c", program, tmp_path / "file.txt"], check=True)
    calls = re.findall(r"^(fsync|link|rename)", (tmp_path / "trace").read_text(), re.MULTILINE)
    assert calls == ["fsync", naming, "fsync"]


@pytest.mark.skipif(sys.platform == "win32", reason="file-size limits are POSIX's")
def test_a_full_disk_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    program = (
        "import resource, signal, sys; from pathlib import Path; from mnistnet.files import new_file\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "with new_file(Path(sys.argv[1]), overwrite=True) as file: file.write(bytes(5000))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert "OutputError: cannot write" in done.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_as_long_as_names_may_be_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_text(path, "text", overwrite=False)
    assert path.read_text() == "text"


def test_what_is_bound_to_fail_is_said_beforehand(tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    file.write_text("a file")
    with pytest.raises(OutputError, match="not a folder you may write to"):
        require_writable(file / "below.txt", overwrite=False)
    with pytest.raises(OutputError, match="exists already"):
        require_writable(file, overwrite=False)
    require_writable(file, overwrite=True)
    require_writable(tmp_path / "new" / "below.txt", overwrite=False)
    assert list(tmp_path.iterdir()) == [file]


def left(folder: Path, *, age: float) -> Path:
    """A temporary file that a process left which was killed so many seconds ago."""
    path = folder / temporary_name()
    path.write_bytes(b"half")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_what_killed_processes_left_is_removed_by_whoever_writes_there_next(tmp_path: Path) -> None:
    old, ahead, young = (left(tmp_path, age=age) for age in (LEFT + 60, -LEFT - 60, LEFT - 60))
    mine = [tmp_path / ".mine.tmp", tmp_path / f"{'0' * 16}.tmp", tmp_path / f".{'A' * 16}.tmp"]
    folder = tmp_path / temporary_name()
    folder.mkdir()
    for path in (*mine, folder):
        path.touch()
        os.utime(path, (0, 0))
    write_text(tmp_path / "file.txt", "text", overwrite=False)
    assert not old.exists()
    assert not ahead.exists()
    assert all(path.exists() for path in (young, *mine, folder))


@pytest.mark.skipif(sys.platform == "win32", reason="makes links and pipes")
def test_no_link_is_followed_and_no_pipe_waited_for(tmp_path: Path) -> None:
    target, link, pipe = tmp_path / "mine.txt", tmp_path / temporary_name(), tmp_path / temporary_name()
    target.write_text("mine")
    os.utime(target, (0, 0))
    link.symlink_to(target)
    os.mkfifo(pipe)
    for path in (link, pipe):
        os.utime(path, (0, 0), follow_symlinks=False)
    remove_leftovers(tmp_path)
    assert target.read_text() == "mine"
    assert link.is_symlink()
    assert pipe.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks otherwise")
def test_a_file_that_is_being_written_is_left_alone_however_old_it_seems(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with new_file(path, overwrite=False) as file:
        file.write(b"text")
        file.flush()
        (temporary,) = tmp_path.iterdir()
        os.utime(temporary, (0, 0))  # as if the clock had been set
        program = "import sys; from pathlib import Path; from mnistnet.files import write_text\n"
        program += "write_text(Path(sys.argv[1]), 'other', overwrite=False)"
        subprocess.run([sys.executable, "-c", program, str(tmp_path / "other.txt")], check=True)
    assert path.read_text() == "text"


def test_a_folder_is_looked_through_once_a_process(tmp_path: Path) -> None:
    write_text(tmp_path / "first.txt", "text", overwrite=False)
    later = left(tmp_path, age=2 * LEFT)
    write_text(tmp_path / "second.txt", "text", overwrite=False)
    assert later.exists()
    remove_leftovers(tmp_path)
    assert not later.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the file has a name for an instant")
def test_whether_a_folder_can_be_written_is_tried_without_a_name_that_could_be_left(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from mnistnet.files import require_writable\n"
        "sys.addaudithook(lambda event, args: event in ('os.remove', 'os.rename') and print(event, args))\n"
        "require_writable(Path(sys.argv[1]), overwrite=False)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "new" / "file.txt")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""
