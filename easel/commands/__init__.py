"""One file for each command of `easel`; each chooses what it needs and prints what came of it."""
