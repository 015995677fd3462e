"""Browser: the user's own, where there is one."""

import webbrowser
from pathlib import Path

from mnistnet.commands import show_error


def open_page(page: Path | str) -> None:
    """Show a page, a file or what is at an address, or say that no browser could be started."""
    try:
        opened = webbrowser.open(page if isinstance(page, str) else page.absolute().as_uri())
    except webbrowser.Error:
        opened = False
    if not opened:
        show_error(f"no browser could be started; open {page} in one")
