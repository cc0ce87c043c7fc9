"""The networks in ONNX Runtime on the CPU."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from quartet_pipeline.engines.stepwise import Floats
from quartet_pipeline.errors import ModelError

GRAPHS = {
    "text_encoder": (("input_ids",), "last_hidden_state"),
    "unet": (("sample", "timestep", "encoder_hidden_states"), "out_sample"),
    "vae_decoder": (("latent_sample",), "sample"),
    "vae_encoder": (("sample",), "latent_sample"),
}
TIMESTEP_TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64}


class OnnxNetworks:
    """The four graphs of a model folder; `threads` 0 takes every core."""

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._sessions = {name: _open(folder / f"{name}.onnx", options, *GRAPHS[name]) for name in GRAPHS}
        timestep = next(entry for entry in self._sessions["unet"].get_inputs() if entry.name == "timestep")
        if timestep.type not in TIMESTEP_TYPES:
            raise ModelError(f"Expected the input `timestep` of unet.onnx to be float or int64, got {timestep.type}.")
        self._timestep_type = TIMESTEP_TYPES[timestep.type]
        self._timestep_shape = timestep.shape

    def encode_text(self, ids: NDArray[np.int64]) -> Floats:
        return self._run("text_encoder", (*ids.shape, None), input_ids=ids)

    def denoise(self, sample: Floats, timestep: int, states: Floats) -> Floats:
        # Exporters disagree about the timestep: a scalar, one for the batch, or one each.
        length = 1 if self._timestep_shape in ([], [1]) else len(sample)
        times = np.full([] if self._timestep_shape == [] else [length], timestep, self._timestep_type)
        return self._run("unet", sample.shape, sample=sample, timestep=times, encoder_hidden_states=states)

    def decode(self, latents: Floats) -> Floats:
        n, _, height, width = latents.shape
        return self._run("vae_decoder", (n, 3, height * 8, width * 8), latent_sample=latents)

    def encode(self, pictures: Floats) -> Floats:
        n, _, height, width = pictures.shape
        return self._run("vae_encoder", (n, 4, height // 8, width // 8), sample=pictures)

    def _run(self, name: str, shape: tuple[int | None, ...], **feeds: NDArray[Any]) -> Floats:
        """Runs one graph and checks what it gave; None in `shape` stands for any length."""
        try:
            (output,) = self._sessions[name].run([GRAPHS[name][1]], feeds)
        except Exception as error:
            raise ModelError(f"{name}.onnx failed: {str(error).splitlines()[0][:160]}") from error
        fits = len(output.shape) == len(shape) and all(
            want in (None, got) for want, got in zip(shape, output.shape, strict=True)
        )
        if output.dtype != np.float32 or not fits:
            raise ModelError(f"Expected {name}.onnx to give float32 {shape}, got {output.dtype} {output.shape}.")
        result: Floats = output
        return result


def _open(path: Path, options: Any, inputs: tuple[str, ...], output: str) -> Any:
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        problem = str(error).splitlines()[0][:160]
        raise ModelError(f"{path} is not a complete ONNX model ({problem}); copy it again, or export it.") from error
    takes = {entry.name for entry in session.get_inputs()}
    gives = {entry.name for entry in session.get_outputs()}
    if takes != set(inputs) or output not in gives:
        got = f"{', '.join(sorted(takes))} -> {', '.join(sorted(gives))}"
        raise ModelError(f"Expected {path} to be a model {', '.join(inputs)} -> {output}, got {got}.")
    return session
