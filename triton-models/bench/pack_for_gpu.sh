#!/usr/bin/env bash
# Fills .carry/ at the repository's root: what on_gpu.sh needs on a machine with a GPU, PyTorch and no way to the outside.
# Expects a server in .triton/ (run_triton.py --prepare-only). Python 3.12 there; about 30 MB.
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
carry="$root/.carry"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
rm -rf "$carry" && mkdir -p "$carry"

server="$root/.triton/server"
from="$server/pytriton/tritonserver"
mkdir -p "$work/server/bin" "$work/server/backends/python" "$work/server/libs" "$work/server/caches"
cp "$from/bin/tritonserver" "$work/server/bin/"
cp "$from"/backends/python/{libtriton_python.so,triton_python_backend_utils.py} "$work/server/backends/python/"
cp "$from/python_backend_stubs/3.12/triton_python_backend_stub" "$work/server/backends/python/"
# Other Pythons' libraries stay here.
find "$server/nvidia_pytriton.libs" -name '*.so*' ! -name 'libpython*' -exec cp {} "$work/server/libs/" \;
find "$work/server" -type f -exec chmod 755 {} +
tar -C "$work" -c server | xz -T2 -6 > "$carry/server.tar.xz"

download() {
    python3 -m pip download -q --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
        -d "$work/wheels" "$@"
}
download numpy==1.26.4 diffusers==0.42.1 importlib_metadata protobuf==6.33.6
mkdir "$work/old-numpy" "$work/site"
python3 -m zipfile -e "$work"/wheels/numpy-*.whl "$work/old-numpy"
find "$work/old-numpy" -type d -name tests -prune -exec rm -rf {} +
tar -C "$work" -c old-numpy | xz -T2 -6 > "$carry/numpy.tar.xz"
for wheel in diffusers importlib_metadata protobuf; do
    python3 -m zipfile -e "$work/wheels/$wheel"-*.whl "$work/site"
done
# Of NVIDIA's client, the messages only.
client="$("$root/.venv/bin/python" -c 'import tritonclient.grpc as g, pathlib; print(pathlib.Path(g.__file__).parent)')"
mkdir -p "$work/site/tritonclient/grpc"
touch "$work/site/tritonclient/__init__.py" "$work/site/tritonclient/grpc/__init__.py"
cp "$client"/{service_pb2,model_config_pb2}.py "$work/site/tritonclient/grpc/"
tar -C "$work" -c site | xz -T2 -6 > "$carry/site.tar.xz"
cp "$root/triton-models/demo/model/tokenizer.json" "$carry/"
du -sh "$carry"/* "$carry"
