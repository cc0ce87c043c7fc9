"""Triton's side of `quartet_pipeline`: tensors to a request, progress and pictures to responses."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils  # type: ignore[import-not-found]

# Triton's Python runs isolated: PYTHONPATH is not read, and the package lies beside this model's folder.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from quartet_pipeline.auto import read_settings
from quartet_pipeline.errors import CancelledError, RequestError
from quartet_pipeline.pipeline import Drawing, Progress, draw, open_pipelines, warm_up
from quartet_pipeline.request import INPUTS, parse_request


class TritonPythonModel:
    """One instance: a process of its own that draws one request at a time; the others wait in Triton's queue."""

    def initialize(self, args: dict[str, str]) -> None:
        """Opens the pipelines and warms them up: Triton calls the model ready when this returns."""
        parameters = json.loads(args["model_config"])["parameters"]
        folders = parameters["pipelines"]["string_value"].split(os.pathsep)
        settings = read_settings({name: one["string_value"] for name, one in parameters.items()})
        opened = open_pipelines([Path(folder) for folder in folders], settings)
        self.pipelines = {pipeline.description.id: pipeline for pipeline in opened}
        for pipeline in opened:
            warm_up(pipeline)
            pb_utils.Logger.log_info(f"{pipeline.description.id} is ready, drawn by {pipeline.choice.reason}")

        # Triton itself counts a refused or cancelled request of a decoupled model as a success.
        # A family that is let go of takes its metrics along, so it is kept.
        self.families = [_counter("drawings"), _counter("steps")]
        drawings, steps = self.families
        outcomes = ("drawn", "refused", "cancelled", "failed")
        self.drawings = {outcome: drawings.Metric(labels={"outcome": outcome}) for outcome in outcomes}
        self.steps = steps.Metric(labels={})

    def execute(self, requests: list[Any]) -> None:
        for request in requests:
            sender = request.get_response_sender()
            try:
                self._answer(request, sender)
                outcome = "drawn"
            except RequestError as error:
                outcome = "refused"
                _fail(sender, str(error), pb_utils.TritonError.INVALID_ARG)
            except CancelledError:
                outcome = "cancelled"
                _fail(sender, "The request was cancelled.", pb_utils.TritonError.CANCELLED)
            except Exception as error:  # Anything else must not take the process along.
                outcome = "failed"
                pb_utils.Logger.log_error(f"A drawing failed: {error!r}")
                _fail(sender, f"The drawing failed: {str(error)[:300]}", pb_utils.TritonError.INTERNAL)
            self.drawings[outcome].increment(1)

    def _answer(self, request: Any, sender: Any) -> None:
        sent = {name: pb_utils.get_input_tensor_by_name(request, name) for name in INPUTS}
        tensors = {name: tensor.as_numpy() for name, tensor in sent.items() if tensor is not None}
        wanted = parse_request(tensors, {name: pipeline.description for name, pipeline in self.pipelines.items()})

        def tell(progress: Progress) -> None:
            self.steps.increment(1)
            sender.send(_progress_response(progress))

        drawing = draw(self.pipelines[wanted.model], wanted, on_progress=tell, is_cancelled=request.is_cancelled)
        final = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
        sender.send(_last_response(drawing, wanted.seeds), flags=final)


def _progress_response(progress: Progress) -> Any:
    outputs: dict[str, Any] = {
        "step": np.array([progress.step], np.int32),
        "steps": np.array([progress.steps], np.int32),
    }
    if progress.previews is not None:
        outputs["preview"] = progress.previews
    return _response(outputs)


def _last_response(drawing: Drawing, seeds: tuple[int, ...]) -> Any:
    return _response(
        {
            "images": drawing.images,
            "seeds": np.array(seeds, np.int64),
            "timings_ms": np.array(drawing.timings_ms, np.float32),
            "unsafe": np.zeros(len(seeds), np.float32) if drawing.unsafe is None else drawing.unsafe,
        }
    )


def _response(outputs: dict[str, Any]) -> Any:
    return pb_utils.InferenceResponse([pb_utils.Tensor(name, value) for name, value in outputs.items()])


def _counter(noun: str) -> Any:
    """A family of Triton's own metrics."""
    kind = pb_utils.MetricFamily.COUNTER
    return pb_utils.MetricFamily(name=f"quartet_{noun}_total", description=f"Number of {noun}", kind=kind)


def _fail(sender: Any, sentence: str, code: int) -> None:
    response = pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError(sentence, code))
    sender.send(response, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
