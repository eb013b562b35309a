"""What Minecraft tells MineDojo after each tick, made from the state of the embedded world: the info JSON and its parts.

The keys are those that the handlers of minedojo 0.1 read. What the embedded world has no notion of is constant here:
weather, experience, achievements, and the statistics besides kills and uses of items.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from sim.craft.data import TIERS
from sim.craft.grid import HEIGHT, SEA_LEVEL, SIZE, cell_index
from sim.craft.state import ARMOUR_SLOTS, NIGHT_END, NIGHT_START
from sim.craft.world import CraftWorld
from sim.minedojo.mission import ARMOUR_SLOT, OFFHAND_SLOT, SLOTS, Mission
from sim.minedojo.names import AIR, NOBODY, biome_ids, block_names, entity_names
from sim.minedojo.package import submodule

OFFHAND = "shield"  # what the other hand carries, when one is there
MAIN_SLOTS = ARMOUR_SLOT
EMPTY = {"inventory": "inventory", "name": AIR, "variant": 0, "quantity": 0, "max_durability": -1, "cur_durability": -1}
BURNS = ("log", "log2", "planks", "leaves", "leaves2", "tallgrass", "wool", "vine", "deadbush", "bookshelf", "fence")
DAMAGE = {"damage_amount": 0.0, "damage_distance": 0.0, "hunger_damage": 0.0, "damage_pitch": 0.0, "damage_yaw": 0.0,
          "is_explosion": False, "is_fire_damage": False, "is_magic_damage": False, "is_projectile": False,
          "is_unblockable": False}  # fmt: skip
RAINFALL, TEMPERATURE = 0.4, 0.8  # of Minecraft's plains


class Report:
    """Writes the info of environment 0 of a world."""

    def __init__(self, world: CraftWorld, mission: Mission):
        self.world, self.mission = world, mission
        data = world.data
        self._stats = _stat_tree()
        self._uses = {k: name for k, name in enumerate(data.item_names) if name in self._stats["use_item"]["minecraft"]}
        self._kills = {k: key for k, n in enumerate(data.mob_names) if n and (key := _kill_key(n, self._stats))}
        self._counted: bytes | None = None
        self._stat_text = ""
        hand = data.harvestable[:, 0] > 0
        opaque = data.block_opaque > 0
        burns = np.isin(np.array(data.block_names), BURNS)
        solid, liquid = data.block_solid > 0, data.block_liquid > 0
        self._block_flags = np.stack([hand, solid, liquid, solid, burns], 1)  # as rays report them
        self._voxel_flags = np.stack([np.arange(256) > 0, hand, solid, liquid, solid, burns, opaque], 1)
        self._levels = [_harvest_level(data, k) for k in range(256)]
        self._achievements = json.dumps(_achievements())

    def text(self, ticks_alive: int) -> bytes:
        """The info as JSON."""
        info = {**self.inventory(), **self.life(), **self.location(), **DAMAGE, **self.voxels(), **self.rays()}
        told = f'"stat": {self._statistics(ticks_alive)}, "achievement": {self._achievements}'
        return f"{{{told}, {json.dumps(info)[1:]}".encode()

    def inventory(self) -> dict[str, Any]:
        """41 slots: the hand, the rest by item, armour and the other hand; what does not fit is not shown."""
        a, data = self.world.arrays, self.world.data
        slots: list[dict[str, Any]] = [EMPTY] * SLOTS
        left = a.inventory[0].astype(int)
        for place in range(ARMOUR_SLOTS):
            item = int(a.worn[0, place])
            if item:
                slots[ARMOUR_SLOT + place] = self._stack(item, 1)
                left[item] -= 1
        shield = data.item_index[OFFHAND]
        hand = int(a.equipped[0])
        if left[shield] > 0 and hand != shield:
            slots[OFFHAND_SLOT] = self._stack(shield, 1)
            left[shield] -= 1
        free = 1
        if hand and left[hand] > 0:
            slots[0] = self._stack(hand, min(left[hand], int(data.item_stack[hand])))
            left[hand] -= slots[0]["quantity"]
        for item in np.flatnonzero(left > 0).tolist():
            while left[item] > 0 and free < MAIN_SLOTS:
                slots[free] = self._stack(item, min(int(left[item]), int(data.item_stack[item])))
                left[item] -= slots[free]["quantity"]
                free += 1
        return {"inventory": slots}

    def _stack(self, item: int, count: int) -> dict[str, Any]:
        most = int(self.world.data.item_durability[item])
        worn = int(self.world.arrays.wear[0, item])
        durability = {"max_durability": most if most else -1, "cur_durability": most - worn if most else -1}
        return {**EMPTY, "name": self.world.data.item_names[item], "quantity": int(count), **durability}

    def life(self) -> dict[str, Any]:
        """Vital signs."""
        a = self.world.arrays
        armour = float(self.world.data.item_armour[a.worn[0]].sum())
        return {"life": float(a.health[0]), "armor": armour, "food": float(a.food[0]), "saturation": float(a.saturation[0]),
                "xp": 0.0, "air": max(float(a.oxygen[0]), 0.0), "is_sleeping": False}  # fmt: skip

    def location(self) -> dict[str, Any]:
        """Where the agent is, how bright it is there, and what stands near; heights are the embedded world's own."""
        a, world = self.world.arrays, self.world
        night = bool(NIGHT_START <= a.time[0] < NIGHT_END)
        sky = _sees_sky(world)
        near = world.facts()[0]
        names = {"nearby_crafting_table": "crafting_table_nearby", "nearby_furnace": "furnace_nearby"}
        return {
            "xpos": float(a.x[0]), "ypos": float(a.y[0]), "zpos": float(a.z[0]), "yaw": float(a.yaw[0]), "pitch": float(a.pitch[0]),
            "biome_id": int(biome_ids()[a.biome[0]]), "biome_rainfall": RAINFALL, "biome_temperature": TEMPERATURE,
            "is_raining": 0, "can_see_sky": int(sky), "sky_light_level": float(sky), "sea_level": SEA_LEVEL,
            "sun_brightness": 0.2 if night else 1.0, "light_level": 4.0 if night else 15.0 if sky else 0.0,
            **{key: bool(near[world.fact_names.index(fact)]) for key, fact in names.items()},
        }  # fmt: skip

    def voxels(self) -> dict[str, Any]:
        """Ten values a cell, x fastest, then y, then z."""
        if self.mission.grid is None:
            return {}
        g, names = self.mission.grid, block_names()
        ids = self.world.observe()["voxels"][0].numpy()
        axes = np.meshgrid(*(np.arange(g[2 * k], g[2 * k + 1] + 1) for k in range(3)), indexing="ij")
        look = self._gaze()
        away = np.stack(axes, -1) + np.array([0.0, -1.12, 0.0])  # from the eye to the middle of each cell
        angle = (away @ look) / np.maximum(np.linalg.norm(away, axis=-1), 1e-6)
        flat = ids.flatten(order="F").astype(int)
        cosines, flags = angle.flatten(order="F"), self._voxel_flags[flat]
        out: list[Any] = []
        for k, block in enumerate(flat.tolist()):
            out += [names[block], 0, *(bool(v) for v in flags[k]), float(cosines[k])]
        return {"voxels": out}

    def rays(self) -> dict[str, Any]:
        """Sixteen values a ray."""
        if not self.mission.rays:
            return {}
        senses, names, kinds = self.world.observe(), block_names(), entity_names()
        block, distance, mob, mob_distance = (
            senses[name][0, 1:].numpy()  # the first ray is the cross-hair, which no mission asks for
            for name in ("rays_block", "rays_block_distance", "rays_entity", "rays_entity_distance")
        )
        a = self.world.arrays
        pitch, yaw = math.radians(float(a.pitch[0])), math.radians(float(a.yaw[0]))
        out: list[Any] = []
        for r, (dp, dy, reach) in enumerate(self.mission.rays):
            hit = int(block[r]) if distance[r] < reach else 0
            met = int(mob[r]) if mob_distance[r] < reach else 0
            far = float(min(distance[r], reach))
            p, y = pitch + dp, yaw - dy
            traced = (float(a.x[0]) - math.sin(y) * math.cos(p) * far, float(a.y[0]) + 1.62 - math.sin(p) * far,
                      float(a.z[0]) + math.cos(y) * math.cos(p) * far)  # fmt: skip
            who = (kinds[met], float(mob_distance[r])) if met else (NOBODY, -1.0)
            flags = (bool(v) for v in self._block_flags[hit])
            out += [
                names[hit],
                far,
                0,
                self._levels[hit],
                *flags,
                *who,
                dp,
                dy,
                *(float(math.floor(v)) for v in traced),
            ]
        return {"rays": out}

    def _gaze(self) -> np.ndarray:
        a = self.world.arrays
        pitch, yaw = math.radians(float(a.pitch[0])), math.radians(float(a.yaw[0]))
        return np.array([-math.sin(yaw) * math.cos(pitch), -math.sin(pitch), math.cos(yaw) * math.cos(pitch)])

    def _statistics(self, ticks_alive: int) -> str:
        """Minecraft's counters as JSON text; rebuilt only when one that seldom changes has changed."""
        a = self.world.arrays
        now = a.used[0].tobytes() + a.killed[0].tobytes()
        if now != self._counted:
            self._counted = now
            stats = self._stats
            for item, name in self._uses.items():
                stats["use_item"]["minecraft"][name] = int(a.used[0, item])
            for kind, mob in self._kills.items():
                stats["kill_entity"][mob] = int(a.killed[0, kind])
            stats["mob_kills"] = int(a.killed[0].sum())
            self._stat_text = json.dumps(stats)[1:]
        return f'{{"time_since_death": {ticks_alive}, "play_one_minute": {int(a.ticks[0])}, {self._stat_text}'


def _stat_tree() -> dict[str, Any]:
    """All counters that MineDojo knows, at zero, but those that change every tick."""
    tree: dict[str, Any] = {}
    for keys in submodule("sim.mc_meta.mc").ALL_STAT_KEYS:
        if keys[0] != "stat" or keys[1] in ("time_since_death", "play_one_minute"):
            continue
        branch = tree
        for key in keys[1:-1]:
            branch = branch.setdefault(key, {})
        branch[keys[-1]] = 0
    return tree


def _achievements() -> dict[str, bool]:
    """None of them: the embedded world awards no achievements."""
    keys = submodule("sim.mc_meta.mc").ALL_STAT_KEYS
    return {key[1]: False for key in keys if key[0] == "achievement"}


def _kill_key(mob: str, stats: dict[str, Any]) -> str | None:
    return next((key for key in stats["kill_entity"] if key.replace("_", "") == mob.replace("_", "")), None)


def _harvest_level(data: Any, block: int) -> int:
    """The first pickaxe that harvests a block: 0 wooden or golden .. 3 diamond; -1 where the hand does."""
    if not data.block_names[block] or data.harvestable[block, 0]:
        return -1
    levels = {"wooden": 0, "golden": 0, "stone": 1, "iron": 2, "diamond": 3}
    fit = [levels[tier] for tier in TIERS if data.harvestable[block, data.item_index[f"{tier}_pickaxe"]]]
    return min(fit, default=-1)


def _sees_sky(world: CraftWorld) -> bool:
    """Whether nothing opaque is above the head."""
    a = world.arrays
    x, z = math.floor(a.x[0]) % SIZE, math.floor(a.z[0]) % SIZE
    above = range(min(math.floor(a.y[0]) + 2, HEIGHT), HEIGHT)
    return not any(world.data.block_opaque[a.blocks[0, cell_index(x, y, z)]] for y in above)
