"""What the workers of a run share: a folder, and in it things that are made once, by the first that needs them."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "easel-tests-"


@contextmanager
def run_folder(place: Path) -> Iterator[Path]:
    """Yield a new folder in `place`, and remove it afterwards, as well as those of runs that were killed."""
    remove_abandoned(place)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
    with (folder / "new.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Under its name only once it is locked: until then nobody takes the folder for an abandoned one.
        (folder / "new.lock").rename(folder / "run.lock")
        yield folder
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(place: Path) -> None:
    """Remove the folders in `place` whose runs have ended without doing so: the kernel has dropped their locks."""
    for file in place.glob(f"{_PREFIX}*/run.lock"):
        with suppress(OSError), file.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(file.parent, ignore_errors=True)


@contextmanager
def one_at_a_time(file: Path) -> Iterator[None]:
    """Keep out whoever else, in this process or another, is inside with the same lock file."""
    with file.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def made_once(folder: Path, make: Callable[[Path], object]) -> Path:
    """Return the folder, made by `make` if nobody has done so yet; tests must not change what it makes."""
    with one_at_a_time(folder.with_suffix(".lock")):
        if not folder.exists():
            building = folder.with_suffix(".new")
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir()
            make(building)
            building.rename(folder)
    return folder
