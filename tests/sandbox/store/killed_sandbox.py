"""A sandbox in a process of its own, to be killed: `python -m tests.sandbox.store.killed_sandbox FOLDER`."""

import asyncio
import sys
from pathlib import Path

from sandbox.server import serve


async def serve_until_killed(folder: Path) -> None:
    """Print the sandbox's address, and serve."""
    async with serve(folder=folder) as sandbox:
        print(sandbox.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve_until_killed(Path(sys.argv[1])))
