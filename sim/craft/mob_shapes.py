"""Mobs as boxes: a body, legs and a head each, in sixteenths of a metre around the feet, z forward."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

PLAIN, EYES, CREEPER_FACE, SPIDER_EYES, PATCHES, FLEECE, MOTTLED = range(7)

Box = tuple[float, float, float, float, float, float]  # x0, y0, z0, x1, y1, z1
Part = tuple[Box, tuple[int, int, int], int]


class MobShapes(NamedTuple):
    """All parts of all mobs; those of kind k are rows start[k]:start[k + 1]."""

    start: np.ndarray  # i32[K + 1]
    box: np.ndarray  # f32[P, 6] metres, mob-local: x to its left, y up, z forward
    colour: np.ndarray  # f32[P, 3]
    pattern: np.ndarray  # u8[P]
    map_colour: np.ndarray  # f32[K, 3]


def make_mob_shapes(mob_names: tuple[str, ...]) -> MobShapes:
    """The shapes in the order of `mob_names`; a name without a shape gets one magenta box."""
    parts = [SHAPES.get(name, UNKNOWN) if name else [] for name in mob_names]
    flat = [part for group in parts for part in group]
    return MobShapes(
        np.cumsum([0, *(len(group) for group in parts)]).astype(np.int32),
        np.array([box for box, _, _ in flat], np.float32) / 16,
        np.array([colour for _, colour, _ in flat], np.float32),
        np.array([pattern for _, _, pattern in flat], np.uint8),
        np.array([group[0][1] if group else (0, 0, 0) for group in parts], np.float32),
    )


def _legs(half_x: float, half_z: float, height: float, width: float, colour: tuple[int, int, int]) -> list[Part]:
    """Four legs with their outer edges at +-half_x and +-half_z."""
    return [
        (
            (min(x, x - s * width), 0, min(z, z - t * width), max(x, x - s * width), height, max(z, z - t * width)),
            colour,
            PLAIN,
        )
        for s, x in ((1, half_x), (-1, -half_x))
        for t, z in ((1, half_z), (-1, -half_z))
    ]


def _biped(
    shirt: tuple[int, int, int], trousers: tuple[int, int, int], skin: tuple[int, int, int], limb: float
) -> list[Part]:
    """A body, two legs, arms stretched forward and a head: 32 high."""
    arms = [
        ((s * 4 if s > 0 else -4 - limb, 20, -2, s * 4 + limb if s > 0 else -4, 23, 11), skin, PLAIN) for s in (1, -1)
    ]
    legs = [((0.2 if s > 0 else -limb, 0, -2, limb if s > 0 else -0.2, 12, 2), trousers, PLAIN) for s in (1, -1)]
    return [((-4, 12, -2, 4, 24, 2), shirt, PLAIN), *legs, *arms, ((-4, 24, -4, 4, 32, 4), skin, EYES)]


def _steed(colour: tuple[int, int, int]) -> list[Part]:
    """A long body on four legs, a neck and a head."""
    return [
        ((-5, 11, -11, 5, 21, 9), colour, PLAIN), *_legs(5, 10, 11, 4, colour), ((-2, 18, 7, 2, 29, 12), colour, PLAIN),
        ((-2.5, 25, 8, 2.5, 31, 18), colour, EYES),
    ]  # fmt: skip


WHITE, PINK, FACE = (234, 234, 230), (238, 164, 164), (214, 182, 158)
BROWN, GREY, GREEN, DARK = (82, 58, 42), (192, 192, 190), (92, 182, 84), (58, 50, 46)

SHAPES: dict[str, list[Part]] = {
    "cow": [
        ((-6, 11, -9, 6, 21, 9), BROWN, PATCHES), *_legs(6, 9, 11, 4, BROWN), ((-4, 14, 8, 4, 22, 14), BROWN, EYES),
        ((-3, 14, 13.5, 3, 17, 15), (196, 172, 156), PLAIN), ((-5, 20, 10, -4, 24, 11), GREY, PLAIN),
        ((4, 20, 10, 5, 24, 11), GREY, PLAIN),
    ],
    "sheep": [
        ((-6, 9, -9, 6, 20, 8), WHITE, FLEECE), *_legs(5, 7.5, 10, 4, FACE), ((-3, 14, 7, 3, 20, 13.5), FACE, EYES),
        ((-3.6, 16.5, 6.5, 3.6, 21, 12), WHITE, FLEECE),
    ],
    "pig": [
        ((-5, 5, -8, 5, 13, 8), PINK, PLAIN), *_legs(5, 7.5, 6, 4, PINK), ((-4, 7, 7, 4, 15, 14), PINK, EYES),
        ((-2, 8.5, 13.5, 2, 11.5, 15.2), (214, 128, 128), PLAIN),
    ],
    "chicken": [
        ((-3, 4, -4, 3, 10, 4), WHITE, FLEECE), ((-2, 0, -1, -1, 5, 0), (232, 178, 40), PLAIN),
        ((1, 0, -1, 2, 5, 0), (232, 178, 40), PLAIN),
        ((-2, 9, 2.5, 2, 15, 5.5), WHITE, EYES), ((-1.5, 11, 5, 1.5, 13, 7.5), (240, 170, 32), PLAIN),
        ((-0.8, 9, 5, 0.8, 11, 6.5), (206, 30, 30), PLAIN), ((-4, 5, -3, 4, 9, 3), (218, 218, 214), PLAIN),
    ],
    "zombie": _biped((46, 140, 140), (66, 60, 138), (86, 138, 70), 4),
    "skeleton": _biped((178, 178, 176), (172, 172, 170), GREY, 2),
    "spider": [
        ((-5, 4, -13, 5, 12, -1), DARK, MOTTLED), ((-3, 5, -2, 3, 11, 4), DARK, PLAIN),
        ((-4, 4, 4, 4, 12, 12), DARK, SPIDER_EYES),
        *[((x, 0, z, x + 12, 6, z + 1.5), (44, 38, 36), PLAIN) for x in (3, -15) for z in (-3, 0, 3)],
    ],
    "creeper": [
        ((-4, 6, -2, 4, 18, 2), GREEN, MOTTLED), *_legs(4, 6, 6, 4, (78, 152, 70)),
        ((-4, 18, -4, 4, 26, 4), GREEN, CREEPER_FACE),
    ],
    "bat": [
        ((-3, 4, -3, 3, 12, 3), (76, 62, 50), PLAIN), ((-3, 11, -3, 3, 16, 3), (76, 62, 50), EYES),
        ((3, 6, -0.5, 13, 14, 0.5), DARK, PLAIN), ((-13, 6, -0.5, -3, 14, 0.5), DARK, PLAIN),
    ],
    "witch": [*_biped((76, 42, 96), (76, 42, 96), (164, 130, 110), 4), ((-5, 32, -5, 5, 34, 5), DARK, PLAIN),
              ((-2, 34, -2, 2, 40, 2), DARK, PLAIN)],
    "enderman": [
        ((-4, 30, -2, 4, 42, 2), (22, 20, 26), PLAIN), ((0.2, 0, -1, 2.2, 30, 1), (22, 20, 26), PLAIN),
        ((-2.2, 0, -1, -0.2, 30, 1), (22, 20, 26), PLAIN), ((4, 14, -1, 6, 42, 1), (22, 20, 26), PLAIN),
        ((-6, 14, -1, -4, 42, 1), (22, 20, 26), PLAIN), ((-4, 42, -4, 4, 50, 4), (22, 20, 26), EYES),
    ],
    "rabbit": [
        ((-2.5, 1, -4, 2.5, 6, 3), (170, 140, 104), PLAIN), ((-2, 5, 2, 2, 9, 6), (170, 140, 104), EYES),
        ((-1.8, 9, 3, -0.4, 13, 4), (170, 140, 104), PLAIN), ((0.4, 9, 3, 1.8, 13, 4), (170, 140, 104), PLAIN),
    ],
    "horse": _steed((134, 92, 56)), "donkey": _steed((120, 108, 98)), "llama": _steed((206, 184, 146)),
    "husk": _biped((122, 104, 74), (104, 88, 62), (150, 132, 96), 4),
    "slime": [((-5, 0, -5, 5, 10, 5), (110, 190, 96), EYES)],
    "wolf": [
        ((-3, 5, -6, 3, 11, 5), (206, 202, 198), PLAIN), *_legs(3, 5, 5, 2, (206, 202, 198)),
        ((-3, 7, 4, 3, 13, 9), (206, 202, 198), EYES), ((-1.5, 7, 9, 1.5, 10, 12), FACE, PLAIN),
        ((-1, 8, -12, 1, 10, -6), (190, 186, 182), PLAIN),
    ],
}  # fmt: skip
UNKNOWN: list[Part] = [((-6, 0, -6, 6, 16, 6), (220, 60, 220), PLAIN)]
