"""Terminal: a program at one, a pseudo-terminal of POSIX."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Timer

LONGEST = 120.0
"""Seconds that a program may take; it hangs after them, and is killed."""


def on_terminal(
    program: Sequence[str], environment: Mapping[str, str], *, columns: int, folder: Path | None = None
) -> tuple[int, str]:
    """The exit status of a program at a terminal of so many columns, and all that it shows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        program, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    killer = Timer(LONGEST, process.kill)
    killer.start()
    shown = b""
    with suppress(OSError):  # Linux's way to say that the other end is closed
        while piece := os.read(ours, 4096):
            shown += piece
    os.close(ours)
    status = process.wait()
    killer.cancel()
    return status, shown.decode(errors="replace")
