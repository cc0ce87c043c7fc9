"""Train the small model from nothing: tokenizer, autoencoder, text encoder, denoiser, probe.

    python -m demo.train --out runs/demo

Uses every GPU of the machine, one process each. Every phase is bounded by minutes; a phase given 0 minutes is skipped
and its part is taken from the checkpoint in `--out`, so that training can be split over several runs (`--resume` goes
on with the denoiser that is there; `--model` makes that checkpoint from an exported folder).
"""

import argparse
import dataclasses
import random
import shutil
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from demo.bank import Captioned, CaptionWriters, to_bytes, to_signed
from demo.checkpoint import Checkpoint
from demo.networks import ModelConfig, PictureDecoder, PictureEncoder
from demo.probe import train_probe
from demo.render import render
from demo.sample import Pipeline
from demo.scenes import Scene, caption, full_caption, sample_scene
from demo.shipped import read_model
from demo.team import Team, run_team
from demo.tokenizer import encode, mirror_table, train_tokenizer
from demo.train_autoencoder import Autoencoder, AutoencoderSettings, measure_autoencoder, train_autoencoder
from demo.train_denoiser import Denoiser, DenoiserSettings, fill_latent_bank, fit_latent_rgb, train_denoiser
from demo.train_text import TextSettings, train_text_encoder


@dataclass(frozen=True)
class Settings:
    out: Path
    resume: bool = False
    model: Path | None = None
    """An exported folder to begin with instead of nothing."""
    probe_minutes: float = 2.0
    tokenizer_captions: int = 40_000
    vocabulary: int = 1024
    """At most; the captions' words need fewer."""
    config: ModelConfig = field(default_factory=ModelConfig)
    autoencoder: AutoencoderSettings = field(default_factory=AutoencoderSettings)
    text: TextSettings = field(default_factory=TextSettings)
    denoiser: DenoiserSettings = field(default_factory=DenoiserSettings)

    @property
    def checkpoint_folder(self) -> Path:
        return self.out / "checkpoint"


def work(team: Team, settings: Settings) -> None:
    """What each process does, from the tokenizer to the sample pictures."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    if team.leads:
        _prepare(settings)
    team.wait()
    checkpoint = Checkpoint.load(settings.checkpoint_folder)
    config = checkpoint.config
    writers = None
    if settings.denoiser.minutes > 0:
        writers = CaptionWriters(
            seed=1 + team.rank,
            count=settings.denoiser.scenes,
            captions=settings.denoiser.captions,
            tokenizer_folder=settings.checkpoint_folder,
            max_tokens=config.max_tokens,
        )
    if settings.autoencoder.minutes > 0:
        _autoencoder_phase(team, settings, checkpoint)
    if writers is not None:
        _denoiser_phase(team, settings, checkpoint, writers.result())
    if settings.probe_minutes > 0 and team.rank == team.size - 1:
        autoencode = _autoencode(checkpoint, team.device)
        train_probe(team.device, settings.probe_minutes, autoencode=autoencode).save(settings.out / "probe.npz")
    if team.leads and "unet" in checkpoint.weights:
        draw_overview(checkpoint, settings.out / "overview.jpg", team.device)
    team.wait()


def _prepare(settings: Settings) -> None:
    """Make the checkpoint folder with tokenizer and configuration, unless an earlier run has."""
    folder = settings.checkpoint_folder
    if (folder / "config.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if settings.model is not None:
        shipped = read_model(settings.model)
        shutil.copyfile(shipped.tokenizer_file, folder / "tokenizer.json")
        Checkpoint(folder, shipped.config, shipped.weights, shipped.statistics).save()
        return
    rng = random.Random(0)
    scenes = [sample_scene(rng) for _ in range(settings.tokenizer_captions // 2)]
    texts = (write(scene, rng) for scene in scenes for write in (caption, full_caption))
    tokenizer = train_tokenizer(texts, vocabulary=settings.vocabulary)
    tokenizer.save(str(folder / "tokenizer.json"))
    Checkpoint(folder, dataclasses.replace(settings.config, vocabulary=tokenizer.get_vocab_size())).save()


def _autoencoder_phase(team: Team, settings: Settings, checkpoint: Checkpoint) -> None:
    rng = random.Random(1000 + team.rank)
    scenes = [sample_scene(rng) for _ in range(settings.autoencoder.pictures)]
    log = settings.out / "autoencoder.csv"
    model = train_autoencoder(team, checkpoint.config, scenes, settings.autoencoder, log)
    checkpoint.weights["vae_encoder"] = model.encoder.state_dict()
    checkpoint.weights["vae_decoder"] = model.decoder.state_dict()
    if team.leads:
        pictures = render(
            _held_out(64 if team.device.type == "cuda" else 2),
            size=settings.autoencoder.picture_size,
            device=team.device,
        )
        psnr, drawn = measure_autoencoder(model, pictures)
        team.report(f"autoencoder: {psnr:.2f} dB on held-out pictures")
        checkpoint.statistics["autoencoder_psnr_db"] = round(psnr, 2)
        pairs = torch.stack([pictures[:6], drawn[:6]], dim=1).flatten(0, 1)
        _save_grid(pairs, settings.out / "reconstructions.jpg", columns=4)
        checkpoint.save()
    del model
    torch.cuda.empty_cache()
    team.wait()


def _denoiser_phase(team: Team, settings: Settings, checkpoint: Checkpoint, captioned: Captioned) -> None:
    start = time.monotonic()
    config = checkpoint.config
    encoder = PictureEncoder(config)
    encoder.load_state_dict({key: value.float() for key, value in checkpoint.weights["vae_encoder"].items()})
    mirror = torch.from_numpy(mirror_table(checkpoint.tokenizer))
    bank = fill_latent_bank(team, encoder, captioned, mirror, settings.denoiser)
    elapsed = time.monotonic() - start
    team.report(f"denoiser: {len(bank.latents)} and {len(bank.large)} large latents a process after {elapsed:.0f} s")
    if "scaling_factor" not in checkpoint.statistics:
        deviation = bank.latents[:4096].float().std()
        team.copy_from_lead([deviation])
        checkpoint.statistics["scaling_factor"] = round(1 / float(deviation), 5)
        pictures = render(_held_out(32), size=settings.denoiser.picture_size, device=team.device)
        with torch.no_grad():
            scaled = encoder(to_signed(pictures)) * checkpoint.statistics["scaling_factor"]
        checkpoint.statistics["latent_rgb"] = fit_latent_rgb(scaled, pictures)
    bank.latents.mul_(checkpoint.statistics["scaling_factor"])
    bank.large.mul_(checkpoint.statistics["scaling_factor"])
    torch.manual_seed(0)
    model = Denoiser(config)
    if not settings.resume:
        encoded = train_text_encoder(team, config, captioned, settings.text)
        model.text_encoder.load_state_dict(encoded.state_dict())
    else:
        model.text_encoder.load_state_dict(checkpoint.weights["text_encoder"])
        model.unet.load_state_dict(checkpoint.weights["unet"])

    def save(average: Denoiser) -> None:
        checkpoint.weights["text_encoder"] = average.text_encoder.state_dict()
        checkpoint.weights["unet"] = average.unet.state_dict()
        checkpoint.save()

    empty = torch.from_numpy(encode(checkpoint.tokenizer, [""], max_tokens=config.max_tokens))
    trained = train_denoiser(
        team,
        model,
        bank,
        empty,
        settings.denoiser,
        start=start,
        log_file=settings.out / "denoiser.csv",
        save=save,
    )
    if team.leads:
        save(trained)
    team.wait()


def draw_overview(checkpoint: Checkpoint, file: Path, device: torch.device) -> None:
    """A sheet of pictures drawn for held-out captions, to look at while training."""
    rng = random.Random(7)
    prompts = [caption(scene, rng) for scene in _held_out(32)]
    pipeline = Pipeline.from_checkpoint(checkpoint, device)
    pictures = pipeline.generate(prompts, list(range(len(prompts))), batch=32)
    _save_grid(torch.from_numpy(pictures).permute(0, 3, 1, 2), file, columns=8)
    file.with_suffix(".txt").write_text("\n".join(prompts) + "\n")


def _autoencode(checkpoint: Checkpoint, device: torch.device) -> "partial[Tensor]":
    """Pictures through the autoencoder and back, uint8 -> uint8: the probe must not mind what that does to them."""
    model = Autoencoder(checkpoint.config, latent_noise=0.0)
    for network, name in ((model.encoder, "vae_encoder"), (model.decoder, "vae_decoder")):
        network.load_state_dict({key: value.float() for key, value in checkpoint.weights[name].items()})
    return partial(_round_trip, model.encoder.eval().to(device), model.decoder.eval().to(device))


@torch.no_grad()
def _round_trip(encoder: PictureEncoder, decoder: PictureDecoder, pictures: Tensor) -> Tensor:
    with torch.autocast(pictures.device.type, torch.bfloat16, enabled=pictures.is_cuda):
        return to_bytes(decoder(encoder(to_signed(pictures))))


def _held_out(count: int) -> list[Scene]:
    rng = random.Random(42)
    return [sample_scene(rng, held_out=True) for _ in range(count)]


def _save_grid(pictures: Tensor, file: Path, *, columns: int) -> None:
    """Save uint8 [n, 3, h, w] as rows of `columns` pictures."""
    rows = [torch.cat(list(row), dim=2) for row in torch.split(pictures.cpu(), columns) if len(row) == columns]
    Image.fromarray(torch.cat(rows, dim=1).permute(1, 2, 0).numpy()).save(file, quality=88)


def smoke_settings(settings: Settings) -> Settings:
    """The same programme at a size that a CPU runs through in a minute or two; the result draws nothing."""
    config = ModelConfig(
        text_width=64, text_layers=1, unet_widths=(32, 64, 64), encoder_widths=(8, 8, 8), decoder_widths=(8, 8, 8)
    )
    return dataclasses.replace(
        settings,
        config=config,
        tokenizer_captions=2_000,
        text=TextSettings(minutes=0.1, batch=32),
        autoencoder=dataclasses.replace(
            settings.autoencoder, picture_size=128, crop_size=64, pictures=48, render_seconds=8, batch=4, compile=False
        ),
        denoiser=dataclasses.replace(
            settings.denoiser,
            picture_size=128,
            scenes=64,
            render_seconds=8,
            batch=8,
            large_batch=2,
            compile=False,
            save_seconds=5,
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="checkpoint, logs and sheets go here")
    parser.add_argument("--resume", action="store_true", help="go on with the denoiser of the checkpoint")
    parser.add_argument("--model", type=Path, help="begin with the weights of an exported folder, not from nothing")
    parser.add_argument("--autoencoder-minutes", type=float, default=AutoencoderSettings.minutes)
    parser.add_argument("--denoiser-minutes", type=float, default=DenoiserSettings.minutes)
    parser.add_argument("--probe-minutes", type=float, default=Settings.probe_minutes)
    parser.add_argument("--smoke", action="store_true", help="a tiny model, to see that everything runs")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="another setting of a phase, as in denoiser.learning_rate=6e-4; may be repeated",
    )
    arguments = parser.parse_args()
    settings = Settings(
        out=arguments.out,
        resume=arguments.resume,
        model=arguments.model,
        probe_minutes=arguments.probe_minutes,
        autoencoder=AutoencoderSettings(minutes=arguments.autoencoder_minutes),
        denoiser=DenoiserSettings(minutes=arguments.denoiser_minutes),
    )
    if arguments.smoke:
        settings = smoke_settings(settings)
    for assignment in arguments.set:
        try:
            settings = with_setting(settings, assignment)
        except ValueError as error:
            parser.error(str(error))
    run_team(work, settings)


def with_setting(settings: Settings, assignment: str) -> Settings:
    """`phase.field=number` applied; raises a ValueError that says what was expected."""
    name, _, number = assignment.partition("=")
    phase_name, _, field_name = name.partition(".")
    phases = {"autoencoder": settings.autoencoder, "text": settings.text, "denoiser": settings.denoiser}
    phase: Any = phases.get(phase_name)
    if not hasattr(phase, field_name):
        raise ValueError(f"Expected a setting of autoencoder, text or denoiser, got {name!r}.")
    kind = type(getattr(phase, field_name))
    changes: dict[str, Any] = {phase_name: dataclasses.replace(phase, **{field_name: kind(float(number))})}
    return dataclasses.replace(settings, **changes)


if __name__ == "__main__":
    main()
