#!/usr/bin/env bash
# Measures everything on one card in under nine minutes: our loop, the same with overlapping launches in a second
# process, through a real Triton, and diffusers. Needs .carry/ (pack_for_gpu.sh). Results go to $OUT.
set -u
models="$(cd "$(dirname "$0")/.." && pwd)"
carry="$models/../.carry"
out="${OUT:-$models/../bench-results}"
mkdir -p "$out" && out="$(cd "$out" && pwd)" && cd "$models" || exit 1
export PYTHONUNBUFFERED=1 PYTHONPATH="$models" QUARTET_CHOICES="$out/choices.json"
SECONDS=0
readonly MOST_S=530

log() { echo "[$SECONDS s] $*" | tee -a "$out/log.txt"; }

# part TITLE MOST_SECONDS COMMAND...: bounded by itself and by what is left.
part() {
    local title="$1" most="$2" left=$((MOST_S - SECONDS))
    shift 2
    if ((left < 10)); then log "$title: no time left"; return 1; fi
    log "$title"
    timeout -k 5 "$((most < left ? most : left))" "$@" 2>&1 | grep --line-buffered -v 'Warning\|_warn_once' | tee -a "$out/log.txt"
    local code="${PIPESTATUS[0]}"
    ((code == 0)) || log "$title: ended with $code"
    return "$code"
}

unpack() {
    mkdir -p /tmp/quartet
    for archive in server numpy site; do tar -C /tmp/quartet -xJf "$carry/$archive.tar.xz"; done
    cp "$carry/tokenizer.json" /tmp/quartet/
    # The server's Python: an old numpy beside this machine's packages, without those that need a newer one.
    python3 -m venv --without-pip /tmp/quartet/python
    local packages theirs
    packages="$(echo /tmp/quartet/python/lib/python3.*/site-packages)"
    theirs="$(python3 -c 'import pathlib, torch; print(pathlib.Path(torch.__file__).parents[1])')"
    mv /tmp/quartet/old-numpy/* "$packages/"
    for one in "$theirs"/*; do
        case "$(basename "$one")" in
            numpy* | scipy* | transformers* | numba* | pandas* | sklearn* | scikit* | *.pth) ;;
            *) ln -sfn "$one" "$packages/" ;;
        esac
    done
}

checks() {
    nvidia-smi --query-gpu=name,driver_version,clocks.max.sm --format=csv,noheader
    python3 -c 'import torch, triton, grpc, safetensors; print(torch.__version__, triton.__version__, grpc.__version__)'
    PYTHONPATH=/tmp/quartet/site:$PYTHONPATH python3 -c 'import bench.through_triton, diffusers, transformers; print("client and diffusers", diffusers.__version__, transformers.__version__)'
    env -u PYTHONPATH /tmp/quartet/python/bin/python3 -c 'import numpy, torch, triton, tokenizers, safetensors.torch; print("server: numpy", numpy.__version__, torch.from_numpy(numpy.ones(3)).sum().item(), torch.ones(3).numpy().sum())'
    LD_LIBRARY_PATH="/tmp/quartet/server/libs:$PYTHON_LIBRARY_FOLDER" ldd /tmp/quartet/server/bin/tritonserver /tmp/quartet/server/backends/python/triton_python_backend_stub | grep -E 'not found|libpython' || true
}

log "unpacking"
unpack 2>&1 | tee -a "$out/log.txt"
library="$(find / -name 'libpython3.12.so.1.0' -not -path '/proc/*' 2>/dev/null | head -1)"
export PYTHON_LIBRARY_FOLDER="${library%/*}"
log "libpython: ${library:-none}"
checks 2>&1 | tee -a "$out/log.txt"

part "our loop, measured anew" 170 python3 -m bench.loop --skip exact compile --json "$out/loop.json"
cp "$QUARTET_CHOICES" /tmp/quartet/apart.json

client="/tmp/quartet/site:$models"
part "random weights" 60 env PYTHONPATH="$client" python3 -m bench.random_model /tmp/quartet/model /tmp/quartet/tokenizer.json &&
    part "through Triton" 190 env PYTHONPATH="$client" python3 -m bench.through_triton /tmp/quartet/model \
        --server /tmp/quartet/server --python /tmp/quartet/python --json "$out/served.json" --log "$out/server.log" \
        --seconds 95

part "a second process, launches overlapping" 80 \
    python3 -m bench.loop --overlaps --skip card exact profile compile --json "$out/overlap.json" &&
    part "which is better" 20 python3 -m bench.pick_overlap "$QUARTET_CHOICES" "$out/loop.json" "$out/overlap.json" ||
    cp /tmp/quartet/apart.json "$QUARTET_CHOICES"

part "diffusers" 180 env PYTHONPATH="$client" python3 -m bench.reference /tmp/quartet/model --seconds 110 --json "$out/reference.json"
log "done"
