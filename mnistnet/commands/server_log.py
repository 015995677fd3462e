"""Log: lines of JSON on standard error, about requests and about what went wrong."""

import json
import logging
import queue
import sys
import threading
import time
from contextlib import suppress
from typing import Any

MOST_LINES = 10_000
"""That wait to be shown."""
LAST_SECONDS = 1.0
"""For the last lines to be shown, when the server stops."""


def ignore(_: dict[str, Any]) -> None:
    """Show nothing."""


class Log(logging.Handler):
    """Shows lines in a thread of its own, which may have to wait for whoever reads them; the server does not."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: queue.Queue[dict[str, Any]] = queue.Queue(MOST_LINES)
        threading.Thread(target=self._show_all, daemon=True).start()

    def put(self, values: dict[str, Any]) -> None:
        """Have a line shown, unless too many wait already."""
        with suppress(queue.Full):
            self.lines.put_nowait(values)

    def emit(self, record: logging.LogRecord) -> None:
        """Have a library's warning shown, with the traceback of an error in the program."""
        values = {"level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            values["traceback"] = logging.Formatter().formatException(record.exc_info)
        self.put(values)

    def show_warnings(self) -> None:
        """Have what went wrong in the server or its libraries shown, too."""
        logging.basicConfig(level=logging.WARNING, handlers=[self], force=True)

    def finish(self) -> None:
        """Wait for what there is to be shown, but not for long."""
        ends = time.monotonic() + LAST_SECONDS
        while self.lines.unfinished_tasks and time.monotonic() < ends:
            time.sleep(0.01)

    def _show_all(self) -> None:
        while True:
            with suppress(OSError):  # nobody listens any more
                print(json.dumps(self.lines.get()), file=sys.stderr, flush=True)
            self.lines.task_done()
