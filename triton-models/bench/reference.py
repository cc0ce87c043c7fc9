"""The reference's table on this card: diffusers, from its plain attention to a compiled UNet replayed as a CUDA graph.

    python -m bench.reference MODEL_FOLDER --seconds 150 --json out.json

Four pictures of 512x512, DDIM 50, guidance 7.5, half precision. Each row is written down as soon as it is there.
"""

import argparse
import importlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from bench.card import measure_card
from bench.subject import arithmetic

DEVICE = "cuda"


class Reference:
    """diffusers' pipeline over a model folder; the prompt goes through the text encoder each time."""

    def __init__(self, folder: Path) -> None:
        diffusers: Any = importlib.import_module("diffusers")
        transformers: Any = importlib.import_module("transformers")

        self.text_encoder: Any = transformers.CLIPTextModel.from_pretrained(folder / "text_encoder").half().to(DEVICE)
        self.unet: Any = diffusers.UNet2DConditionModel.from_pretrained(folder / "unet").half().to(DEVICE)
        self.vae: Any = diffusers.AutoencoderKL.from_pretrained(folder / "vae").half().to(DEVICE)
        self.scheduler: Any = diffusers.DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
            clip_sample=False, set_alpha_to_one=False, steps_offset=1,
        )  # fmt: skip
        self.pipeline: Any = diffusers.StableDiffusionPipeline(
            vae=self.vae, text_encoder=self.text_encoder, tokenizer=None, unet=self.unet, scheduler=self.scheduler,
            safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        )  # fmt: skip
        self.pipeline.set_progress_bar_config(disable=True)
        generator = torch.Generator().manual_seed(2)
        self.ids = torch.randint(0, 49_406, (2, 77), generator=generator).to(DEVICE)
        self.attention: Any = importlib.import_module("diffusers.models.attention_processor")

    @torch.no_grad()
    def draw(self) -> Any:
        texts = self.text_encoder(self.ids)[0]
        return self.pipeline(
            prompt_embeds=texts[1:], negative_prompt_embeds=texts[:1], num_images_per_prompt=4, height=512, width=512,
            num_inference_steps=50, guidance_scale=7.5, generator=torch.Generator(DEVICE).manual_seed(0),
            output_type="np",
        ).images  # fmt: skip

    @torch.no_grad()
    def parts_ms(self) -> dict[str, float]:
        """Text encoder, loop and decoder one by one, each the median of three."""
        texts = self.text_encoder(self.ids)[0]

        def denoise() -> Any:
            return self.pipeline(
                prompt_embeds=texts[1:], negative_prompt_embeds=texts[:1], num_images_per_prompt=4, height=512,
                width=512, num_inference_steps=50, guidance_scale=7.5,
                generator=torch.Generator(DEVICE).manual_seed(0), output_type="latent",
            ).images  # fmt: skip

        latents = denoise() / self.vae.config.scaling_factor
        runs = {
            "text encoder": lambda: self.text_encoder(self.ids),
            "loop": denoise,
            "decoder": lambda: self.vae.decode(latents, return_dict=False),
        }
        return {name: sorted(milliseconds(run) for _ in range(3))[1] for name, run in runs.items()}

    def vanilla(self) -> None:
        self.unet.set_attn_processor(self.attention.AttnProcessor())
        self.vae.set_attn_processor(self.attention.AttnProcessor())

    def sdpa(self) -> None:
        self.unet.set_attn_processor(self.attention.AttnProcessor2_0())
        self.vae.set_attn_processor(self.attention.AttnProcessor2_0())

    def channels_last(self) -> None:
        self.unet.to(memory_format=torch.channels_last)
        self.vae.to(memory_format=torch.channels_last)

    def compile(self) -> None:
        self.unet.forward = torch.compile(self.unet.forward, fullgraph=True, dynamic=False)

    def compile_decoder(self) -> None:
        self.vae.decode = torch.compile(self.vae.decode, dynamic=False)

    def graph(self) -> None:
        """Replays the compiled UNet: the same inputs in the same places."""
        forward = self.unet.forward
        sample = torch.randn(8, 4, 64, 64, device="cuda", dtype=torch.float16)
        timestep = torch.full((), 500, device="cuda", dtype=torch.int64)
        states = torch.randn(8, 77, 768, device="cuda", dtype=torch.float16)
        graph = torch.cuda.CUDAGraph()
        with torch.no_grad():
            for _ in range(2):
                forward(sample, timestep, encoder_hidden_states=states, return_dict=False)
            torch.cuda.synchronize()
            with torch.cuda.graph(graph):
                output = forward(sample, timestep, encoder_hidden_states=states, return_dict=False)

        def replay(given: Any, time: Any, encoder_hidden_states: Any, **_: Any) -> Any:
            sample.copy_(given)
            timestep.copy_(time)
            states.copy_(encoder_hidden_states)
            graph.replay()
            return (output[0].clone(),)

        self.unet.forward = replay


def milliseconds(run: Callable[[], Any]) -> float:
    torch.cuda.synchronize()
    started = time.perf_counter()
    run()
    torch.cuda.synchronize()
    return (time.perf_counter() - started) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=150, help="no row begins after this")
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    begun = time.perf_counter()
    card = measure_card()
    torch.cuda.empty_cache()
    limit = arithmetic(4, 50) / card.tera_per_second / 1e12
    print(f"{card.name}: {card.tera_per_second:.0f} TFLOP/s, so at least {limit:.3f} s", flush=True)
    reference = Reference(options.folder)
    print(f"diffusers is loaded after {time.perf_counter() - begun:.0f} s", flush=True)
    rows: dict[str, Any] = {}
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("vanilla attention", reference.vanilla),
        ("SDPA", reference.sdpa),
        ("SDPA, channels last", reference.channels_last),
        ("SDPA, channels last, compiled UNet", reference.compile),
        ("SDPA, channels last, compiled UNet as a CUDA graph", reference.graph),
        ("the same, compiled decoder", reference.compile_decoder),
    )
    for title, change in steps:
        if time.perf_counter() - begun > options.seconds:
            print(f"{title}: no time left", flush=True)
            continue
        try:
            started = time.perf_counter()
            change()
            reference.draw()
            ready = time.perf_counter() - started
            torch.cuda.reset_peak_memory_stats()
            seconds = [milliseconds(reference.draw) / 1000 for _ in range(3)]
            peak = torch.cuda.max_memory_allocated() / 1e9
            parts = reference.parts_ms()
        except Exception as problem:  # The other rows are still worth having.
            print(f"{title}: {type(problem).__name__}: {str(problem)[:300]}", flush=True)
            rows[title] = {"problem": str(problem)[:1000]}
        else:
            middle = sorted(seconds)[1]
            print(
                f"{title}: {middle:.3f} s ({min(seconds):.3f} to {max(seconds):.3f}), "
                f"{middle / limit:.2f} times the limit; ready after {ready:.0f} s; "
                f"{peak:.1f} GB; {', '.join(f'{name} {part:.1f}' for name, part in parts.items())} ms",
                flush=True,
            )
            rows[title] = {"seconds": seconds, "limit": limit, "ready_s": ready, "peak_gb": peak, "parts_ms": parts}
        options.json.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
