"""Exported graphs in ONNX Runtime where the engine has plans."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor

from quartet_pipeline.plans.folder import Entry, Exported
from quartet_pipeline.plans.runners import check_input


class GraphRunner:
    """A `Runner` on the CPU that takes other weights too."""

    def __init__(self, folder: Path, entry: Entry) -> None:
        self.batch = entry.batch
        self.runs = 0
        self._path = folder / entry.file
        self.refit({})

    def run(self, **inputs: Tensor) -> Tensor:
        self.runs += 1
        for taken in self._session.get_inputs():
            tensor = inputs[taken.name]
            kinds = {"tensor(int32)": torch.int32, "tensor(float)": torch.float32, "tensor(float16)": torch.float16}
            check_input(taken.name, tensor, tuple(taken.shape), kinds[taken.type])
        (output,) = self._session.run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
        return torch.from_numpy(output)

    def refit(self, weights: Mapping[str, Tensor]) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._kept = [ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(one.numpy())) for one in weights.values()]
        options.add_external_initializers(list(weights), self._kept)
        self._session = ort.InferenceSession(str(self._path), options, providers=["CPUExecutionProvider"])


def open_runners(folder: Path, exported: Exported) -> dict[str, list[GraphRunner]]:
    parts = ("text_encoder", "unet", "vae_decoder", "vae_encoder")
    return {part: [GraphRunner(folder, entry) for entry in exported.of(part)] for part in parts}
