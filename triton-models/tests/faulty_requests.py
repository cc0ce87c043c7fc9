"""Requests as they may come from a client with any fault, in the protocol's own message."""

import random
import struct
from dataclasses import dataclass, replace
from typing import Any

from quartet_pipeline.request import INPUTS
from quartet_pipeline.schedulers import SCHEDULERS

LONG = 100_000
SHORT_TEXTS = [
    *(b"", b" ", b"a", b"0", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"a red boat", b"../../etc/passwd", b"%s{0}\\"),
    *("é".encode(), "🛶 한국어 \u202e".encode()),
]
TEXTS = [
    *SHORT_TEXTS,
    *(b"a" * 2000, b"a" * 2001, "e\u0301".encode() * 500),
    *(b"a " * (LONG // 2), "🛶".encode() * (LONG // 4), b"\xff" * LONG, b"\x00" * LONG),
]
NUMBERS: dict[str, list[Any]] = {
    "INT32": [0, 1, -1, 2, 4, 8, 63, 64, 128, 151, 2**31 - 1, -(2**31)],
    "INT64": [0, 1, -1, 7, 2**32, 2**63 - 1, -(2**63)],
    "FP32": [0.0, -0.0, 0.5, 1.0, 7.5, 31.0, -1.0, 1e-45, 3e38, float("nan"), float("inf"), float("-inf")],
    "UINT8": [0, 255],
}
FORMATS = {"INT32": "i", "INT64": "q", "FP32": "f", "UINT8": "B"}
DATATYPES = ["BYTES", *FORMATS, "FP16", "BF16", "FP64", "BOOL", "UINT64", "", "NONE", "int32"]
LENGTHS = [-1, 0, 1, 2, 3, 4, 5, 64, 512, 2**31, 2**40, 2**62, 2**63 - 1, -(2**63)]


@dataclass
class Sent:
    """One input: its description and its bytes travel apart."""

    name: str
    datatype: str
    shape: list[int]
    raw: bytes | None


def text(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value


def numbers(datatype: str, values: list[Any]) -> bytes:
    return struct.pack(f"<{len(values)}{FORMATS[datatype]}", *values)


def whole(chance: random.Random) -> list[Sent]:
    """A request that can be drawn, at once: few steps of the tiny pipeline."""
    height, width = size = chance.choice([[64, 64], [64, 128]])
    seeds = [chance.randrange(2**40) for _ in range(chance.choice([1, 1, 1, 2, 4]))]
    picture = Sent("init_image", "UINT8", [height, width, 3], chance.randbytes(height * width * 3))
    strength = Sent("strength", "FP32", [1], numbers("FP32", [chance.choice([0.01, 0.5, 1])]))
    mask = Sent("mask", "UINT8", [height, width], chance.randbytes(height * width))
    optional = [
        [Sent("negative_prompt", "BYTES", [1], text(b"rain"))],
        [Sent("guidance_scale", "FP32", [1], numbers("FP32", [chance.choice([0, 1, 3, 30])]))],
        [Sent("scheduler", "BYTES", [1], text(chance.choice(list(SCHEDULERS)).encode()))],
        [Sent("model", "BYTES", [1], text(b"tiny-test-pipeline"))],
        [picture, strength, *chance.choice([[], [mask]])],
        [Sent("preview_every", "INT32", [1], numbers("INT32", [1]))],
        [Sent("speed", "BYTES", [1], text(chance.choice([b"exact", b"cutoff", b"fast"])))],
    ]
    chosen = chance.sample(optional, chance.randrange(len(optional)))
    return [
        Sent("prompt", "BYTES", [1], text(b"a red boat")),
        Sent("seeds", "INT64", [len(seeds)], numbers("INT64", seeds)),
        Sent("size", "INT32", [2], numbers("INT32", size)),
        Sent("steps", "INT32", [1], numbers("INT32", [chance.choice([1, 1, 2])])),
        *(sent for group in chosen for sent in group),
    ]


def unwanted(chance: random.Random) -> Sent:
    """An input of the contract that the pipeline cannot follow, in its right form."""
    return chance.choice(
        [
            Sent("mask", "UINT8", [64, 64], bytes(64 * 64)),
            Sent("control_image", "UINT8", [64, 64, 3], bytes(64 * 64 * 3)),
            Sent("control_scale", "FP32", [1], numbers("FP32", [0.5])),
            Sent("control", "BYTES", [1], text(b"canny")),
        ]
    )


def value(chance: random.Random, datatype: str, length: int) -> bytes:
    """Bytes of so many elements that somebody may send, the odd ones above all."""
    if datatype == "BYTES":
        return b"".join(text(chance.choice(TEXTS if length < 8 else SHORT_TEXTS)) for _ in range(length))
    if datatype not in FORMATS:
        return chance.randbytes(length * chance.choice([1, 2, 4, 8]))
    return numbers(datatype, [chance.choice(NUMBERS[datatype]) for _ in range(length)])


def anything(chance: random.Random) -> Sent:
    """An input of any name, type, shape and bytes; each of them is right now and then."""
    name = chance.choice([*INPUTS, *INPUTS, "unknown", "", "PROMPT", "x" * 1000])
    datatype = INPUTS[name].partition(" ")[0] if name in INPUTS and chance.random() < 0.7 else chance.choice(DATATYPES)
    shape = [chance.choice(LENGTHS) for _ in range(chance.choice([0, 1, 1, 1, 2, 3, 4, 40]))]
    length = 1
    for side in shape:
        length *= side
    fits = 0 <= length <= 4096 and chance.random() < 0.7
    return Sent(name, datatype, shape, value(chance, datatype, length if fits else chance.randrange(8)))


def faulty(chance: random.Random, sent: Sent) -> list[Sent]:
    """The input with one fault: what is to be sent in its place."""
    if chance.random() < 0.4:
        # What only the model itself can refuse: the right form, and a value that is not.
        return [replace(sent, raw=value(chance, sent.datatype, min(8, max(1, *sent.shape, 1))))]
    raw = sent.raw or b""
    longer = text(raw[4:])[:4] + raw[4:] + chance.randbytes(chance.randrange(1, 40))
    wrong_length = struct.pack("<I", chance.choice([0, 1, len(raw), 2**31, 2**32 - 1])) + raw[4:]
    return chance.choice(
        [
            [],
            [sent, sent],
            [sent, anything(chance)],
            [sent, unwanted(chance)],
            [replace(sent, name=chance.choice([*INPUTS, "unknown", ""]))],
            [replace(sent, datatype=chance.choice(DATATYPES))],
            [replace(sent, shape=[chance.choice(LENGTHS) for _ in range(chance.randrange(5))])],
            [replace(sent, shape=[*sent.shape, 1])],
            [replace(sent, raw=raw[: chance.randrange(len(raw) + 1)])],
            [replace(sent, raw=longer)],
            [replace(sent, raw=wrong_length)],
            [replace(sent, raw=chance.randbytes(len(raw)))],
            [replace(sent, raw=None)],
        ]
    )


def faulty_request(chance: random.Random) -> Any:
    """A mutated request with none to three faults, or one of any inputs at all."""
    if chance.random() < 0.2:
        return message(chance, [anything(chance) for _ in range(chance.randrange(9))])
    given = whole(chance)
    for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
        index = chance.randrange(len(given)) if given else 0
        given[index : index + 1] = faulty(chance, given[index]) if given else [anything(chance)]
    return message(chance, given)


def message(chance: random.Random, given: list[Sent]) -> Any:
    from tritonclient.grpc import service_pb2

    request = service_pb2.ModelInferRequest(model_name="stable_diffusion", id=str(chance.randrange(2**64)))
    # So that also whoever asks for no pictures is told when it is over.
    request.parameters["triton_enable_empty_final_response"].bool_param = True
    for sent in chance.sample(given, len(given)):
        request.inputs.add(name=sent.name, datatype=sent.datatype, shape=sent.shape)
        if sent.raw is not None:
            request.raw_input_contents.append(sent.raw)
    if chance.random() < 0.05:
        request.outputs.add(name=chance.choice(["images", "step", "unknown", ""]))
    if chance.random() < 0.03:
        request.raw_input_contents.append(chance.randbytes(chance.randrange(20)))
    return request
