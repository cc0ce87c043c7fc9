"""Starts a real Triton Inference Server here, without a container, with the small model: `npm run triton`.

The server is the `tritonserver` inside the wheel `nvidia-pytriton`. It and the few packages that the model needs are
put into `.triton/` once. What is imported here needs Python's own library only, so that any Python can run it.
"""

import argparse
import contextlib
import ctypes
import fcntl
import http.client
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

from quartet_pipeline.errors import ModelError
from quartet_pipeline.repository import SMALL_MODEL, write_repository
from quartet_pipeline.watch import Watch, keep_watching, load_in_triton, wait_until_live

HERE = Path(__file__).resolve().parent
HOME = HERE.parent / ".triton"
SERVER_WHEEL = "nvidia-pytriton==0.7.0"
# With numpy 2 this Triton's Python stub reads arrays with wrong strides.
PACKAGES = ["numpy==1.26.4", "onnxruntime==1.22.1", "tokenizers==0.21.4"]
# Models that were not exported are drawn by PyTorch; its Triton language, which our kernels are written in, is 3.4.
TORCH_PACKAGES = [PACKAGES[0], "torch==2.8.0", "safetensors==0.6.2"]
PYTHONS = ((3, 10), (3, 12))
EXIT_TIMEOUT_S = 5
# Room for four pictures of 1024x1024: growing it in mid-drawing takes longer.
SHARED_MEMORY = "--backend-config=python,shm-default-byte-size=67108864"
# Pictures pass through buffers of megabytes, which glibc would give back each time and take again page by page.
KEEP_BUFFERS = {"MALLOC_MMAP_THRESHOLD_": "67108864", "MALLOC_TRIM_THRESHOLD_": "268435456"}
PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


class CannotRunError(Exception):
    """Why Triton cannot run here, in a sentence."""


def check_machine() -> None:
    """Raises CannotRunError where the wheel or its packages would not run."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise CannotRunError(
            f"Expected Linux on x86-64, got {platform.system()} on {platform.machine()}: "
            "use the compose file in triton-models instead, or start the bot without TRITON_URLS."
        )
    least, most = PYTHONS
    if not least <= sys.version_info[:2] <= most:
        raise CannotRunError(
            f"Expected Python 3.{least[1]} to 3.{most[1]}, got {platform.python_version()}: "
            f"start it as `python3.{most[1]} triton-models/run_triton.py`."
        )
    library_folder()


def library_folder() -> str:
    """Where the shared library lies that the server's stub is linked against; empty where it is found anyway.

    A folder of the whole system must not come first: other versions of libraries that models use may lie there.
    """
    library = f"libpython3.{sys.version_info.minor}.so.1.0"
    folder = str(sysconfig.get_config_var("LIBDIR"))
    for found in ("", folder):
        try:
            ctypes.CDLL(str(Path(found) / library))
        except OSError:
            continue
        return found
    # A Python that was built without it cannot be embedded.
    raise CannotRunError(f"Expected {library} beside this Python; install its shared library.")


def prepare() -> None:
    """Fills `.triton/` unless it holds the same versions already; one process at a time."""
    wanted = {"server": SERVER_WHEEL, "packages": PACKAGES, "python": platform.python_version()}
    HOME.mkdir(exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_prepared(wanted):
            return
        print("Getting Triton (about 110 MB, once) ...", flush=True)
        for folder in ("python", "server", "download"):
            shutil.rmtree(HOME / folder, ignore_errors=True)
        run_quietly("make a virtual environment", sys.executable, "-m", "venv", str(HOME / "python"))
        pip = [str(HOME / "python/bin/python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        run_quietly("install the packages", *pip, "install", *PACKAGES)
        download = HOME / "download"
        run_quietly("get the server", *pip, "download", "--no-deps", "--dest", str(download), SERVER_WHEEL)
        unpack(next(download.glob("*.whl")))
        shutil.rmtree(download)
        (HOME / "ready.json").write_text(json.dumps({**wanted, "executable": sys.executable}))


def prepare_torch() -> None:
    """Adds PyTorch to `.triton/` unless it is there."""
    python = str(HOME / "python/bin/python")
    there = subprocess.run([python, "-c", "import torch, safetensors"], capture_output=True, check=False)
    if there.returncode != 0:
        print("Getting PyTorch (about 3 GB, once) ...", flush=True)
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        run_quietly("install PyTorch", *pip, "install", *TORCH_PACKAGES)


def is_prepared(wanted: Mapping[str, object]) -> bool:
    try:
        made = json.loads((HOME / "ready.json").read_text())
        return Path(made["executable"]).exists() and all(made.get(key) == value for key, value in wanted.items())
    except (OSError, ValueError, KeyError):
        return False


def run_quietly(what: str, *command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise CannotRunError(f"Could not {what}: {last}")


def unpack(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(HOME / "server")
    server = server_folder()
    stub = server / f"python_backend_stubs/3.{sys.version_info.minor}/triton_python_backend_stub"
    shutil.copy(stub, server / "backends/python")
    for program in (server / "bin/tritonserver", server / "backends/python/triton_python_backend_stub"):
        program.chmod(0o755)


def server_folder() -> Path:
    return HOME / "server/pytriton/tritonserver"


def command_line(options: argparse.Namespace, repository: Path, memory_prefix: str) -> list[str]:
    server = server_folder()
    command = [
        str(server / "bin/tritonserver"),
        f"--model-repository={repository}",
        f"--backend-directory={server / 'backends'}",
        f"--cache-directory={server / 'caches'}",
        "--model-control-mode=explicit",
        f"--exit-timeout-secs={EXIT_TIMEOUT_S}",
        f"--backend-config=python,shm-region-prefix-name={memory_prefix}",
        "--backend-config=python,stub-timeout-seconds=600",
        SHARED_MEMORY,
        f"--log-info={str(options.verbose).lower()}",
        # The small model runs on the CPU; without these, Triton complains about the GPU it does not find.
        "--allow-gpu-metrics=false",
        "--pinned-memory-pool-byte-size=0",
        # Chat may ping more often than Triton's default of five minutes allows.
        "--grpc-http2-min-recv-ping-interval-without-data=10000",
    ]
    if options.models is None:
        command.append("--load-model=stable_diffusion")
    for part in ("grpc", "http", "metrics"):
        command += [f"--{part}-port={getattr(options, f'{part}_port')}", f"--{part}-address={options.host}"]
    return command


def environment() -> dict[str, str]:
    inherited = dict(os.environ)
    libraries = [str(HOME / "server/nvidia_pytriton.libs"), library_folder(), inherited.get("LD_LIBRARY_PATH", "")]
    inherited["LD_LIBRARY_PATH"] = ":".join(filter(None, libraries))
    # Triton's embedded Python takes its packages from the environment that comes first here.
    inherited["PATH"] = f"{HOME / 'python/bin'}:{inherited.get('PATH', '')}"
    inherited |= KEEP_BUFFERS
    return inherited


def serve(options: argparse.Namespace, repository: Path) -> int:
    """Runs Triton until it ends or a signal asks for it; returns its exit code."""
    memory_prefix = f"quartet-{os.getpid()}-"
    c_library = ctypes.CDLL(None)
    process = subprocess.Popen(
        command_line(options, repository, memory_prefix),
        env=environment(),
        # A group of its own: Ctrl-C reaches Triton once, from here, and what it leaves behind can be ended.
        start_new_session=True,
        preexec_fn=lambda: c_library.prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL),
    )
    stopping_since: list[float] = []

    def stop(*_: object) -> None:
        if not stopping_since:
            stopping_since.append(time.monotonic())
            process.send_signal(signal.SIGTERM)
        else:
            process.kill()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    watching = watch_models(options, repository)
    ready = False
    while process.poll() is None:
        if not ready and not stopping_since and is_ready(options.host, options.http_port):
            ready = True
            url = f"grpc://{options.host}:{options.grpc_port}"
            print(f"Triton is ready (process {process.pid}). Use it with TRITON_URLS={url}", flush=True)
        if stopping_since and time.monotonic() - stopping_since[0] > EXIT_TIMEOUT_S + 3:
            process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    watching.set()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    remove_shared_memory()
    if process.returncode != 0 and not stopping_since:
        print(f"Triton ended with {process.returncode}; --verbose shows its log.", file=sys.stderr)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def watch_models(options: argparse.Namespace, repository: Path) -> threading.Event:
    """Serves the folders of `--models` as they come and go; returns what ends that."""
    stopping = threading.Event()
    if options.models is not None:
        url = f"http://{options.host}:{options.http_port}"
        watch = Watch(
            repository,
            options.models,
            lambda: load_in_triton(url),
            lambda line: print(line, flush=True),
            first=options.pipelines or [],
        )

        def run() -> None:
            wait_until_live(url, stopping)
            keep_watching(watch, stopping)

        threading.Thread(target=run, daemon=True).start()
    return stopping


def remove_shared_memory() -> None:
    """What Triton leaves behind when it is killed: of this process, and of others that are gone."""
    for left in Path("/dev/shm").glob("quartet-*-*"):
        owner = left.name.split("-")[1]
        if owner == str(os.getpid()) or not Path(f"/proc/{owner}").exists():
            left.unlink(missing_ok=True)


def is_ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/v2/models/stable_diffusion/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Start a real Triton with the small model, without a container.")
    parser.add_argument("--grpc-port", type=int, default=8001)
    parser.add_argument("--http-port", type=int, default=8000)
    parser.add_argument("--metrics-port", type=int, default=8002)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine only)")
    parser.add_argument(
        "--pipelines",
        type=Path,
        nargs="+",
        help="model folders to serve, the first of them by default (default: the small model)",
    )
    parser.add_argument("--models", type=Path, help="a directory whose folders are served, as they come and go")
    parser.add_argument("--torch", action="store_true", help="with PyTorch, for Stable Diffusion on a GPU")
    parser.add_argument("--prepare-only", action="store_true", help="get everything and do not start")
    parser.add_argument("--verbose", action="store_true", help="show Triton's own log")
    options = parser.parse_args()
    try:
        check_machine()
        prepare()
        if options.torch:
            prepare_torch()
        if options.prepare_only:
            return 0
        with tempfile.TemporaryDirectory(prefix="quartet-triton-") as folder:
            if options.models is None:
                write_repository(Path(folder), options.pipelines or [SMALL_MODEL])
            return serve(options, Path(folder))
    except (CannotRunError, ModelError) as error:
        print(f"Triton cannot run here. {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
