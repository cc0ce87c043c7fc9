"""The graphs of an export folder in ONNX Runtime on the CPU: what a plan would compute, in float32 inside each kernel
and in the graph's own precision between them."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from export.trace import PICTURES
from quartet_pipeline.plans.folder import Exported

Floats = NDArray[np.float32]


class Sessions:
    """The smallest batch of each part: more is not needed to compare numbers. One part is open at a time."""

    def __init__(self, folder: Path, exported: Exported) -> None:
        self._folder = folder
        self._exported = exported
        self._half = np.float16 if exported.of("unet")[0].precision == "float16" else np.float32
        self._opened: tuple[str, Any] = ("", None)

    def encode_text(self, ids: NDArray[np.int64]) -> Floats:
        (states,) = self._run("text_encoder", input_ids=ids.astype(np.int32))
        return _as_floats(states)

    def denoise(self, latents: Floats, timestep: float, states: Floats) -> Floats:
        """One picture with its two texts; the smallest UNet takes at least these."""
        (shape,) = (one.shape for one in self._session("unet").get_inputs() if one.name == "sample")
        copies = shape[0] // 2
        sample = np.repeat(latents, shape[0], axis=0).astype(self._half)
        times = np.array([timestep], np.float32)
        texts = np.repeat(states, copies, axis=0).astype(self._half)
        (output,) = self._run("unet", sample=sample, timestep=times, encoder_hidden_states=texts)
        return _as_floats(output[::copies])

    def decode(self, latents: Floats) -> tuple[NDArray[np.uint8], Floats]:
        """Unscaled latents of one picture -> its levels, and the floats that they were made of."""
        (entry,) = self._session("vae_decoder").get_inputs()
        images, pictures = self._run("vae_decoder", latent_sample=np.repeat(latents, entry.shape[0], 0))
        return images[:1], _as_floats(pictures[:1])

    def encode(self, pictures: Floats) -> Floats:
        (latents,) = self._run("vae_encoder", sample=pictures)
        return _as_floats(latents)

    def _run(self, part: str, **feeds: NDArray[Any]) -> list[NDArray[Any]]:
        outputs: list[NDArray[Any]] = self._session(part).run(None, feeds)
        return outputs

    def _session(self, part: str) -> Any:
        if self._opened[0] != part:
            self._opened = ("", None)
            path = self._folder / self._exported.of(part)[0].file
            self._opened = part, open_graph(path, (PICTURES,) if part == "vae_decoder" else ())
        return self._opened[1]


def _as_floats(array: NDArray[Any]) -> Floats:
    return array.astype(np.float32)


def open_graph(path: Path, extra: tuple[str, ...] = ()) -> Any:
    """A session on one graph, with values from within as further outputs."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    # A second copy of every weight, laid out for speed: half of the memory that a full-size model takes here.
    options.add_session_config_entry("session.disable_prepacking", "1")
    if not extra:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    # The changed file must lie beside the weights.
    model = onnx.load(path, load_external_data=False)
    known = {info.name: info for info in model.graph.value_info}
    model.graph.output.extend(known[name] for name in extra)
    opened = path.with_suffix(".opened.onnx")
    opened.write_bytes(model.SerializeToString())
    try:
        return ort.InferenceSession(str(opened), options, providers=["CPUExecutionProvider"])
    finally:
        opened.unlink()
