"""What a player sees on top of the world: cross-hair, inventory, hearts, food, the held item, the skill at work."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sim.craft import data as craft_data
from sim.craft.textures import SIDE, TEXELS, TOP, paint

SLOTS = 9
MATERIALS = {
    "wooden": (150, 112, 60), "stone": (140, 140, 140), "iron": (222, 222, 222), "golden": (250, 222, 70),
    "diamond": (90, 230, 220), "leather": (160, 96, 60), "chainmail": (170, 170, 176),
}  # fmt: skip
TINTS = {
    "stick": (132, 98, 54), "coal": (40, 40, 42), "iron_ingot": (222, 222, 222), "gold_ingot": (250, 222, 70),
    "diamond": (90, 230, 220), "redstone": (210, 20, 20), "beef": (214, 76, 66), "cooked_beef": (140, 84, 52),
    "porkchop": (240, 160, 156), "cooked_porkchop": (196, 140, 90), "chicken": (240, 206, 190),
    "mutton": (206, 84, 76), "leather": (170, 96, 52), "feather": (236, 236, 236), "bone": (230, 226, 206),
    "string": (230, 230, 230), "bucket": (196, 196, 200), "water_bucket": (70, 110, 220),
    "milk_bucket": (246, 246, 246), "shears": (200, 200, 204), "flint": (60, 60, 64), "paper": (240, 240, 236),
    "book": (140, 80, 46), "wheat": (220, 190, 70), "bread": (190, 134, 54), "apple": (214, 36, 40),
    "gunpowder": (110, 110, 110), "arrow": (170, 150, 120), "egg": (232, 220, 190),
}  # fmt: skip
FLAT = ("beef", "porkchop", "mutton", "chicken", "leather", "bread")  # drawn as a slice
# one character per texel: '#' the item's colour, '+' its dark shade, '|' wood
SPRITES = {
    "pickaxe": (
        "....####....", "..######....", ".....|####..", "....||.####.", "....||...##.",
        "...||....##.", "..||.....##.", ".||.......#.", "||........#.",
    ),
    "axe": (
        "....####....", "...######...", "..#####||...", "...###||#...", ".....||.#...",
        "....||......", "...||.......", "..||........", ".||.........",
    ),
    "shovel": (
        ".......####.", "......#####.", "......#####.", ".....||###..", "....||......",
        "...||.......", "..||........", ".||.........", "||..........",
    ),
    "sword": (
        "..........##", ".........###", "........###.", ".......###..", ".++...###...",
        "..++.###....", "...++##.....", "..|+++......", ".||..++.....",
    ),
    "hoe": (
        "....#####...", ".....##||...", "......||....", ".....||.....", "....||......",
        "...||.......", "..||........", ".||.........", "||..........",
    ),
    "stick": (
        "..........##", ".........##+", "........##+.", ".......##+..", "......##+...",
        ".....##+....", "....##+.....", "...##+......", "..##+.......",
    ),
    "ingot": (
        "............", "............", ".....#####..", "...#######+.", ".########++.",
        ".#######+++.", ".+++++++++..", "............", "............",
    ),
    "bucket": (
        "..++++++++..", ".+########+.", ".#++++++++#.", ".##########.", "..########..",
        "..########..", "...######...", "...######...", "....++++....",
    ),
    "shears": (
        "##........##", ".##......##.", "..##....##..", "...##..##...", "....####....",
        ".....##.....", "...++..++...", "..+..++..+..", "..+++..+++..",
    ),
    "lump": (
        "............", "....####....", "...######...", "..###+####..", "..#+######..",
        ".####+###+..", "..####+##+..", "...#####+...", "....+++.....",
    ),
    "steak": (
        "............", ".....####...", "...#######..", "..####++###.", ".####++####.",
        ".##########.", ".#########..", "..++####+...", "....++++....",
    ),
}  # fmt: skip


def overlay(
    frame: np.ndarray, inventory: Mapping[str, int], health: float, food: float, text: str = "", *, equipped: str = "",
) -> np.ndarray:  # fmt: skip
    """A copy of `frame` u8 [H, W, 3] with the player's display on it, sized by the frame's width.

    `inventory` maps item names to counts; the first nine with a count are shown, `equipped` first and framed, also in
    the hand at the lower right. `health` and `food` count 0..20. `text` names the skill at work.
    """
    picture = Image.fromarray(np.ascontiguousarray(frame)).convert("RGBA")
    width, height = picture.size
    unit = max(1, width // 160)
    layer = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(layer)
    held = sorted((name for name, count in inventory.items() if count > 0), key=lambda name: name != equipped)
    _draw_cross_hair(draw, width // 2, height // 2, unit)
    if equipped and equipped != "air":
        size = height // 3
        hand = _icon(equipped).transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((size, size), Image.Resampling.NEAREST)
        layer.alpha_composite(hand, (max(0, width - size - 2 * unit), max(0, height - size - 14 * unit)))
    slot = min(13 * unit, (width - 4 * unit) // SLOTS)
    left, top = (width - SLOTS * slot) // 2, height - slot - unit
    for k in range(SLOTS):
        _draw_slot(
            layer, draw, (left + k * slot, top, slot), held[k] if k < len(held) else "", inventory, equipped, unit
        )
    if len(held) > SLOTS:
        _text(draw, (left + SLOTS * slot + unit, top + 2 * unit), f"+{len(held) - SLOTS}", unit)
    for k in range(10):
        _draw_pip(draw, left + 5 * unit * k, top - 6 * unit, unit, health - 2 * k, (222, 40, 40))
        _draw_pip(draw, left + SLOTS * slot - 5 * unit * (k + 1), top - 6 * unit, unit, food - 2 * k, (196, 132, 62))
    if text:
        _draw_label(draw, text, unit, width)
    return np.asarray(Image.alpha_composite(picture, layer).convert("RGB"))


def _draw_cross_hair(draw: ImageDraw.ImageDraw, x: int, y: int, unit: int) -> None:
    arm, half = 4 * unit, max(0, unit // 2)
    draw.rectangle((x - arm, y - half, x + arm, y + half), fill=(255, 255, 255, 170))
    draw.rectangle((x - half, y - arm, x + half, y + arm), fill=(255, 255, 255, 170))


def _draw_slot(
    layer: Image.Image, draw: ImageDraw.ImageDraw, place: tuple[int, int, int], name: str, inventory: Mapping[str, int],
    equipped: str, unit: int,
) -> None:  # fmt: skip
    """One cell of the strip at place = (x, y, size); an empty name draws the empty cell."""
    x, y, size = place
    edge = (255, 255, 255, 235) if name and name == equipped else (150, 150, 150, 150)
    draw.rectangle((x, y, x + size - 1, y + size - 1), fill=(20, 20, 24, 140), outline=edge, width=unit)
    if not name:
        return
    inner = size - 4 * unit
    layer.alpha_composite(_icon(name).resize((inner, inner), Image.Resampling.BILINEAR), (x + 2 * unit, y + 2 * unit))
    if inventory.get(name, 0) > 1:
        label = str(inventory[name])
        box = draw.textbbox((0, 0), label, font=_font(unit))
        _text(draw, (x + size - unit - box[2], y + size - unit - box[3]), label, unit)


def _draw_pip(
    draw: ImageDraw.ImageDraw, x: int, y: int, unit: int, points: float, colour: tuple[int, int, int]
) -> None:
    """A heart or a meal: full from 2 points, half from 1."""
    box = (x, y, x + 4 * unit - 1, y + 4 * unit - 1)
    draw.rectangle(box, fill=(24, 20, 20, 170))
    if points > 0:
        share = 4 if points >= 2 else 2
        draw.rectangle((x, y, x + share * unit - 1, y + 4 * unit - 1), fill=(*colour, 255))
        draw.rectangle((x, y, x + unit - 1, y + unit - 1), fill=(255, 220, 210, 255))


def _draw_label(draw: ImageDraw.ImageDraw, text: str, unit: int, width: int) -> None:
    font = _font(unit)
    while len(text) > 4 and draw.textlength(text, font=font) > width - 6 * unit:
        text = text[:-4] + "..."
    box = draw.textbbox((0, 0), text, font=font)
    draw.rectangle((unit, unit, 5 * unit + box[2], 3 * unit + box[3]), fill=(0, 0, 0, 130))
    _text(draw, (3 * unit, 2 * unit), text, unit)


def _text(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, unit: int) -> None:
    draw.text((at[0] + max(1, unit // 2), at[1] + max(1, unit // 2)), text, font=_font(unit), fill=(20, 20, 20, 230))
    draw.text(at, text, font=_font(unit), fill=(255, 255, 255, 255))


@lru_cache(maxsize=8)
def _font(unit: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(max(8, 6 * unit))


@lru_cache(maxsize=512)
def _icon(name: str) -> Image.Image:
    """A 32 x 32 RGBA picture of an item: a small cube for blocks, a sprite for the rest."""
    data = craft_data.load()
    placed = int(data.item_places[data.item_index[name]]) if name in data.item_index else 0
    block = placed or data.block_id.get(name, 0)
    if block and name not in TINTS:
        faces = paint(data.block_names[block], data.block_color[block])
        if (faces[SIDE, ..., 3] > 0).mean() > 0.7:
            return _cube(faces)
        return Image.fromarray(faces[SIDE]).resize((32, 32), Image.Resampling.NEAREST)
    return _sprite(name)


def _cube(faces: np.ndarray) -> Image.Image:
    """Isometric cube of the faces u8 [3, 16, 16, 4]; tinted texels are shown as they are."""
    opaque = faces.copy()
    opaque[..., 3] = 255
    size, half = 32, 16
    canvas = np.zeros((size, size, 4), np.uint8)
    row, column = np.mgrid[0:size, 0:size] + 0.5
    x, y = (column - half) / half, row / half  # x -1..1, y 0..2
    u, v = (x + 2 * y) / 2, (2 * y - x) / 2  # the top face: a rhombus of height 1
    left_v, right_v = y - 0.5 - (x + 1) / 2, y - 0.5 - (1 - x) / 2
    for face, shade, a, b in ((TOP, 1.0, u, v), (SIDE, 0.8, x + 1, left_v), (SIDE, 0.62, x, right_v)):
        inside = (a >= 0) & (a < 1) & (b >= 0) & (b < 1)
        texel = opaque[face, (b[inside] * TEXELS).astype(int), (a[inside] * TEXELS).astype(int)].astype(np.float64)
        texel[:, :3] *= shade
        canvas[inside] = texel.astype(np.uint8)
    return Image.fromarray(canvas)


def _sprite(name: str) -> Image.Image:
    colour = np.array(_sprite_colour(name), dtype=np.float64)
    shades = {"#": colour, "+": colour * 0.68, "|": np.array((132.0, 98, 54))}
    pixels = np.zeros((12, 12, 4), np.uint8)
    for r, line in enumerate(SPRITES[_sprite_kind(name)]):
        for c, letter in enumerate(line):
            if letter in shades:
                pixels[r + 1, c] = (*shades[letter].astype(int), 255)
    return Image.fromarray(pixels).resize((32, 32), Image.Resampling.NEAREST)


def _sprite_kind(name: str) -> str:
    for kind in ("pickaxe", "axe", "shovel", "sword", "hoe", "stick", "ingot", "bucket", "shears"):
        if name.endswith(kind):
            return kind
    return "steak" if any(part in name for part in FLAT) else "lump"


def _sprite_colour(name: str) -> tuple[int, int, int]:
    if name in TINTS:
        return TINTS[name]
    material = MATERIALS.get(name.split("_")[0])
    if material:
        return material
    code = zlib.crc32(name.encode())
    return 90 + code % 140, 90 + code // 256 % 140, 90 + code // 65536 % 140
