"""Stable Diffusion's networks in PyTorch: of static shapes, channels last, made to be captured as one program."""
