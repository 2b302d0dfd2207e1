"""`python -m easel`, the same as `easel`; it is how `easel run` starts its processes."""

from easel import main

main()
