"""`python -m bot.cli`, the same as `easel`; it is how `easel run` starts its processes."""

from bot.cli import main

main()
