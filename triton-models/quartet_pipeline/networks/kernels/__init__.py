"""Triton kernels: what the networks' operations run as on an NVIDIA GPU of the Hopper generation or later."""
