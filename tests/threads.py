"""Records in which threads functions run."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def threads_calling(*functions: Callable[..., Any]) -> Iterator[set[str]]:
    """Yield the names of the threads that call any of these functions: this thread, and those started since."""
    codes = {function.__code__ for function in functions}
    names: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in codes:
            names.add(threading.current_thread().name)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield names
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
