"""Makes ready ahead of time what the first start on a machine would wait for.

    python -m quartet_pipeline.prepare MODEL_FOLDER ...

On a GPU that is: which way is fastest for each shape (kept in the file that QUARTET_CHOICES names, or under
XDG_CACHE_HOME) and the compiled kernels (kept in the folder that TRITON_CACHE_DIR names, or ~/.triton). Keep both, in
an image or on a volume, and every later start finds them.
"""

import argparse
import time
from pathlib import Path

from quartet_pipeline.pipeline import open_pipeline, warm_up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    for folder in parser.parse_args().folders:
        begun = time.perf_counter()
        warm_up(open_pipeline(folder))
        print(f"{folder} is ready after {time.perf_counter() - begun:.1f} s.", flush=True)


if __name__ == "__main__":
    main()
