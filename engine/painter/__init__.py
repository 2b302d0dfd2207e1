"""From a paint request to finished pictures.

The stages of data, named once; every docstring below uses these names:

text        str, one part of the prompt with its attention marks.
embeddings  `PromptEmbeds`: float [1, tokens, features], pooled float [1, features]; unbounded, in the denoiser's dtype.
latents     float [batch, channels, height / factor, width / factor] in latent units: about unit variance when clean,
            times the sampler's sigma when noisy; on the model's device. factor is the VAE's scale, often 8.
pixels      uint8 [batch, height, width, 3] in 0 to 255 on the CPU; float32 [batch, 3, height, width] in -1 to 1 where a
            VAE encodes them.

Rooms, from top to bottom; imports go downwards only:

process     the painter in a child process: started, supervised, replaced when it dies.
in_process  requests in, pictures out, the denoising loop on its own thread.
batch       which requests are active, which rows go next, one denoising step, and what happens when memory is short.
output      pictures as files, and the recipes that paint them again.
cache       which models stay loaded, and how many rows are worth running at once.
operations  what is done: imagine, vary; one table.
families    each kind of model adapted to one protocol.
pipeline    that protocol, and what families share: prompts, VAE, LoRAs, compilation.
sampling    the mathematics of a step: samplers, guidance, and the parameters of a request.
"""
