"""Notes in a file of choices whether launches that overlap were right and faster.

    python -m bench.pick_overlap CHOICES APART.json OVERLAPPED.json

The two results are those of `bench.loop --json`, without and with `--overlaps`.
"""

import json
import sys
from pathlib import Path

from quartet_pipeline.networks.kernels.shipped import read_choices, write_choices


def main() -> None:
    path = Path(sys.argv[1])
    apart, overlapped = (json.loads(Path(name).read_text()) for name in sys.argv[2:4])
    seconds = [sorted(one["four"]["seconds"])[len(one["four"]["seconds"]) // 2] for one in (apart, overlapped)]
    is_right = all(most == 0 for name, (most, *_) in overlapped["checks"].items() if "the same" in name)
    choices = read_choices(path)
    choices.overlaps = is_right and seconds[1] < seconds[0]
    write_choices(path, choices)
    print(f"apart {seconds[0]:.4f} s, overlapping {seconds[1]:.4f} s, right: {is_right}: {choices.overlaps}")


if __name__ == "__main__":
    main()
