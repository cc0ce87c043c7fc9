"""A real Triton, asked by NVIDIA's own client."""

import json
import queue
import random
import re
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quartet_pipeline.pipeline import draw, open_pipeline
from quartet_pipeline.request import INPUTS, Request
from tests.faulty_requests import faulty_request

grpc = pytest.importorskip("tritonclient.grpc", reason="needs tritonclient (the extra `test`)")

ROOT = Path(__file__).parents[2]
TINY = ROOT / "test/engines/onnx/tiny-pipeline"
DEMO = ROOT / "triton-models/demo/model"
DEADLINE_S = 60


@dataclass
class Triton:
    """A running server: the tiny pipeline is its default, the small model its second."""

    process: int
    grpc_url: str
    metrics_url: str

    def stub(self) -> int:
        """The process that runs our Python."""
        children = [stat.read_text().rpartition(")") for stat in Path("/proc").glob("[0-9]*/stat")]
        (found,) = [
            int(before.split()[0])
            for before, _, after in children
            if "triton_python" in before and int(after.split()[1]) == self.process
        ]
        return found

    def memory_mb(self) -> int:
        """What the server and our Python hold together."""
        statuses = [Path(f"/proc/{process}/status").read_text() for process in (self.process, self.stub())]
        return sum(int(status.partition("VmRSS:")[2].split()[0]) for status in statuses) // 1024

    def metric(self, line_starts_with: str) -> float:
        with urllib.request.urlopen(self.metrics_url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(line_starts_with))


@contextmanager
def running_triton(*options: str) -> Iterator[tuple[Triton, "queue.Queue[str]"]]:
    """A server of its own, and what it prints."""
    if not (ROOT / ".triton/ready.json").exists():
        pytest.skip("needs a Triton here: `npm run triton -- --prepare-only` gets it where it can run")
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    grpc_port, http_port, metrics_port = (each.getsockname()[1] for each in sockets)
    for each in sockets:
        each.close()
    python = json.loads((ROOT / ".triton/ready.json").read_text())["executable"]
    command = [python, str(ROOT / "triton-models/run_triton.py"), *options]
    ports = zip(("--grpc-port", "--http-port", "--metrics-port"), (grpc_port, http_port, metrics_port), strict=True)
    for name, port in ports:
        command += [name, str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        lines = read_lines(server)
        line = wait_for_line(lines, "Triton is ready")
        process = int(line.partition("process ")[2].partition(")")[0])
        yield Triton(process, f"127.0.0.1:{grpc_port}", f"http://127.0.0.1:{metrics_port}/metrics"), lines
    finally:
        server.terminate()
        assert server.wait(DEADLINE_S) == 0
    assert not Path(f"/proc/{process}").exists()


def read_lines(server: "subprocess.Popen[str]") -> "queue.Queue[str]":
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert server.stdout is not None
        for line in server.stdout:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines


def wait_for_line(lines: "queue.Queue[str]", part: str) -> str:
    while line := lines.get(timeout=DEADLINE_S):
        if part in line:
            return line
    raise AssertionError(f"Triton ended before it said {part!r}")


@pytest.fixture(scope="module")
def triton() -> Iterator[Triton]:
    with running_triton("--pipelines", str(TINY), str(DEMO)) as (running, _):
        yield running


@pytest.fixture
def client(triton: Triton) -> Iterator[Any]:
    client = grpc.InferenceServerClient(triton.grpc_url)
    yield client
    client.close()


def tensors(**changes: Any) -> dict[str, Any]:
    given = {"prompt": "a red boat", "seeds": [7], "size": [64, 64], "steps": [4], "guidance_scale": [3.0], **changes}
    return {name: as_array(name, value) for name, value in given.items()}


def as_array(name: str, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, str):
        return np.array([value.encode()], object)
    kinds = {"INT64": np.int64, "INT32": np.int32, "FP32": np.float32}
    return np.array(value, kinds[INPUTS[name].partition(" ")[0]])


def start(client: Any, given: dict[str, Any], times: int = 1) -> "queue.Queue[tuple[Any, Any]]":
    answers: queue.Queue[tuple[Any, Any]] = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for _ in range(times):
        send(client, given)
    return answers


def send(client: Any, given: dict[str, Any]) -> None:
    inputs = []
    for name, array in given.items():
        wire = {"O": "BYTES", "i": f"INT{array.itemsize * 8}", "f": f"FP{array.itemsize * 8}", "u": "UINT8"}
        inputs.append(grpc.InferInput(name, list(array.shape), wire[array.dtype.kind]))
        inputs[-1].set_data_from_numpy(array)
    client.async_stream_infer("stable_diffusion", inputs)


def ask(client: Any, given: dict[str, Any]) -> tuple[list[Any], Any, str | None]:
    """Progress, the last response, and the error's sentence."""
    answers = start(client, given)
    progress: list[Any] = []
    try:
        while True:
            result, error = answers.get(timeout=DEADLINE_S)
            if error is not None:
                return progress, None, error.message()
            if result.as_numpy("images") is not None:
                return progress, result, None
            progress.append(result)
    finally:
        client.stop_stream()


def test_is_ready_and_tells_what_it_can_draw(client: Any) -> None:
    assert client.is_model_ready("stable_diffusion")
    config = client.get_model_config("stable_diffusion", as_json=True)["config"]
    models = json.loads(config["parameters"]["quartet_description"]["string_value"])["models"]
    assert [model["id"] for model in models] == ["tiny-test-pipeline", "quartet-demo"]
    assert [model["speeds"] for model in models] == [["exact", "cutoff", "fast"]] * 2


def test_draws_with_progress_and_previews(client: Any) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    given = tensors(seeds=[7, 2**40], preview_every=[2], init_image=picture, strength=[0.75])
    progress, last, error = ask(client, given)
    assert error is None
    assert [(int(p.as_numpy("step")[0]), int(p.as_numpy("steps")[0])) for p in progress] == [(1, 3), (2, 3), (3, 3)]
    previews = [p.as_numpy("preview") for p in progress]
    assert [None if preview is None else preview.shape for preview in previews] == [None, (2, 64, 64, 3), None]
    request = Request("", "a red boat", "", (7, 2**40), 4, 3.0, "ddim", (64, 64), picture, 0.75, 0)
    ours = draw(open_pipeline(TINY, threads=1), request).images
    assert np.abs(last.as_numpy("images").astype(int) - ours).max() <= 1
    assert last.as_numpy("seeds").tolist() == [7, 2**40]
    assert last.as_numpy("unsafe").tolist() == [0, 0]
    timings = last.as_numpy("timings_ms")
    assert timings.shape == (4,)
    assert timings[:3].sum() == pytest.approx(timings[3], rel=1e-3)


@pytest.mark.skipif(not (DEMO / "unet.onnx").exists(), reason="needs the small model")
def test_draws_within_a_mask_and_keeps_the_rest(client: Any) -> None:
    picture = np.full((512, 512, 3), (200, 120, 40), np.uint8)
    mask = np.zeros((512, 512), np.uint8)
    mask[128:384, 64:256] = 255
    given = tensors(model="quartet-demo", size=[512, 512], steps=[3], init_image=picture, strength=[1.0], mask=mask)
    _, last, error = ask(client, given)
    assert error is None
    (drawn,) = last.as_numpy("images")
    np.testing.assert_array_equal(drawn[mask == 0], picture[mask == 0])
    assert np.abs(drawn[140:370, 76:244].astype(int) - picture[140:370, 76:244]).mean() > 5


def test_draws_faster_on_request(client: Any) -> None:
    _, exact, _ = ask(client, tensors())
    _, last, error = ask(client, tensors(speed="cutoff"))
    assert error is None
    request = Request("", "a red boat", "", (7,), 4, 3.0, "ddim", (64, 64), None, None, 0, speed="cutoff")
    ours = draw(open_pipeline(TINY, threads=1), request).images
    assert np.abs(last.as_numpy("images").astype(int) - ours).max() <= 1
    assert (last.as_numpy("images") != exact.as_numpy("images")).any()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"speed": "cached"}, "Expected `speed` to be one of exact, cutoff, fast, got 'cached'."),
        ({"steps": [900]}, "Expected `steps` to be a whole number from 1 to 150, got 900."),
        ({"scheduler": "eval"}, "Expected `scheduler` to be one of ddim, dpmpp_2m, unipc, euler, euler_ancestral"),
        ({"model": "other"}, "Expected `model` to be one of tiny-test-pipeline, quartet-demo, got 'other'."),
        ({"mask": np.zeros((64, 64), np.uint8)}, "Expected `mask` together with `init_image` and `strength`, got only"),
        ({"control_image": np.zeros((64, 64, 3), np.uint8)}, "because `tiny-test-pipeline` cannot follow one, got one"),
        ({"seeds": [1, 2, 3, 4, 5]}, "Expected 1 to 4 `seeds`, one a picture, got 5."),
        ({"steps": np.array([4], np.int64)}, "data-type is 'INT64', but model 'stable_diffusion' expects 'INT32'"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(client: Any, changes: dict[str, Any], sentence: str) -> None:
    _, _, error = ask(client, tensors(**changes))
    assert sentence in str(error)


@pytest.mark.skipif(not (DEMO / "unet.onnx").exists(), reason="needs the small model")
def test_a_drawing_stops_when_its_stream_is_cancelled(triton: Triton, client: Any) -> None:
    counted = ('quartet_drawings_total{outcome="cancelled"}', "quartet_steps_total")
    cancelled, steps = (triton.metric(name) for name in counted)
    long = tensors(model="quartet-demo", size=[512, 512], steps=[150], seeds=[1, 2, 3, 4])
    answers = start(client, long)
    result, error = answers.get(timeout=DEADLINE_S)
    assert error is None
    assert result.as_numpy("step").tolist() == [1]
    client.stop_stream(cancel_requests=True)
    # There is one instance: the next drawing can only be answered once this one has stopped.
    assert ask(client, tensors(steps=[1]))[2] is None
    assert triton.metric(counted[0]) == cancelled + 1
    # The first step, the one in which the word of the cancellation came, and the one of the drawing after it.
    assert triton.metric(counted[1]) <= steps + 3


def offered(client: Any) -> list[str]:
    config = client.get_model_config("stable_diffusion", as_json=True)["config"]
    models = json.loads(config["parameters"]["quartet_description"]["string_value"])["models"]
    return [model["id"] for model in models]


def test_a_model_that_appears_while_another_is_drawn_with_is_served_and_nothing_is_lost(tmp_path: Path) -> None:
    shutil.copytree(TINY, tmp_path / "models/tiny")
    with running_triton("--models", str(tmp_path / "models")) as (running, lines):
        client = grpc.InferenceServerClient(running.grpc_url)
        assert offered(client) == ["tiny-test-pipeline"]
        # One is drawn and others wait for as long as the models change.
        answers = start(client, tensors(steps=[50], seeds=[1, 2, 3, 4]), times=4)
        assert answers.get(timeout=DEADLINE_S)[1] is None
        shutil.copytree(TINY, tmp_path / "other")
        fields = json.loads((TINY / "pipeline.json").read_text())
        (tmp_path / "other/pipeline.json").write_text(json.dumps({**fields, "name": "Second"}))
        (tmp_path / "other").rename(tmp_path / "models/other")
        (tmp_path / "models/broken").mkdir()
        (tmp_path / "models/broken/pipeline.json").write_text("{}")
        told = ""
        drawn, sent = 0, 4
        while drawn < sent:
            result, error = answers.get(timeout=DEADLINE_S)
            assert error is None
            with suppress(queue.Empty):
                told += lines.get_nowait()
            if result.as_numpy("images") is not None:
                drawn += 1
                if "now: second, tiny-test-pipeline." not in told:
                    send(client, tensors(steps=[50], seeds=[1, 2, 3, 4]))
                    sent += 1
        client.stop_stream()
        assert sent > 4
        assert re.search(r"broken is left out\. .* lacks tokenizer\.json", told)
        assert offered(client) == ["second", "tiny-test-pipeline"]
        _, last, error = ask(client, tensors(model="second"))
        assert error is None
        _, same, _ = ask(client, tensors(model="tiny-test-pipeline"))
        np.testing.assert_array_equal(last.as_numpy("images"), same.as_numpy("images"))
        shutil.rmtree(tmp_path / "models/other")
        wait_for_line(lines, "Models that can be drawn with now: tiny-test-pipeline.")
        _, _, error = ask(client, tensors(model="second"))
        assert "Expected `model` to be one of tiny-test-pipeline, got 'second'." in str(error)
        client.close()


REQUESTS = 10_000
STREAMS = 4
# Together fewer than Triton's queue for the model holds: one that is full would refuse before anybody has looked.
IN_FLIGHT = 6


def send_faulty(url: str, seed: int, count: int) -> Counter[str]:
    """Sends so many over one stream, some at once, and counts what each was answered."""
    from grpc import insecure_channel
    from tritonclient.grpc import service_pb2_grpc

    chance = random.Random(seed)
    room = threading.Semaphore(IN_FLIGHT)
    outcomes: Counter[str] = Counter()

    def requests() -> Iterator[Any]:
        for _ in range(count):
            room.acquire()
            yield faulty_request(chance)

    with insecure_channel(url) as channel:
        service = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        for answer in service.ModelStreamInfer(requests(), timeout=10 * DEADLINE_S):
            if answer.error_message:
                assert len(answer.error_message) > 10
                assert not re.search("The drawing failed|maximum queue size", answer.error_message)
                outcomes["sentence"] += 1
            elif answer.infer_response.parameters["triton_final_response"].bool_param:
                outcomes["result"] += 1
            else:
                continue
            room.release()
    return outcomes


def test_10_000_faulty_requests_each_get_a_result_or_a_sentence_from_the_same_process(triton: Triton) -> None:
    stub = triton.stub()
    counted = [f'quartet_drawings_total{{outcome="{outcome}"}}' for outcome in ("failed", "refused")]
    failed, refused = (triton.metric(name) for name in counted)
    rounds = 5
    memory_mb, outcomes = [], Counter[str]()
    with ThreadPoolExecutor(STREAMS) as pool:
        for begun in range(rounds):
            seeds = range(begun * STREAMS, (begun + 1) * STREAMS)
            count = REQUESTS // rounds // STREAMS
            for found in pool.map(lambda seed, count=count: send_faulty(triton.grpc_url, seed, count), seeds):
                outcomes += found
            memory_mb.append(triton.memory_mb())
    assert outcomes.total() == REQUESTS
    assert min(outcomes.values()) > REQUESTS // 20
    assert triton.metric(counted[0]) == failed
    # Triton itself refuses what does not fit config.pbtxt; enough came through to the pipeline's own checks.
    assert triton.metric(counted[1]) > refused + REQUESTS // 10
    assert triton.stub() == stub
    # The first rounds find the largest requests there are, for which Triton's pools grow.
    assert memory_mb[-1] < memory_mb[2] + 16
