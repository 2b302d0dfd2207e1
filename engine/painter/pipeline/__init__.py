"""What families share, behind one protocol: prompts to embeddings, pixels to latents and back, LoRAs, compilation."""
