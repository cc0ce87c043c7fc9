"""From PyTorch weights to TensorRT plans: graphs, a quality gate, a memory plan, the build (see README.md)."""
