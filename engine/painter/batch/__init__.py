"""The denoising loop: which requests are active, which rows go next, one step, and when memory is short."""
