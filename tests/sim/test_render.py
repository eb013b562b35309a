"""The pictures show what the state says, whichever way the agent looks, and never change it."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from sim.craft import data as craft_data
from sim.craft.grid import CELLS, HEIGHT, SIZE, from_dense
from sim.craft.render import first_person, overlay, top_down
from sim.craft.scene import hash01
from sim.craft.textures import CROSS, CUBE, LIQUID, SIDE, TOP, make_look
from sim.world import UserError

GROUND = 24
NOON, MIDNIGHT = 6000, 18000


def block(name: str) -> int:
    return craft_data.load().block_id[name]


def kind(name: str) -> int:
    return craft_data.load().mob_names.index(name)


def meadow(num_envs: int = 1, slots: int = 4) -> SimpleNamespace:
    """Flat grass at noon, the agent in the middle facing +z, no mobs; `cells` is the dense copy of the blocks."""
    cells = np.zeros((num_envs, SIZE, HEIGHT, SIZE), np.uint8)
    cells[:, :, :GROUND] = block("dirt")
    cells[:, :, GROUND] = block("grass")
    n, f = num_envs, np.float32
    return SimpleNamespace(
        cells=cells, blocks=from_dense(cells),
        x=np.full(n, 32.5, f), y=np.full(n, GROUND + 1, f), z=np.full(n, 32.5, f),
        yaw=np.zeros(n, f), pitch=np.zeros(n, f), time=np.full(n, NOON, np.int32), biome=np.zeros(n, np.uint8),
        mob_kind=np.zeros((n, slots), np.uint8), mob_pos=np.zeros((n, slots, 3), f), mob_yaw=np.zeros((n, slots), f),
        mob_shorn=np.zeros((n, slots), np.uint8),
    )  # fmt: skip


def put(state: SimpleNamespace, name: str, *cells: tuple[int, int, int]) -> None:
    for x, y, z in cells:
        state.cells[:, x, y, z] = block(name)
    state.blocks[:] = from_dense(state.cells)


def wall(x: range, z: range) -> list[tuple[int, int, int]]:
    return [(i, GROUND + 1 + h, k) for i in x for k in z for h in range(4)]


def centre(picture: np.ndarray) -> np.ndarray:
    """Mean colour of the middle ninth, f64 [3]."""
    h, w = picture.shape[0] // 3, picture.shape[1] // 3
    return picture[h : 2 * h, w : 2 * w].astype(float).mean((0, 1))


def test_shapes_and_a_state_left_alone() -> None:
    state = meadow(3)
    before = {name: value.copy() for name, value in vars(state).items()}
    assert first_person(state, [2, 0], 32, 24).shape == (2, 24, 32, 3)
    assert first_person(state, []).shape == (0, 120, 160, 3)
    assert top_down(state, [1], 200).shape == (1, 192, 192, 3)
    assert all(np.array_equal(value, before[name]) for name, value in vars(state).items())


def test_a_batch_equals_one_at_a_time() -> None:
    state = meadow(3)
    state.yaw[:] = 0, 45, 195
    state.time[:] = NOON, MIDNIGHT, 12800
    together = first_person(state, range(3), 40, 30)
    assert all(np.array_equal(together[i], first_person(state, [i], 40, 30)[0]) for i in range(3))
    assert len(np.unique(together.reshape(3, -1), axis=0)) == 3


def test_the_world_under_the_agent_is_periodic() -> None:
    state = meadow(2)
    put(state, "stone", *wall(range(30, 35), range(38, 39)))
    state.mob_kind[:, 0], state.mob_pos[:, 0] = kind("cow"), (34.5, GROUND + 1, 36.5)
    state.x[1], state.z[1] = 32.5 - 2 * SIZE, 32.5 + SIZE
    a, b = first_person(state, [0, 1], 48, 36).astype(int)
    assert (np.abs(a - b).max(-1) > 8).mean() < 0.01 + (a[:12] != b[:12]).any(-1).mean()  # clouds alone may differ


@pytest.mark.parametrize(("yaw", "x", "z"), [(0, 0, 1), (90, -1, 0), (180, 0, -1), (270, 1, 0)])
def test_yaw_looks_where_minecraft_says(yaw: int, x: int, z: int) -> None:
    state = meadow()
    at = (32 + 3 * x, 32 + 3 * z)
    put(
        state,
        "pumpkin",
        *wall(range(at[0] - abs(z) * 3, at[0] + abs(z) * 3 + 1), range(at[1] - abs(x) * 3, at[1] + abs(x) * 3 + 1)),
    )
    facing = []
    for angle in (yaw, yaw + 180):
        state.yaw[:] = angle
        facing.append(centre(first_person(state, [0], 48, 36)[0]))
    ahead, behind = facing
    assert ahead[0] > 1.5 * ahead[2]  # orange
    assert behind[0] < 1.2 * behind[2] or behind[1] > behind[0]  # sky or grass


def test_right_is_west_when_facing_south() -> None:
    state = meadow()
    put(state, "pumpkin", *wall(range(28, 31), range(35, 36)))
    picture = first_person(state, [0], 60, 45)[0].astype(float)
    orange = (picture[..., 0] > 1.6 * picture[..., 2]) & (picture[..., 0] > 1.2 * picture[..., 1])
    assert orange[:, 30:].sum() > 50 > orange[:, :30].sum()


def test_pitch_looks_down_at_grass_and_up_at_sky() -> None:
    state = meadow(2)
    state.pitch[:] = 75, -75
    down, up = (centre(p) for p in first_person(state, [0, 1], 48, 36))
    assert down[1] > down[0] and down[1] > 1.4 * down[2]
    assert up[2] >= up[1] > up[0] - 1


def test_night_is_dark() -> None:
    state = meadow(2)
    state.time[1] = MIDNIGHT
    day, night = first_person(state, [0, 1], 48, 36).astype(float).mean((1, 2, 3))
    assert night < 0.5 * day


def test_caves_are_darker_than_meadows() -> None:
    state = meadow(2)
    state.cells[1, 20:45, 5:8, 20:45] = 0
    state.blocks[:] = from_dense(state.cells)
    state.y[1] = 5
    outside, cave = first_person(state, [0, 1], 48, 36)[:, 24:].astype(float).mean((1, 2, 3))
    assert cave < 0.6 * outside


@pytest.mark.parametrize("name", ["cow", "sheep", "pig", "chicken", "zombie", "skeleton", "spider", "creeper"])
def test_every_mob_is_seen_and_hidden_by_walls(name: str) -> None:
    state = meadow()
    state.pitch[:] = 15
    empty = first_person(state, [0], 64, 48)
    state.mob_kind[0, 1], state.mob_pos[0, 1], state.mob_yaw[0, 1] = kind(name), (32.5, GROUND + 1, 35.5), 180
    shown = first_person(state, [0], 64, 48)
    assert (empty != shown).any(-1).sum() > 60
    put(state, "stone", *wall(range(29, 37), range(34, 35)))
    hidden = first_person(state, [0], 64, 48)
    state.mob_kind[:] = 0
    assert np.array_equal(hidden, first_person(state, [0], 64, 48))


def test_water_tints_what_lies_below() -> None:
    state = meadow(2)
    state.pitch[:] = 60
    state.cells[1, :, GROUND - 2 : GROUND + 1] = block("water")
    state.blocks[:] = from_dense(state.cells)
    dry, wet = (centre(p) for p in first_person(state, [0, 1], 48, 36))
    assert dry[1] > dry[2] and wet[2] > wet[1]


def test_map_shows_ground_water_mobs_and_the_agent() -> None:
    state = meadow()
    state.cells[0, :8, GROUND, :] = block("water")
    state.blocks[:] = from_dense(state.cells)
    state.mob_kind[0, 0], state.mob_pos[0, 0] = kind("pig"), (50.5, GROUND + 1, 10.5)
    picture = top_down(state, [0], 256)[0].astype(int)
    assert picture[128, 8, 2] > picture[128, 8, 1]  # water in the west
    assert picture[200, 200, 1] > picture[200, 200, 2]  # grass
    red, green, _ = picture[42, 202]
    assert red > green + 20  # a pink dot
    assert tuple(picture[130, 130]) == (235, 40, 40)


def test_map_arrow_points_where_the_agent_looks() -> None:
    def red(yaw: float) -> np.ndarray:
        state = meadow()
        state.yaw[:] = yaw
        return (top_down(state, [0], 512)[0] == (235, 40, 40)).all(-1)

    south = red(0)
    used = np.flatnonzero(south.any(1))
    assert set(np.flatnonzero(south[used[-1]])) <= {259, 260, 261}  # one tip in the south, two corners in the north
    assert np.ptp(np.flatnonzero(south[used[0]])) > 8
    turned = red(90)[237:284, 237:284]
    assert (turned != np.rot90(south[237:284, 237:284], -1)).sum() < 8  # west is a quarter turn clockwise


def test_textures_cover_every_named_block() -> None:
    data = craft_data.load()
    look = make_look(data)
    named = [i for i, name in enumerate(data.block_names) if name and name != "air"]
    assert (look.texels[named, SIDE, ..., 3] > 0).any((1, 2)).all()
    assert look.form[block("stone")] == CUBE and look.form[block("tallgrass")] == CROSS
    assert look.form[block("water")] == LIQUID
    ores = [look.texels[block(f"{n}_ore"), TOP] for n in ("coal", "iron", "gold", "diamond", "redstone", "lapis")]
    assert all(not np.array_equal(a, b) for i, a in enumerate(ores) for b in ores[:i])
    assert np.array_equal(look.texels, make_look(data).texels)


def test_hash_is_uniform() -> None:
    values = np.array([hash01(x, y, z) for x in range(-10, 10) for y in range(10) for z in range(-10, 10)])
    assert abs(values.mean() - 0.5) < 0.02 and abs(values.std() - 12**-0.5) < 0.02


@pytest.mark.parametrize("size", [(64, 48), (160, 120), (480, 360)])
def test_overlay_keeps_the_size_and_the_frame(size: tuple[int, int]) -> None:
    frame = np.full((size[1], size[0], 3), 90, np.uint8)
    inventory = {"log": 3, "stick": 2, "wooden_pickaxe": 1, "nonsense": 5} | dict.fromkeys(
        craft_data.load().item_names[1:12], 1
    )
    shown = overlay(frame, inventory, 13, 20, "mine cobblestone " * 4, equipped="wooden_pickaxe")
    assert shown.shape == frame.shape and shown.dtype == np.uint8 and (frame == 90).all()
    assert (shown[-size[1] // 4 :] != 90).any() and (shown[: size[1] // 8] != 90).any()
    assert np.array_equal(overlay(frame, {}, 0, 0), overlay(frame, {"log": 0}, 0, 0))


def test_mistakes_are_named() -> None:
    state = meadow(2)
    with pytest.raises(UserError, match=r"environments 5\.\.5 asked for; the world has 0\.\.1"):
        first_person(state, [5])
    with pytest.raises(UserError, match="fov 0"):
        first_person(state, [0], fov=0)
    with pytest.raises(UserError, match="map of 10 pixels"):
        top_down(state, [0], 10)


TWIN = """
import sys
import numpy as np
from tests.sim.test_render import busy_meadow
from sim.craft.render import first_person, top_down
state = busy_meadow()
np.savez(sys.argv[1], view=first_person(state, [0], 16, 12), map=top_down(state, [0], 64))
"""


def busy_meadow() -> SimpleNamespace:
    state = meadow(slots=1)
    state.cells[0, 30:33, GROUND, 35:37] = block("water")
    for k, name in enumerate(("tallgrass", "leaves", "bed", "glass", "log")):
        put(state, name, (30 + k, GROUND + 1, 36))
    state.mob_kind[0, 0], state.mob_pos[0, 0] = kind("cow"), (33.5, GROUND + 1, 35.0)
    state.pitch[:], state.time[:] = 15, 12500
    return state


def test_compiled_equals_uncompiled(tmp_path) -> None:
    out = tmp_path / "twin.npz"
    subprocess.run([sys.executable, "-c", TWIN, str(out)], check=True, env={**os.environ, "NUMBA_DISABLE_JIT": "1"})
    twin = np.load(out)
    state = busy_meadow()
    assert state.blocks.shape == (1, CELLS)
    for name, fast in (("view", first_person(state, [0], 16, 12)), ("map", top_down(state, [0], 64))):
        assert (np.abs(twin[name].astype(int) - fast).max(-1) > 2).mean() < 0.02, name
