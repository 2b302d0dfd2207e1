"""A service as the first process of a container, which Linux gives no signal that it has no handler for."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import psutil
import pytest

_STARTING = """
import sys, time
from easel.process.signals import end_on_sigterm_as_first_process
end_on_sigterm_as_first_process()
print("importing", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare")
def test_a_service_that_is_still_importing_ends_when_it_is_told_to_stop() -> None:
    command = ("unshare", "--pid", "--fork", "--kill-child", sys.executable, "-c", _STARTING)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as outer:
        assert outer.stdout is not None and outer.stderr is not None
        if outer.stdout.readline() != b"importing\n":
            pytest.skip(f"needs the right to make a process namespace: {outer.stderr.read().decode()}")
        (first,) = psutil.Process(outer.pid).children()
        first.send_signal(signal.SIGTERM)
        assert outer.wait(timeout=30) == 128 + signal.SIGTERM
