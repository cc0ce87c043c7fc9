"""What a step of the captured loop does outside the networks, in plain PyTorch."""

from typing import Protocol

from torch import Tensor


class Sampler(Protocol):
    """Every tensor stays where it is: a captured step reads and writes the same ones each time."""

    def begin(self, step: Tensor, current: Tensor, times: Tensor, time: Tensor) -> None:
        """Copies the step's number to `current`, and its row of `times` to `time`."""

    def end(
        self,
        current: Tensor,
        step: Tensor,
        table: Tensor,
        scale: Tensor,
        output: Tensor,
        latents: Tensor,
        noise: Tensor,
        estimates: list[Tensor],
        sample: Tensor,
        difference: Tensor | None = None,
    ) -> None:
        """Guidance and one step of any scheduler (see `schedulers.Row`): new latents, the two newest estimates, the
        model's next sample, and the next step's number.

        `difference`, shaped like the latents, is what the prompt makes of the answer: a step that sees the negative
        prompt keeps it there, and one that does not takes it from there.
        """


class PlainSampler:
    """For every device."""

    def begin(self, step: Tensor, current: Tensor, times: Tensor, time: Tensor) -> None:
        current.copy_(step)
        time.copy_(times.index_select(0, step)[0])

    def end(
        self,
        current: Tensor,
        step: Tensor,
        table: Tensor,
        scale: Tensor,
        output: Tensor,
        latents: Tensor,
        noise: Tensor,
        estimates: list[Tensor],
        sample: Tensor,
        difference: Tensor | None = None,
    ) -> None:
        answer = output.float()
        if len(output) == 2 * len(latents):
            without, prompted = answer.chunk(2)
            change = prompted - without
            answer = without + scale * change
            if difference is not None:
                difference.copy_(change)
        elif difference is not None:
            answer = answer + (scale - 1) * difference
        row = table.index_select(0, current)[0]
        last, last_but_one = estimates
        guess = row[0] * latents + row[1] * answer
        following = row[2] * latents + row[3] * guess + row[4] * last + row[5] * last_but_one
        latents.copy_(following + row[6] * noise)
        last_but_one.copy_(last)
        last.copy_(guess)
        sample.copy_(latents.repeat(len(sample) // len(latents), 1, 1, 1))
        step.copy_(current + 1)
