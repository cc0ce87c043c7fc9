"""The fast modes: what each loses, and how fast it is.

python -m bench.fast_modes --loss --minutes 10    # of the small model's pictures, on one core of a CPU
python -m bench.fast_modes --speed --json x.json  # on the shape of Stable Diffusion 1.5, on a GPU
"""

import argparse
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loss", action="store_true")
    parser.add_argument("--minutes", type=float, default=10, help="of --loss")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--seconds", type=float, default=150, help="of --speed, measuring and capturing included")
    parser.add_argument("--json", type=Path, help="by default beside this file, for --loss")
    parser.add_argument("--sheet", type=Path, default=RESULTS / "fast-modes.webp", help="pictures of --loss")
    options = parser.parse_args()
    # Each needs what the other does without.
    if options.loss:
        from bench.fast_loss import measure_loss

        measure_loss(options.minutes, options.json or RESULTS / "fast-loss.json", options.sheet)
    if options.speed:
        from bench.fast_speed import measure_speed, open_networks

        measure_speed(open_networks(), options.seconds, options.json)
    if not options.loss and not options.speed:
        parser.error("Expected --loss or --speed, got neither.")


if __name__ == "__main__":
    main()
