"""Text to pictures: what Triton's model `stable_diffusion` runs. Needs numpy (1.26 or 2), onnxruntime, tokenizers."""
