"""How long a drawing takes for who asks a Triton for it over gRPC, and what part of that is Triton's own.

    python -m bench.through_triton MODEL_FOLDER --server FOLDER --python FOLDER --json out.json

Starts the server in FOLDER (bin/, backends/, libs/ of the `nvidia-pytriton` wheel) with the Python environment of the
other FOLDER, which must hold numpy 1.26, torch and triton. One request at a time, each over a stream of its own.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import torch
from tritonclient.grpc import service_pb2

from bench.card import Card, measure_card
from bench.subject import arithmetic
from quartet_pipeline.repository import write_repository
from run_triton import KEEP_BUFFERS, SHARED_MEMORY

METHOD = "/inference.GRPCInferenceService/ModelStreamInfer"
READY_TIMEOUT_S = 150
MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Case:
    """What is asked, and how often."""

    title: str
    pictures: int
    steps: int
    scheduler: str
    repeats: int
    preview_every: int = 10
    speed: str = "exact"


CASES = (
    Case("four of 512x512, DDIM 50", 4, 50, "ddim", 100),
    Case("four of 512x512, DDIM 50, fast", 4, 50, "ddim", 30, speed="fast"),
    Case("one of 512x512, DDIM 50", 1, 50, "ddim", 10),
    Case("four of 512x512, DPM++ 2M 20", 4, 20, "dpmpp_2m", 10),
    Case("one of 512x512, DPM++ 2M 20", 1, 20, "dpmpp_2m", 10),
)


def request_of(case: Case, index: int) -> Any:
    seeds = np.arange(case.pictures, dtype=np.int64) + 1000 * index
    tensors: dict[str, tuple[str, list[int], bytes]] = {
        "prompt": text("a lighthouse at dusk"),
        "negative_prompt": text("blurry"),
        "seeds": ("INT64", [case.pictures], seeds.tobytes()),
        "steps": ("INT32", [1], np.int32(case.steps).tobytes()),
        "guidance_scale": ("FP32", [1], np.float32(7.5).tobytes()),
        "scheduler": text(case.scheduler),
        "size": ("INT32", [2], np.array([512, 512], np.int32).tobytes()),
        "speed": text(case.speed),
        "preview_every": ("INT32", [1], np.int32(case.preview_every).tobytes()),
    }
    request = service_pb2.ModelInferRequest(model_name="stable_diffusion", id=str(index))
    for name, (kind, shape, content) in tensors.items():
        request.inputs.add(name=name, datatype=kind, shape=shape)
        request.raw_input_contents.append(content)
    return request


def text(sentence: str) -> tuple[str, list[int], bytes]:
    encoded = sentence.encode()
    return "BYTES", [1], len(encoded).to_bytes(4, "little") + encoded


def ask(call: Any, request: Any) -> tuple[int, dict[str, Any]]:
    """The number of progress messages, and the last response's outputs by name."""
    progress = 0
    last: dict[str, Any] = {}
    for answer in call(iter([request])):
        if answer.error_message:
            raise RuntimeError(answer.error_message)
        response = answer.infer_response
        outputs = {
            output.name: (list(output.shape), content)
            for output, content in zip(response.outputs, response.raw_output_contents, strict=True)
        }
        if "images" in outputs:
            last = outputs
        elif outputs:
            progress += 1
    return progress, last


def measure(call: Any, case: Case, card: Card, seconds: float) -> dict[str, Any]:
    """Client times of a case in milliseconds, and what the model says it took."""
    for index in range(3):
        ask(call, request_of(case, 10_000 + index))
    clients, models, progress = [], [], 0
    begun = time.perf_counter()
    for index in range(case.repeats):
        started = time.perf_counter()
        progress, last = ask(call, request_of(case, index))
        clients.append((time.perf_counter() - started) * 1000)
        assert last["images"][0] == [case.pictures, 512, 512, 3]
        models.append(np.frombuffer(last["timings_ms"][1], np.float32).tolist())
        if time.perf_counter() - begun > seconds:
            break
    limit_ms = arithmetic(case.pictures, case.steps) / card.tera_per_second / 1e9
    own = sorted(client - model[3] for client, model in zip(clients, models, strict=True))
    ordered = sorted(clients)
    result = {
        "title": case.title,
        "requests": len(clients),
        "limit_ms": limit_ms,
        "p50_ms": quantile(ordered, 0.5),
        "p99_ms": quantile(ordered, 0.99),
        "min_ms": ordered[0],
        "max_ms": ordered[-1],
        "model_p50_ms": quantile(sorted(model[3] for model in models), 0.5),
        "triton_p50_ms": quantile(own, 0.5),
        "triton_max_ms": own[-1],
        "progress_messages": progress,
        "spans_ms": np.median(np.array(models), axis=0).tolist(),
        "clients_ms": clients,
    }
    print(
        f"{case.title}, through Triton, {len(clients)} requests: "
        f"p50 {result['p50_ms']:.1f} ms, p99 {result['p99_ms']:.1f}, {ordered[0]:.1f} to {ordered[-1]:.1f}; "
        f"{result['p50_ms'] / limit_ms:.2f} times the limit of {limit_ms:.0f} ms; "
        f"in the model {result['model_p50_ms']:.1f}, "
        f"Triton's part {result['triton_p50_ms']:.1f} (at most {own[-1]:.1f}); {progress} progress messages",
        flush=True,
    )
    return result


def quantile(ordered: Sequence[float], part: float) -> float:
    """The smallest that at least `part` of them do not exceed."""
    return ordered[max(0, int(np.ceil(part * len(ordered))) - 1)]


@contextmanager
def serving(server: Path, python: Path, repository: Path, log: Path) -> Iterator[str]:
    """A running server's address; raises when it ends or is not ready in time."""
    ports = free_ports()
    grpc_port, http_port, metrics_port = ports
    command = [
        str(server / "bin/tritonserver"),
        f"--model-repository={repository}",
        f"--backend-directory={server / 'backends'}",
        f"--cache-directory={server / 'caches'}",
        "--model-control-mode=explicit",
        "--load-model=stable_diffusion",
        "--backend-config=python,stub-timeout-seconds=300",
        # Two servers of one machine must not share what a crashed one left behind.
        f"--backend-config=python,shm-region-prefix-name=quartet-{os.getpid()}-",
        SHARED_MEMORY,
        "--exit-timeout-secs=5",
        "--allow-gpu-metrics=false",
        f"--grpc-port={grpc_port}",
        f"--http-port={http_port}",
        f"--metrics-port={metrics_port}",
    ]
    environment = {**os.environ, "PATH": f"{python / 'bin'}:{os.environ['PATH']}"}
    libraries = [str(server / "libs"), os.environ.get("LD_LIBRARY_PATH", "")]
    environment["LD_LIBRARY_PATH"] = ":".join(filter(None, libraries))
    environment.pop("PYTHONPATH", None)
    environment.update(KEEP_BUFFERS)
    with log.open("w") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not is_ready(http_port):
            if process.poll() is not None or time.monotonic() > deadline:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
                raise RuntimeError(f"The server is not ready (exit code {process.poll()}):\n{tail}")
            time.sleep(0.2)
        yield f"127.0.0.1:{grpc_port}"
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def free_ports() -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/models/stable_diffusion/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--server", type=Path, required=True)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--log", type=Path, default=Path("server.log"))
    parser.add_argument("--seconds", type=float, default=100, help="the most that one case may take")
    options = parser.parse_args()
    card = measure_card()
    torch.cuda.empty_cache()
    print(f"{card.name}: {card.tera_per_second:.0f} TFLOP/s", flush=True)
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        write_repository(Path(folder), [options.model])
        begun = time.perf_counter()
        with serving(options.server, options.python, Path(folder), options.log) as address:
            print(f"The server was ready after {time.perf_counter() - begun:.1f} s", flush=True)
            # A stream's window is 64 KiB otherwise, and grows while the pictures wait.
            limits = [("grpc.max_receive_message_length", MOST_BYTES), ("grpc.http2.lookahead_bytes", 2**24)]
            with grpc.insecure_channel(address, options=limits) as channel:
                call = channel.stream_stream(
                    METHOD,
                    request_serializer=service_pb2.ModelInferRequest.SerializeToString,
                    response_deserializer=service_pb2.ModelStreamInferResponse.FromString,
                )
                for case in CASES:
                    results.append(measure(call, case, card, options.seconds))
                    options.json.write_text(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
