"""The state of N environments: one record each, side by side in memory, which the kernel and torch share.

A record keeps what a step touches together in a few cache lines; `fields` shows every field as an array with a leading [N].
Units: metres (one block = 1 m), degrees, game ticks of 50 ms, half hearts. `y` is up, `x` and `z` wrap around (`grid.SIZE`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.craft.compile import COMPILED
from sim.craft.data import CraftData
from sim.craft.grid import BRICK_COLUMNS, CELLS

MAX_MOBS = 16
DAY_TICKS = 24_000
NIGHT_START, NIGHT_END = 13_000, 23_000
MAX_HEALTH = MAX_FOOD = 20.0
MAX_OXYGEN = 300.0
ARMOUR_SLOTS = 4  # feet, legs, chest, head: Minecraft's order


def state_dtype(num_items: int, num_kinds: int) -> np.dtype:
    """Everything that a step reads and writes of one environment; `num_kinds` of mobs, none included."""
    f, h, i, b, m, n, k = "f4", "i2", "i4", "u1", MAX_MOBS, num_items, num_kinds
    return np.dtype([
        ("rng", "i8"),  # 32-bit xorshift state
        ("x", f), ("y", f), ("z", f),  # feet, unwrapped: may leave 0..SIZE
        ("fall_speed", f),  # vertical velocity, metres a tick, up is positive
        ("fall_top", f),  # highest y since the feet left the ground
        ("yaw", f), ("pitch", f),  # yaw 0 = +z, 90 = -x; pitch + = down
        ("health", f), ("food", f), ("saturation", f), ("exhaustion", f), ("oxygen", f),
        ("dig_cell", i),  # cell being dug, -1 = none
        ("time", i),  # tick of the day
        ("ticks", i), ("max_ticks", i),  # since reset, and at most
        ("dig_ticks", h),  # ticks spent on the cell being dug
        ("hurt_wait", h), ("use_wait", h),  # ticks until the agent can be hurt, can hit or use, again
        ("equipped", h),  # item index, 0 = empty hand
        ("on_ground", b), ("biome", b), ("spawns", b),  # whether monsters may come
        ("herd", b),  # animals that roam about besides those asked for
        ("mob_kind", b, m),  # 0 = free slot
        ("mob_shorn", b, m),  # whether what it gives again and again is gone: a sheep's wool, a chicken's egg
        ("mob_roams", b, m),  # whether it is one of the herd: goes and comes as the agent moves on
        ("mob_walk", h, m),  # > 0: ticks to walk on, < 0: ticks to stand
        ("mob_flee", h, m),  # ticks left of panic
        ("mob_wait", h, m),  # ticks until it can be hurt again
        ("mob_strike", h, m),  # ticks until it can strike or shoot again
        ("mob_pos", f, (m, 3)),  # feet
        ("mob_yaw", f, m), ("mob_health", f, m),
        ("inventory", h, n),  # counts by item
        ("wear", h, n),  # uses of the tool in work
        ("worn", h, ARMOUR_SLOTS),  # armour on the body: item index by slot, 0 = bare
        ("used", h, n),  # times each item was used, as Minecraft's statistics count them
        ("killed", h, k),  # mobs of each kind
        ("bricks", "u2", BRICK_COLUMNS),  # bit y: the brick at that height may hold something but air
        ("blocks", b, CELLS),  # Minecraft block ids in the brick layout of `grid`
    ], align=True)  # fmt: skip


def observation_dtype(config: WorldConfig) -> np.dtype:
    """What an agent senses; see `CraftWorld` for the meaning of each."""
    rays = len(config.lidar)
    return np.dtype([
        ("rays_block_distance", "f4", rays), ("rays_entity_distance", "f4", rays), ("compass", "f4", 2),
        ("position", "f4", 3), ("life", "f4", 3), ("rays_block", "u1", rays), ("rays_entity", "u1", rays),
        ("voxels", "u1", config.box_shape),
    ], align=True)  # fmt: skip


TABLES = (
    "dig_ticks", "recipe_start", "recipe_item", "recipe_need", "recipe_result", "drop_item", "item_durability",
    "block_nearby", "mob_nearby", "mob_drop_item", "drop_chance", "drop_rare_item", "drop_rare_chance", "item_damage",
    "item_food", "mob_health", "mob_width", "mob_height", "mob_speed", "mob_damage", "recipe_count", "recipe_station",
    "block_solid", "block_liquid", "block_replaceable", "block_opaque", "harvestable", "drop_min", "drop_max",
    "item_places", "mob_drop_min", "mob_drop_max", "item_armour", "item_toughness", "item_slot",
    "item_tool", "mob_temper", "shear_item", "seed_item", "item_saturation",
)  # fmt: skip


# positions in Tables.ids
(WATER, CRAFTING_TABLE, FURNACE, BUCKET, MILK_BUCKET, SHEARS, WOOL, COW, SHEEP, PIG, CHICKEN, ZOMBIE, SKELETON, SPIDER,
 CREEPER, GRASS, DIRT, FARMLAND, BOW, ARROW, WITCH, RABBIT, SLIME, EGG) = range(24)  # fmt: skip


def _lidar() -> tuple[tuple[float, float], ...]:
    """(pitch, yaw) in degrees relative to the gaze: dense ahead, sparse behind, three rows, and the cross-hair first.

    The rows look at tree crowns (-12), at animals far away (3) and at what lies near (14).
    """
    yaws = (0.0, 7.5, 15.0, 22.5, 35.0, 50.0, 75.0, 105.0, 140.0)
    fan = sorted({sign * yaw for yaw in yaws for sign in (-1.0, 1.0)})
    return ((0.0, 0.0), *((pitch, yaw) for pitch in (-12.0, 3.0, 14.0) for yaw in fan))


@dataclass(frozen=True)
class WorldConfig:
    """What an agent senses and how long an action lasts."""

    lidar: tuple[tuple[float, float], ...] = field(default_factory=_lidar)  # (pitch, yaw) of each ray, degrees
    ray_range: float = 32.0  # metres
    box: tuple[int, int, int, int, int, int] = (-3, 3, -2, 3, -3, 3)  # voxels around the feet cell, inclusive
    ticks: int = 4  # game ticks that one action is held
    max_steps: int = 10_000  # game ticks of an episode unless its start says otherwise
    natural_mobs: int = 6  # animals that roam besides those asked for; others follow where one is gone
    hostile: bool = True  # monsters come at night
    autoreset: bool = False  # restart finished environments within `step`
    maps_per_biome: int = 6  # size of the generated pool
    sense_rays: bool = True
    sense_voxels: bool = True

    @property
    def box_shape(self) -> tuple[int, int, int]:
        b = self.box
        return b[1] - b[0] + 1, b[3] - b[2] + 1, b[5] - b[4] + 1


PLAN4MC_LIDAR = tuple((float(p), float(y)) for p in range(-30, 30, 5) for y in range(-45, 45, 5))  # 12 x 18 rays


def _ray_directions(lidar: tuple[tuple[float, float], ...]) -> np.ndarray:
    offsets = np.radians(np.array(lidar, dtype=np.float64))
    gaze = np.radians(np.arange(-90, 91, 15, dtype=np.float64))
    pitch = gaze[:, None] + offsets[None, :, 0]
    yaw = np.broadcast_to(offsets[None, :, 1], pitch.shape)
    flat = np.cos(pitch)
    return np.stack([-np.sin(yaw) * flat, -np.sin(pitch), np.cos(yaw) * flat], axis=-1).astype(np.float32)


def _rooted(data: CraftData) -> np.ndarray:
    named = np.array([bool(name) and name != "air" for name in data.block_names])
    rooted = named & (data.block_solid == 0) & (data.block_liquid == 0)
    rooted[data.block_id["cactus"]] = True
    rooted[[data.block_id["vine"], data.block_id["web"]]] = False
    return rooted.astype(np.uint8)


def make_tables(data: CraftData, config: WorldConfig) -> np.ndarray:
    """The rules of the game and the shape of the senses as an array of one record, for the kernel.

    Fields: those of `data.CraftData` named in TABLES, and `rooted` u8[256] (plants that drop when the block below goes),
    `ids` i32 (see IDS), `rays` f32[13, R, 3] (directions at yaw 0 for each pitch bin), `ray_range`, `box` i32[6].
    """
    item, block, mob = data.item_index, data.block_id, data.mob_names.index
    ids = [
        block["water"],
        block["crafting_table"],
        block["furnace"],
        item["bucket"],
        item["milk_bucket"],
        item["shears"],
        item["wool"],
        *(mob(m) for m in ("cow", "sheep", "pig", "chicken", "zombie", "skeleton", "spider", "creeper")),
        *(block[b] for b in ("grass", "dirt", "farmland")),
        item["bow"],
        item["arrow"],
        mob("witch"),
        mob("rabbit"),
        mob("slime"),
        item["egg"],
    ]
    values = {name: np.asarray(getattr(data, name)) for name in TABLES}
    values |= {
        "rooted": _rooted(data),
        "ids": np.array(ids, dtype=np.int32),
        "rays": _ray_directions(config.lidar),
        "ray_range": np.float32(config.ray_range),
        "box": np.array(config.box, dtype=np.int32),
    }
    tables = np.zeros(1, np.dtype([(name, v.dtype, v.shape) for name, v in values.items()], align=True))
    for name, value in values.items():
        tables[name][0] = value
    return records(tables)


def records(array: np.ndarray) -> np.ndarray:
    """The same array in the form whose rows the kernel reads: plain when compiled, with attributes when not."""
    return array if COMPILED else array.view(np.recarray)


def fields(array: np.ndarray) -> dict[str, np.ndarray]:
    """Every field of a record array as an array with a leading [N], sharing its memory."""
    return {name: np.asarray(array[name]) for name in array.dtype.names or () if not name.startswith("_")}
