"""Opens an address in the browser of the desktop, where there is one."""

import os
import sys
import threading
import webbrowser
from collections.abc import Callable


def can_open_browser() -> bool:
    """Whether there is a desktop: on Linux a display, or a browser that BROWSER names. Browsers of terminals would take
    the terminal over.
    """
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def open_in_browser(address: str, otherwise: Callable[[], object]) -> None:
    """Returns at once: browsers may take seconds to start. `otherwise` is called if none could be started."""

    def work() -> None:
        if not webbrowser.open(address):
            otherwise()

    threading.Thread(target=work, daemon=True).start()
