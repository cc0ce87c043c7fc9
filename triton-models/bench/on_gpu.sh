#!/usr/bin/env bash
# on_gpu.sh [PART...]: measures on one card, in under ten minutes, our loop (loop), the same through a real Triton
# (served), and diffusers (reference); and only when asked for, fast modes (fast), other models and LoRA (swap), masks and
# controls (conditions), memory (small). Needs .carry/ (pack_for_gpu.sh). Results go to $OUT.
set -u
models="$(cd "$(dirname "$0")/.." && pwd)"
carry="$models/../.carry"
out="${OUT:-$models/../bench-results}"
mkdir -p "$out" && out="$(cd "$out" && pwd)" && cd "$models" || exit 1
export PYTHONUNBUFFERED=1 PYTHONPATH="$models" QUARTET_CHOICES="$out/choices.json"
SECONDS=0
readonly MOST_S="${MOST_S:-530}"

parts=" ${*:-loop served reference} "

is_asked() { [[ "$parts" == *" $1 "* ]]; }

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
    python3 -c 'import torch, triton, grpc, safetensors; print(torch.__version__, torch.backends.cudnn.version(), triton.__version__, grpc.__version__)'
    PYTHONPATH=/tmp/quartet/site:$PYTHONPATH python3 -c 'import bench.through_triton, diffusers, transformers; print("client and diffusers", diffusers.__version__, transformers.__version__)'
    env -u PYTHONPATH LD_LIBRARY_PATH="/tmp/quartet/server/libs:${LD_LIBRARY_PATH:-}" /tmp/quartet/python/bin/python3 -c 'import numpy, torch, triton, tokenizers, safetensors.torch; print("server: numpy", numpy.__version__, "cuDNN", torch.backends.cudnn.version(), torch.from_numpy(numpy.ones(3)).sum().item(), torch.ones(3).numpy().sum())'
    LD_LIBRARY_PATH=/tmp/quartet/server/libs ldd /tmp/quartet/server/bin/tritonserver /tmp/quartet/server/backends/python/triton_python_backend_stub | grep -E 'not found|libpython' || true
}

log "unpacking"
unpack 2>&1 | tee -a "$out/log.txt"
checks 2>&1 | tee -a "$out/log.txt"

client="/tmp/quartet/site:$models"
is_asked loop && part "our loop" 200 python3 -m bench.loop --skip exact compile --json "$out/loop.json"
if is_asked served || is_asked reference; then
    part "random weights" 60 env PYTHONPATH="$client" python3 -m bench.random_model /tmp/quartet/model /tmp/quartet/tokenizer.json
fi
is_asked served && part "through Triton" 190 env PYTHONPATH="$client" MALLOC_MMAP_THRESHOLD_=67108864 MALLOC_TRIM_THRESHOLD_=268435456 python3 -m bench.through_triton /tmp/quartet/model \
    --server /tmp/quartet/server --python /tmp/quartet/python --json "$out/served.json" --log "$out/server.log" --seconds 95
is_asked reference &&
    part "diffusers" 200 env PYTHONPATH="$client" python3 -m bench.reference /tmp/quartet/model --seconds 150 --json "$out/reference.json"
is_asked fast && part "fast modes" 230 python3 -m bench.fast_modes --speed --seconds 200 --json "$out/fast.json"
is_asked swap && part "other models" 150 python3 -m bench.model_swap --seconds 140 --json "$out/swap.json"
is_asked conditions && part "masks and controls" 120 python3 -m bench.conditions --seconds 90 --json "$out/conditions.json"
is_asked small && part "memory" 120 python3 -m bench.small_cards --seconds 40 --json "$out/small.json"
log "done"
