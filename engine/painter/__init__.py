"""How pictures come about: orders become rows of a running batch, rows become pictures.

Read in this order: `settings` (what an order asks of a model), `samplers` (how a row moves), `rows` (the state of one
picture), `turns` (which rows go next), `studio` (the denoising loop on one thread), `local` (orders in, pictures out,
in this process), `supervisor` (the same from a child process that may die).
"""
