"""Learning: from what members prefer to a LoRA adapter.

preferences   pairs of pictures of one caption, read from a folder in Pick-a-Pic's columns
examples      their latents [n, channels, height / factor, width / factor] and prompt embeddings, computed once
noising       noisy latents and what a denoiser should predict for them: noise, velocity, or a flow's velocity
losses        Diffusion-DPO and Diffusion-KTO
adapter       the LoRA in a denoiser, and its file
training      one step after another, the same from any checkpoint
runs          a training run in its folder: checkpoints, log, adapter
run_files     how these files are called
reward        what a community likes, over CLIP's features
evaluation    whether an adapter is better
"""
