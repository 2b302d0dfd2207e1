"""From a paint request to finished pictures: requests become rows of a running batch, rows become pictures.

Read in this order: `sampling.params` (what a request asks of a model), `sampling.samplers` (how a row moves),
`batch.rows` (the state of one picture), `batch.scheduler` (which rows go next), `batch.loop` (the denoising loop on
one thread), `in_process` (requests in, pictures out), `process.supervisor` (the same from a child process).
"""
