"""Learning of a stop at once. The server tells the application only after the last request has ended, and an open event
stream would never end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType


def watch_signals(note: Callable[[], None]) -> None:
    """Call ``note`` when the process is asked to stop, then do what the server does anyway."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        _wrap(number, note)


def _wrap(number: signal.Signals, note: Callable[[], None]) -> None:
    previous = signal.getsignal(number)
    if not callable(previous):
        return
    go_on: Callable[[int, FrameType | None], object] = previous

    def stop(received: int, frame: FrameType | None) -> None:
        note()
        go_on(received, frame)

    signal.signal(number, stop)
