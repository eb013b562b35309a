"""Block textures, drawn by rule: 16 x 16 texels of seeded noise and simple patterns over the blocks' colours.

Nothing is copied from the game's own pictures. A texel is RGBA; alpha says how it is shown: 0 a hole, `TINTED`
multiplied by the biome's foliage colour, else as it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.craft.data import CraftData

TEXELS = 16
TOP, SIDE, BOTTOM = range(3)
TINTED = 254
# forms: CROSS = two upright diagonal planes, LOW = a box shorter or thinner than its cell
EMPTY, CUBE, CROSS, LIQUID, LOW = range(5)

Colour = tuple[int, int, int]
Painter = Callable[[np.ndarray, np.random.Generator], "np.ndarray | tuple[np.ndarray, ...]"]

ORES: dict[str, Colour] = {
    "coal_ore": (38, 38, 38), "iron_ore": (216, 175, 147), "gold_ore": (252, 230, 80), "redstone_ore": (230, 20, 20),
    "lapis_ore": (36, 70, 190), "diamond_ore": (98, 236, 228), "emerald_ore": (23, 221, 98),
}  # fmt: skip
FLOWERS: dict[str, Colour] = {"yellow_flower": (250, 218, 40), "red_flower": (222, 40, 36)}
MUSHROOMS: dict[str, Colour] = {"brown_mushroom": (158, 118, 90), "red_mushroom": (208, 36, 32)}
BOXES: dict[str, tuple[float, float]] = {  # inset from the sides, height
    "bed": (0.0, 0.5625), "snow_layer": (0.0, 0.125), "waterlily": (0.0, 0.03), "cactus": (0.0625, 1.0),
    "chest": (0.0625, 0.875), "torch": (0.4375, 0.625), "carpet": (0.0, 0.0625), "cake": (0.0625, 0.5),
    "stone_slab": (0.0, 0.5), "wooden_slab": (0.0, 0.5), "fence": (0.375, 1.0), "farmland": (0.0, 0.9375),
    "rail": (0.0, 0.06), "wooden_pressure_plate": (0.0625, 0.0625), "stone_pressure_plate": (0.0625, 0.0625),
}  # fmt: skip
CROSSES = ("tallgrass", "deadbush", "sapling", "reeds", "web", "vine", "ladder", "double_plant", "wheat", "carrots", "potatoes",
           "beetroots")  # fmt: skip
GREEN: Colour = (124, 189, 77)
STONE: Colour = (127, 127, 127)
WOOD: Colour = (162, 130, 79)
BARK: Colour = (102, 81, 50)


class Look(NamedTuple):
    """How every block looks, for the renderer."""

    texels: np.ndarray  # u8[256, 3, 16, 16, 4] by block and face (TOP, SIDE, BOTTOM), row 0 is up on a side
    mean: np.ndarray  # f32[256, 3, 3] mean colour of a face's visible texels
    form: np.ndarray  # u8[256] EMPTY, CUBE, CROSS, LIQUID or LOW
    inset: np.ndarray  # f32[256] for LOW blocks, metres
    height: np.ndarray  # f32[256] for LOW blocks, metres
    glow: np.ndarray  # u8[256] shines by itself


def make_look(data: CraftData) -> Look:
    """Paint all blocks that `data` names; deterministic."""
    texels = np.zeros((256, 3, TEXELS, TEXELS, 4), np.uint8)
    form = np.zeros(256, np.uint8)
    inset, height = np.zeros(256, np.float32), np.ones(256, np.float32)
    glow = np.zeros(256, np.uint8)
    for block, name in enumerate(data.block_names):
        if not name or name == "air":
            continue
        texels[block] = paint(name, data.block_color[block])
        form[block] = _form(name, bool(data.block_liquid[block]))
        if name in BOXES:
            inset[block], height[block] = BOXES[name]
        glow[block] = name in ("lava", "flowing_lava", "torch", "glowstone", "lit_furnace", "sea_lantern", "fire")
    weight = (texels[..., 3:] > 0).astype(np.float32)
    mean = (texels[..., :3] * weight).sum((2, 3)) / np.maximum(weight.sum((2, 3)), 1)
    return Look(texels, mean.astype(np.float32), form, inset, height, glow)


def paint(name: str, colour: np.ndarray) -> np.ndarray:
    """The three faces of a block, u8 [3, 16, 16, 4]; a name without a painter gets noise over `colour` u8 [3]."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    painted = _painter(name)(np.asarray(colour, dtype=np.float64), rng)
    faces = painted if isinstance(painted, tuple) else (painted,) * 3
    return np.stack([_rgba(face) for face in faces])


def _form(name: str, liquid: bool) -> int:
    if liquid and "lava" not in name:
        return LIQUID
    if name in BOXES:
        return LOW
    return CROSS if name in CROSSES or name in FLOWERS or name in MUSHROOMS else CUBE


def _rgba(face: np.ndarray) -> np.ndarray:
    """f64 [16, 16, 3 or 4] -> u8 [16, 16, 4]."""
    if face.shape[2] == 3:
        face = np.concatenate([face, np.full((TEXELS, TEXELS, 1), 255.0)], axis=2)
    return np.clip(np.rint(face), 0, 255).astype(np.uint8)


def _painter(name: str) -> Painter:
    if name in ORES:
        return lambda _, rng: _ore(ORES[name], rng)
    if name in FLOWERS:
        return lambda _, rng: _flower(FLOWERS[name], rng)
    if name in MUSHROOMS:
        return lambda _, rng: _mushroom(MUSHROOMS[name], rng)
    return PAINTERS.get(name.removesuffix("2"), _plain)


# -- building blocks ------------------------------------------------------------------------


def _noise(rng: np.random.Generator, coarse: int = 4) -> np.ndarray:
    """f64 [16, 16] in about -1..1: five grey levels, fine grain over patches of `coarse` texels."""
    grain = rng.uniform(-1, 1, (TEXELS, TEXELS))
    patch = np.kron(rng.uniform(-1, 1, (TEXELS // coarse,) * 2), np.ones((coarse, coarse)))
    return np.round((0.7 * grain + 0.3 * patch) * 2.5) / 2.5


def _speckle(
    colour: np.ndarray | Colour, rng: np.random.Generator, amount: float = 0.12, coarse: int = 4
) -> np.ndarray:
    return np.asarray(colour, dtype=np.float64) * (1 + amount * _noise(rng, coarse))[..., None]


def _holes() -> np.ndarray:
    return np.zeros((TEXELS, TEXELS, 4))


def _grid() -> tuple[np.ndarray, np.ndarray]:
    """(row, column) of every texel."""
    return np.mgrid[0:TEXELS, 0:TEXELS][0], np.mgrid[0:TEXELS, 0:TEXELS][1]


def _tint(face: np.ndarray) -> np.ndarray:
    return np.concatenate([face, np.full((TEXELS, TEXELS, 1), float(TINTED))], axis=2)


def _plain(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _speckle(colour, rng)


# -- ground ------------------------------------------------------------------------


def _stone(rng: np.random.Generator, colour: np.ndarray | Colour = STONE) -> np.ndarray:
    """Grey with short flat streaks."""
    streaks = np.repeat(rng.uniform(-1, 1, (TEXELS, TEXELS // 4)), 4, axis=1)
    streaks = np.stack([np.roll(row, rng.integers(4)) for row in streaks])
    level = np.round((0.6 * streaks + 0.4 * rng.uniform(-1, 1, streaks.shape)) * 2.5) / 2.5
    return np.asarray(colour, dtype=np.float64) * (1 + 0.1 * level)[..., None]


def _cells(rng: np.random.Generator, colour: np.ndarray | Colour, count: int = 11) -> np.ndarray:
    """Rounded stones with dark seams: a Voronoi diagram on the torus."""
    row, column = _grid()
    points = rng.uniform(0, TEXELS, (count, 2))
    delta = np.stack([row[..., None] - points[:, 0], column[..., None] - points[:, 1]])
    delta -= TEXELS * np.round(delta / TEXELS)
    distance = np.sqrt((delta**2).sum(0))
    nearest = np.sort(distance, axis=-1)
    seam = np.where(nearest[..., 1] - nearest[..., 0] < 1.1, 0.68, 1.0)
    shade = rng.uniform(0.85, 1.15, count)[distance.argmin(-1)] * seam
    return _speckle(colour, rng, 0.06) * shade[..., None]


def _ore(accent: Colour, rng: np.random.Generator) -> np.ndarray:
    face = _stone(rng)
    for row, column in ((2, 3), (3, 11), (7, 7), (10, 2), (11, 12), (13, 7)):
        for _ in range(6):
            r, c = row + rng.integers(-1, 2), column + rng.integers(-2, 3)
            face[r % TEXELS, c % TEXELS] = np.asarray(accent) * rng.uniform(0.75, 1.15)
            face[(r + 1) % TEXELS, c % TEXELS] *= 0.82
    return face


def _grass(colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    dirt = _dirt(np.array([134.0, 96.0, 67.0]), rng)
    top = _tint(_speckle(GREEN, rng, 0.16))
    side = np.concatenate([dirt, np.full((TEXELS, TEXELS, 1), 255.0)], axis=2)
    for column, depth in enumerate(rng.integers(2, 6, TEXELS)):
        side[:depth, column] = top[:depth, column]
        side[depth, column, :3] *= 0.8
    return top, side, dirt


def _dirt(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    face = _speckle(colour, rng, 0.17)
    face[rng.random((TEXELS, TEXELS)) < 0.03] = (150, 140, 130)
    return face


def _sandstone(colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    side = _speckle(colour, rng, 0.05)
    side[[0, 5, 11]] *= 0.86
    return _speckle(colour, rng, 0.05), side, _speckle(colour, rng, 0.07)


def _bricks(colour: np.ndarray, rng: np.random.Generator, rows: int = 4, columns: int = 8) -> np.ndarray:
    row, column = _grid()
    seam = (row % rows == rows - 1) | ((column + (row // rows % 2) * columns // 2) % columns == columns - 1)
    return np.where(seam[..., None], np.array([150.0, 140, 132]) * 0.9, _speckle(colour, rng, 0.1))


def _clay(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _speckle(colour, rng, 0.05, coarse=8)


def _gravel(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _cells(rng, colour, 26) * rng.uniform(0.9, 1.1, (TEXELS, TEXELS, 1))


def _metal(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    face = _speckle(colour, rng, 0.03, coarse=8)
    face[[0, -1]] *= 0.8
    face[:, [0, -1]] *= 0.8
    face[1, 1:-1] *= 1.08
    return face


def _lava(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    heat = np.clip(0.5 + 0.6 * _noise(rng, 4), 0, 1)[..., None]
    return np.array([207.0, 74, 14]) * (1 - heat) + np.array([255.0, 196, 66]) * heat


def _snow(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _speckle((244, 250, 252), rng, 0.025)


def _ice(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    row, column = _grid()
    return _speckle(colour, rng, 0.04) + 18.0 * ((row + 2 * column) % 13 == 0)[..., None]


# -- wood and plants ------------------------------------------------------------------------


def _boards(rng: np.random.Generator, colour: np.ndarray | Colour = WOOD) -> np.ndarray:
    row, column = _grid()
    grain = np.repeat(rng.uniform(-1, 1, (TEXELS, TEXELS // 8)), 8, axis=1)
    face = np.asarray(colour, dtype=np.float64) * (1 + 0.08 * grain + 0.03 * _noise(rng))[..., None]
    seam = (row % 4 == 3) | ((column + 5 * (row // 4)) % TEXELS == 15)
    return np.where(seam[..., None], face * 0.68, face)


def _planks(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _boards(rng, colour)


def _log(colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    row, column = _grid()
    ridges = np.repeat(rng.uniform(-1, 1, (TEXELS // 4, TEXELS)), 4, axis=0)
    side = np.asarray(BARK) * (1 + 0.3 * np.round(ridges * 2) / 2 + 0.05 * _noise(rng))[..., None]
    ring = np.maximum(np.abs(row - 7.5), np.abs(column - 7.5)).astype(int)
    end = np.asarray(WOOD) * np.where(ring % 2 == 0, 0.82, 1.06)[..., None] * (1 + 0.04 * _noise(rng))[..., None]
    end[ring == 7] = side[ring == 7]
    return end, side, end


def _leaves(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    face = _tint(_speckle((86, 148, 52), rng, 0.36, coarse=2))
    face[rng.random((TEXELS, TEXELS)) < 0.17, 3] = 0
    return face


def _cactus(colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    _, column = _grid()
    side = _speckle((88, 144, 48), rng, 0.06) * np.where(column % 4 == 1, 0.7, 1.0)[..., None]
    side[2::5, 3::4] = (226, 226, 190)
    top = _speckle((110, 166, 66), rng, 0.08)
    top[[0, -1]] *= 0.7
    top[:, [0, -1]] *= 0.7
    return top, side, top


def _pumpkin(colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    _, column = _grid()
    side = _speckle(colour, rng, 0.06) * np.where(column % 4 == 0, 0.78, 1.0)[..., None]
    top = side.copy()
    top[6:10, 6:10] = (92, 110, 40)
    return top, side, top


def _melon(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    _, column = _grid()
    return _speckle(colour, rng, 0.1) * np.where(column % 5 < 2, 0.72, 1.1)[..., None]


def _tallgrass(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    face = _holes()
    for column in range(1, 15):
        for row in range(TEXELS - 1, TEXELS - 1 - rng.integers(3, 14), -1):
            lean = (TEXELS - row) // 6 * (1 if column % 2 else -1)
            face[row, (column + lean) % TEXELS] = (*np.asarray(GREEN) * rng.uniform(0.7, 1.0), TINTED)
    return face


def _crop(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows of stalks with the crop's colour at their top or foot."""
    face = _holes()
    for column in range(1, 15, 2):
        height = rng.integers(8, 14)
        face[TEXELS - height :, column] = (*np.asarray(GREEN) * rng.uniform(0.6, 0.9), 255)
        face[TEXELS - height : TEXELS - height + 4, column : column + 2] = (*colour * rng.uniform(0.85, 1.1), 255)
    return face


def _farmland(colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    row, _ = _grid()
    dirt = _dirt(np.array([134.0, 96.0, 67.0]), rng)
    top = _speckle(colour, rng, 0.12) * np.where(row % 4 < 2, 0.8, 1.1)[..., None]
    return top, dirt, dirt


def _twigs(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    face = _holes()
    for step in range(-6, 7):
        for row in range(TEXELS - 1, 4 + abs(step), -2):
            column = 8 + round(step * (TEXELS - row) / 14)
            face[row - 1 : row + 1, column] = (*colour * rng.uniform(0.7, 1.0), 255)
    return face


def _flower(petals: Colour, rng: np.random.Generator) -> np.ndarray:
    face = _holes()
    face[9:, 7:9] = (70, 128, 44, 255)
    face[11:13, 5:7] = (84, 146, 52, 255)
    for row, column in ((6, 7), (7, 5), (7, 9), (8, 7), (5, 6), (5, 8), (7, 7)):
        face[row : row + 2, column : column + 2] = (*np.asarray(petals) * rng.uniform(0.85, 1.05), 255)
    face[7, 7:9] = (255, 240, 150, 255)
    return face


def _mushroom(cap: Colour, rng: np.random.Generator) -> np.ndarray:
    face = _holes()
    face[11:, 7:9] = (216, 206, 188, 255)
    for row, half in ((8, 2), (9, 3), (10, 4), (11, 4)):
        face[row, 8 - half : 8 + half] = (*np.asarray(cap) * rng.uniform(0.9, 1.1), 255)
    face[9, 6] = face[10, 9] = (240, 230, 220, 255)
    return face


def _sapling(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    face = _holes()
    face[9:, 7:9] = (*BARK, 255)
    row, column = _grid()
    crown = (row - 6) ** 2 + (column - 7.5) ** 2 < 22 + rng.uniform(-9, 3, row.shape)
    face[crown, :3], face[crown, 3] = _speckle((92, 156, 56), rng, 0.3)[crown], 255
    return face


def _reeds(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    face = _holes()
    for column in (2, 6, 9, 13):
        face[:, column : column + 2, :3] = np.asarray((148, 196, 104)) * (1 + 0.1 * _noise(rng))[:, :2, None]
        face[:, column : column + 2, 3] = 255
        face[rng.integers(2, 6) :: 6, column : column + 2, :3] *= 0.68
    return face


def _web(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    row, column = _grid()
    face = _holes()
    ring = np.maximum(np.abs(row - 7.5), np.abs(column - 7.5)).astype(int)
    face[(row == column) | (row + column == 15) | (ring % 3 == 0) | (row == 8) | (column == 8)] = (232, 232, 232, 255)
    return face


def _vine(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    face = _tint(_speckle((76, 138, 44), rng, 0.3, coarse=2))
    face[rng.random((TEXELS, TEXELS)) < 0.45, 3] = 0
    return face


def _ladder(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    face = _holes()
    boards = _boards(rng)
    row, column = _grid()
    rungs = (column % 13 == 1) | (column % 13 == 2) | (row % 4 == 1)
    face[rungs, :3], face[rungs, 3] = boards[rungs], 255
    return face


# -- what people make ------------------------------------------------------------------------


def _crafting_table(colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    row, column = _grid()
    frame = (row < 1) | (row > 14) | (column < 1) | (column > 14)
    top = _boards(rng, (178, 122, 74))
    lines = ((row % 5 == 3) | (column % 5 == 3)) & ~frame & (row > 1) & (column > 1)
    top[lines] = (96, 60, 34)
    top[frame] = (112, 74, 42)
    side = _boards(rng, (150, 104, 60))
    side[:3] = np.asarray((112, 74, 42)) * (1 + 0.08 * _noise(rng))[:3, :, None]
    side[5:12, 3], side[5:7, 2:6] = (92, 66, 40), (196, 196, 200)  # a hammer
    for k in range(7):
        side[5 + k, 9 + k // 2 : 11 + k // 2] = (196, 196, 200)  # a saw
    side[12, 12:14] = (92, 66, 40)
    return top, side, _boards(rng)


def _furnace(colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    grey = (122, 122, 122)
    side, top = _cells(rng, grey, 8), _metal(np.asarray(grey, dtype=np.float64), rng)
    side[[0, -1]], side[:, [0, -1]] = (86, 86, 86), (86, 86, 86)
    side[2:5, 3:13] = (60, 60, 60)
    side[7:14, 3:13] = (34, 32, 32)
    for column in range(4, 12):
        flame = rng.integers(1, 4)
        side[14 - flame : 14, column] = (250, 140 + 30 * (flame % 3), 30)
    return top, side, top


def _chest(colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    top = _metal(colour, rng)
    side = top.copy()
    side[6], side[5:9, 7:9] = (48, 34, 18), (200, 200, 196)
    return top, side, top


def _bookshelf(colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    boards = _boards(rng)
    side = boards.copy()
    books = np.array([(150, 40, 36), (50, 80, 150), (60, 120, 60), (150, 120, 60), (110, 60, 120)], dtype=np.float64)
    for shelf in (2, 9):
        for column in range(1, 15):
            side[shelf : shelf + 5, column] = books[rng.integers(len(books))] * (0.7 if column % 3 == 0 else 1.0)
    return boards, side, boards


def _bed(colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    top = _speckle((176, 34, 34), rng, 0.06)
    top[:5] = _speckle((232, 232, 228), rng, 0.03)[:5]
    side = _boards(rng)
    side[7:12] = _speckle((158, 28, 28), rng, 0.05)[7:12]
    return top, side, _boards(rng)


def _torch(colour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    side = _speckle((124, 94, 54), rng, 0.1)
    side[6:8] = (255, 232, 140)
    flame = np.zeros((TEXELS, TEXELS, 3)) + np.asarray((255.0, 226, 120))
    return flame, side, side


def _glass(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    row, column = _grid()
    face = _holes()
    edge = (row % 15 == 0) | (column % 15 == 0) | ((row + column == 9) & (row > 2) & (column > 2))
    face[edge] = (214, 238, 244, 255)
    return face


def _wool(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    row, column = _grid()
    return _speckle(colour, rng, 0.05) * np.where((row + 2 * column) % 5 == 0, 0.92, 1.0)[..., None]


PAINTERS: dict[str, Painter] = {
    "stone": lambda _, rng: _stone(rng), "grass": _grass, "dirt": _dirt, "cobblestone": lambda c, rng: _cells(rng, c),
    "mossy_cobblestone": lambda c, rng: _cells(rng, c), "bedrock": lambda _, rng: _speckle((84, 84, 84), rng, 0.5, 2),
    "sandstone": _sandstone, "red_sandstone": _sandstone, "gravel": _gravel, "clay": _clay, "ice": _ice,
    "brick_block": _bricks, "stonebrick": lambda c, rng: _bricks(c, rng, 8, 8), "planks": _planks, "log": _log,
    "leaves": _leaves, "cactus": _cactus, "pumpkin": _pumpkin, "lit_pumpkin": _pumpkin, "melon_block": _melon,
    "tallgrass": _tallgrass, "double_plant": _tallgrass, "wheat": _crop, "carrots": _crop, "potatoes": _crop, "beetroots": _crop,
    "farmland": _farmland, "deadbush": _twigs, "sapling": _sapling,
    "reeds": _reeds, "web": _web, "vine": _vine, "waterlily": lambda _, rng: _speckle((40, 112, 40), rng, 0.2, 8),
    "crafting_table": _crafting_table, "furnace": _furnace, "lit_furnace": _furnace, "chest": _chest,
    "bookshelf": _bookshelf, "bed": _bed, "torch": _torch, "ladder": _ladder, "glass": _glass, "wool": _wool,
    "lava": _lava, "flowing_lava": _lava, "iron_block": _metal, "gold_block": _metal, "diamond_block": _metal,
    "lapis_block": _metal, "redstone_block": _metal, "coal_block": _metal, "wooden_door": _planks,
    "snow": _snow, "snow_layer": _snow,
}  # fmt: skip
