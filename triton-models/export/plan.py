"""Says before a build whether it fits on a card, and what would fit instead. Needs no GPU and no weights.

    python -m export.plan [--card T4 | A10 | A100 | GIBIBYTES] [--counts 1 4] [--size 512 512] MODEL

Without `--card`: the card of this machine, or all that it knows. Exits with 1 where the plans asked for do not fit.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from export.cards import (
    CARDS,
    GIB,
    KEPT_FREE,
    WORKSPACES,
    Budget,
    Card,
    Choice,
    GraphNeeds,
    budget,
    fits,
    fitting_choices,
)
from export.memory import measure
from export.trace import OPERATIONS, trace
from quartet_pipeline.description import Size
from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.weights import StableDiffusion, make_networks, read_configs
from quartet_pipeline.plans.folder import batches

MOST_PICTURES = 4
AMPERE = 8


def describe_networks(path: Path, dtype: torch.dtype = torch.float16) -> StableDiffusion:
    """The networks of a model without their numbers: shapes are enough here."""
    if not path.exists():
        raise ModelError(f"Expected {path} to be a diffusers folder or a file, got nothing there.")
    networks = make_networks(read_configs(path), OPERATIONS)
    for network in networks.parts().values():
        network.to(dtype)
    return networks


def graph_needs(networks: StableDiffusion, counts: Sequence[int], size: Size) -> GraphNeeds:
    """What each graph needs, from its shapes."""
    needs = {}
    for part, each in batches(counts).items():
        for batch in each:
            model = trace(networks, part, batch, size).to_model("", {})
            fused, apart = (measure(model, is_attention_fused=is_fused) for is_fused in (True, False))
            needs[part, batch] = fused, apart
    return needs


def found_card() -> Card | None:
    """The card of this machine, with what is free on it now."""
    if not torch.cuda.is_available():
        return None
    free, _ = torch.cuda.mem_get_info()
    major, _ = torch.cuda.get_device_capability()
    return Card(torch.cuda.get_device_name(), free, major >= AMPERE)


def named_card(name: str) -> Card:
    try:
        return CARDS[name] if name in CARDS else Card(f"a card with {name} GiB", int(float(name) * GIB), True)
    except ValueError as error:
        raise ModelError(f"Expected a card to be {', '.join(CARDS)} or a number of GiB, got {name!r}.") from error


def report(needs: GraphNeeds, counts: Sequence[int], card: Card) -> tuple[list[str], bool]:
    """Lines for people, and whether what was asked for fits as it is."""
    wanted = Choice(tuple(sorted(set(counts))), WORKSPACES[0])
    taken = budget(needs, wanted, card)
    is_fitting = fits(taken, card)
    lines = [
        f"{card.name}: {_gib(card.bytes)}, attention counted as {'one kernel' if card.fuses_attention else 'apart'}",
        f"  plans for {_counts(wanted.counts)}, workspace {_gib(wanted.workspace)}",
        *_lines(taken, card),
    ]
    if is_fitting:
        return [*lines, "  fits."], True
    choices = fitting_choices(needs, counts, card)
    if not choices:
        return [*lines, "  does not fit, nor does less. The torch engine draws there: `engine: torch`."], False
    lines.append("  does not fit. This does:")
    for choice in choices:
        command = f"--counts {' '.join(map(str, choice.counts))} --workspace {choice.workspace / GIB:g}"
        lines += [f"  {command}", *_lines(budget(needs, choice, card), card)]
    if max(choices[0].counts) < max(counts):
        lines.append("  Larger requests are then drawn by the torch engine, which needs no plans: `engine: torch`.")
    return lines, False


def _lines(taken: Budget, card: Card) -> list[str]:
    spare = int((1 - KEPT_FREE) * card.bytes) - max(taken.running, taken.building)
    return [
        f"    drawing  {_gib(taken.running):>9}  = weights {_gib(taken.weights)} + shared scratch {_gib(taken.scratch)}"
        f" + buffers {_gib(taken.buffers)} + context",
        f"    building {_gib(taken.building):>9}, the largest plan alone on the card",
        f"    {'spare' if spare >= 0 else 'lacking'}  {_gib(abs(spare)):>9}, with a tenth of the card kept free",
    ]


def _gib(size: int) -> str:
    return f"{size / GIB:.2f} GiB"


def _counts(counts: Sequence[int]) -> str:
    return f"{' or '.join(map(str, counts))} picture{'s' if max(counts) > 1 else ''} at once"


def main() -> None:
    parser = argparse.ArgumentParser(description="Say before a build whether it fits on a card.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--card", help=f"{', '.join(CARDS)}, or a number of GiB")
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 4], choices=range(1, MOST_PICTURES + 1))
    parser.add_argument("--size", type=int, nargs=2, default=(512, 512), metavar=("HEIGHT", "WIDTH"))
    options = parser.parse_args()
    here = found_card()
    cards = [named_card(options.card)] if options.card else [here] if here else list(CARDS.values())
    needs = graph_needs(describe_networks(options.model), range(1, max(options.counts) + 1), tuple(options.size))
    print("Each graph, in MiB: weights, then what is alive at once with attention fused, and with it apart")
    for part, each in batches(options.counts).items():
        for batch in each:
            fused, apart = needs[part, batch]
            sizes = (fused.weights, fused.activations, apart.activations)
            columns = "".join(f"{size / 2**20:>9.1f}" for size in sizes)
            print(f"  {part + '-' + str(batch):<15}{columns}  most in {apart.where}")
    reports = [report(needs, options.counts, card) for card in cards]
    print("\n".join(line for lines, _ in reports for line in lines))
    sys.exit(0 if all(is_fitting for _, is_fitting in reports) else 1)


if __name__ == "__main__":
    main()
