"""`python -m easel`, the same as `easel`; `easel run` starts its processes this way."""

from easel import main

main()
