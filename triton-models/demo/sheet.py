"""The pictures of the model card: a sheet of prompts with what the model draws for them, and the curves of training.

python -m demo.sheet --out demo/card/sheet.webp
python -m demo.sheet --curves demo/card --out demo/card/curves.png
"""

import argparse
import csv
import textwrap
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

PROMPTS: Final[tuple[str, ...]] = (
    "a red lighthouse by the sea at dusk",
    "two white boats on a lake, in front of mountains",
    "a yellow house in the snow at night, under the stars",
    "three pines in winter with falling snow",
    "a windmill in a meadow in spring, with a rainbow",
    "a castle on a hill at dawn, in the mist",
    "a pink hot air balloon on the left, over the sea",
    "a cactus in the desert at sunset",
    "a rocket on the right, at night, with a moon",
    "a blue whale on the ocean in the rain",
    "a green car in autumn, in the hills",
    "an orange tent in the forest by moonlight",
    "two mushrooms in the woods",
    "a snowman in winter, with the sun",
    "three purple flowers in a meadow, watercolour",
    "a black cat at night, with a moon, neon",
    "a sailing boat at sea, as a woodcut",
    "a tree by a lake in autumn, pixel art",
    "mountains at dawn, watercolour",
    "a neon sign of a lighthouse in the rain",
    "white bird, clouds, sea, day",
    "sand dunes under a starry sky",
    "in the fog, by the lake, a red house on the right",
    "two orange balloons at sunrise, travel poster",
)
TILE: Final = 256
CAPTION: Final = 40
COLUMNS: Final = 6


def draw_sheet(pictures: NDArray[np.uint8], prompts: tuple[str, ...]) -> Image.Image:
    """Pictures uint8 [n, h, w, 3] in rows, each with its prompt beneath."""
    rows = -(-len(prompts) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * TILE, rows * (TILE + CAPTION)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for index, (picture, prompt) in enumerate(zip(pictures, prompts, strict=True)):
        left, top = index % COLUMNS * TILE, index // COLUMNS * (TILE + CAPTION)
        sheet.paste(
            Image.fromarray(picture).resize((TILE - 4, TILE - 4), Image.Resampling.LANCZOS), (left + 2, top + 2)
        )
        draw.multiline_text((left + 4, top + TILE), textwrap.fill(prompt, 40), fill="black", font=font, spacing=1)
    return sheet


def draw_curves(folder: Path, out: Path) -> None:
    """Plot what training logged in `folder`: autoencoder.csv and denoiser.csv."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, file, column, title in (
        (left, "autoencoder.csv", "psnr_db", "autoencoder: PSNR of noisy crops, dB"),
        (right, "denoiser.csv", "loss", "denoiser: squared error of the velocity"),
    ):
        with (folder / file).open() as rows:
            points = [(float(row["seconds"]) / 60, float(row[column])) for row in csv.DictReader(rows)]
        axes.plot(*zip(*points, strict=True))
        axes.set(title=title, xlabel="minutes")
        axes.grid(alpha=0.3)
    figure.savefig(out, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path(__file__).parent / "model")
    parser.add_argument("--curves", type=Path, help="a folder with training logs, instead of the sheet")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.curves:
        draw_curves(arguments.curves, arguments.out)
        return
    from demo.sample import Pipeline

    seeds = [arguments.seed + index for index in range(len(PROMPTS))]
    pictures = Pipeline(arguments.model).generate(PROMPTS, seeds, arguments.steps, arguments.guidance)
    draw_sheet(pictures, PROMPTS).save(arguments.out, quality=85)


if __name__ == "__main__":
    main()
