"""One MineDojo environment as our policies see a world: its observations in our arrays, our actions in its eight numbers.

MineDojo's quirks, all handled here: rays are cast to the side opposite to the yaw they are given; rays and voxels name
blocks in English (`wood`), inventories by id with blanks; after crafting, equipping, placing or dropping its wrapper lets
two ticks pass; a new episode is a new mission for the Minecraft client that runs already.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from sim.craft import data as craft_data
from sim.craft.act import ATTACK, CRAFT, DESTROY, DROP, EQUIP, PLACE
from sim.craft.actions import to_minedojo
from sim.craft.biomes import BIOMES
from sim.craft.grid import SEA_LEVEL
from sim.craft.physics import PITCH_UP
from sim.craft.start import Start
from sim.craft.state import DAY_TICKS, WorldConfig, observation_dtype
from sim.minedojo.client import embedded, make
from sim.minedojo.names import AIR, biome_ids, block_ids, entity_kinds, item_name
from sim.minedojo.package import submodule
from sim.world import UserError

BACKENDS = ("minecraft", "embedded")
SLOW = (DROP, CRAFT, EQUIP, PLACE, DESTROY)  # functional actions after which MineDojo lets two ticks pass
LAG = 2
WORN_SLOTS = ("feet", "legs", "chest", "head")
STACKS = 36


class Player:
    """One environment; arrays have no leading [N]."""

    def __init__(self, config: WorldConfig, backend: str = "minecraft", picture: tuple[int, int] = (16, 16)):
        self.config, self.backend = config, backend
        self.picture = np.zeros((*picture, 3), np.uint8)
        self.data = craft_data.load()
        self.senses = np.zeros(1, observation_dtype(config))
        self.inventory = np.zeros(len(self.data.item_names), np.int16)
        self.killed = np.zeros(len(self.data.mob_names), np.int16)
        self.used = np.zeros(len(self.data.item_names), np.int16)
        self.equipped = self.ticks = self.time = self.biome = 0
        self.env: Any = None
        self._slots: dict[int, int] = {}
        self._base: dict[str, Any] = {}
        mc = submodule("sim.mc_meta.mc")
        self._crafts = {
            self.data.item_index[name]: k
            for k, name in enumerate(mc.ALL_CRAFT_SMELT_ITEMS)
            if name in self.data.item_index
        }
        self._biomes = {int(number): k for k, number in enumerate(biome_ids())}

    # -- episodes ------------------------------------------------------------------------------------------------------

    def begin(self, start: Start, seed: int) -> None:
        """Start an episode; the world is that of `seed`."""
        rng = np.random.default_rng(seed)
        wanted = self._options(start, seed, rng)
        with self._on():
            self.env = self._remake(wanted)
            obs = self.env.reset()
            self.ticks = 0
            mobs = [self.data.mob_names[k] for k, n in enumerate(start.mobs) for _ in range(n)]
            if mobs:
                reach = int(start.mob_range)
                places = rng.integers(-reach, reach + 1, (len(mobs), 3))
                places[:, 1] = 1
                obs, _, _, _ = self.env.spawn_mobs(mobs, places)
                self.ticks += len(mobs)
        self._clock = start.time
        self._base = {}
        self._read(obs)
        self._base = {"killed": self.killed.copy(), "used": self.used.copy()}
        self.killed[:], self.used[:] = 0, 0

    def _on(self) -> AbstractContextManager[Any]:
        return embedded() if self.backend == "embedded" else nullcontext()

    def _remake(self, wanted: dict[str, Any]) -> Any:
        """An environment with these options, on the Minecraft client that runs already if there is one."""
        env = make("open-ended", **wanted)
        if self.env is not None:
            env.unwrapped._bridge_env = self.env.unwrapped._bridge_env
        return env

    def _options(self, start: Start, seed: int, rng: np.random.Generator) -> dict[str, Any]:
        """What `minedojo.make` is asked for."""
        b = self.config.box
        biome = BIOMES[start.biome if start.biome is not None else int(rng.integers(len(BIOMES)))]
        return {
            "image_size": self.picture.shape[:2], "seed": seed, "world_seed": str(seed if start.seed is None else start.seed),
            "generate_world_type": "specified_biome", "specified_biome": biome, "start_time": start.time,
            "allow_mob_spawn": start.spawns, "initial_inventory": self._stacks(start), "use_voxel": True,
            "voxel_size": dict(zip(("xmin", "xmax", "ymin", "ymax", "zmin", "zmax"), b, strict=True)), "use_lidar": True,
            "lidar_rays": [(math.radians(p), -math.radians(y), self.config.ray_range) for p, y in self.config.lidar],
        }  # fmt: skip

    def _stacks(self, start: Start) -> list[Any]:
        """The inventory as MineDojo wants it: slots from the second on, armour in its own."""
        item = submodule("sim.inventory").InventoryItem
        out = [
            item(slot=WORN_SLOTS[self.data.item_slot[i] - 1], name=self.data.item_names[i], variant=0, quantity=1)
            for i in start.worn
        ]
        slot = 1
        for index, count in start.inventory:
            left = count - (index in start.worn)
            while left > 0:
                if slot >= STACKS:
                    raise UserError(f"the start's inventory does not fit into {STACKS} slots")
                size = min(left, int(self.data.item_stack[index]))
                out.append(item(slot=slot, name=self.data.item_names[index], variant=0, quantity=size))
                left, slot = left - size, slot + 1
        return out

    # -- acting --------------------------------------------------------------------------------------------------------

    def act(self, action: Sequence[int]) -> None:
        """Hold one of our actions for its ticks."""
        move, functional = int(action[0]), int(action[1])
        first = to_minedojo(action, self._crafts, self._slots)
        ticks = 1 if PITCH_UP <= move else self.config.ticks
        obs = self._step(first)
        spent = 1 + (LAG if int(first[5]) in SLOW else 0)
        while spent < ticks and self.alive:
            then = first.copy()
            if functional != ATTACK:
                then[5:] = 0
            obs = self._step(then)
            spent += 1
        self.ticks += spent
        self._read(obs)

    def _step(self, numbers: np.ndarray) -> Any:
        with self._on():
            obs, _, _, self._info = self.env.step(numbers)
        self.alive = float(obs["life_stats"]["life"][0]) > 0.0
        return obs

    @property
    def done(self) -> bool:
        """Whether the agent has died."""
        return not self.alive

    def close(self) -> None:
        """End the client."""
        if self.env is not None:
            self.env.close()
            self.env = None

    # -- sensing -------------------------------------------------------------------------------------------------------

    def _read(self, obs: Any) -> None:
        """Fill the arrays from MineDojo's observation."""
        s, rays, place = self.senses, obs["rays"], obs["location_stats"]
        blocks, kinds = block_ids(), entity_kinds()
        s["rays_block"][0] = [blocks.get(name, 0) for name in rays["block_name"].tolist()]
        s["rays_block_distance"][0] = rays["block_distance"]
        met = np.array([kinds.get(name, 0) for name in rays["entity_name"].tolist()])
        s["rays_entity"][0] = met
        s["rays_entity_distance"][0] = np.where(met > 0, rays["entity_distance"], np.float32(self.config.ray_range))
        names = obs["voxels"]["block_name"]
        s["voxels"][0] = np.array([blocks.get(name, 0) for name in names.ravel().tolist()]).reshape(names.shape)
        s["compass"][0] = place["yaw"][0], place["pitch"][0]
        x, y, z = place["pos"].tolist()
        s["position"][0] = x, _our_height(y, float(place["sea_level"][0])), z
        life = obs["life_stats"]
        s["life"][0] = life["life"][0], life["food"][0], life["oxygen"][0]
        self.alive = float(life["life"][0]) > 0.0
        self.picture = obs["rgb"].transpose(1, 2, 0)
        self._read_inventory(obs)
        self.biome = self._biomes.get(int(place["biome_id"]), 0)
        self.time = (self._clock + self.ticks) % DAY_TICKS
        self._read_deeds(self.env.unwrapped.prev_info)

    def _read_inventory(self, obs: Any) -> None:
        index = self.data.item_index
        self.inventory[:] = 0
        self._slots = {}
        held = [*zip(obs["inventory"]["name"].tolist(), obs["inventory"]["quantity"].tolist(), strict=True)]
        worn = [*zip(obs["equipment"]["name"].tolist(), obs["equipment"]["quantity"].tolist(), strict=True)][1:]
        for slot, (name, count) in enumerate([*held, *worn]):
            item = index.get(item_name(name), 0) if name != AIR else 0
            if item:
                self.inventory[item] += int(count)
                if slot < len(held):
                    self._slots.setdefault(item, slot)
        first = held[0][0]
        self.equipped = index.get(item_name(first), 0) if first != AIR else 0

    def _read_deeds(self, info: dict[str, Any]) -> None:
        """Kills and uses since the episode began, from Minecraft's statistics."""
        kills = info["stat"]["kill_entity"]
        uses = info["stat"]["use_item"]["minecraft"]
        shown = {key.replace("_", ""): n for key, n in kills.items()}
        self.killed[1:] = [shown.get(name.replace("_", ""), 0) for name in self.data.mob_names[1:]]
        self.used[:] = [uses.get(name, 0) for name in self.data.item_names]
        if self._base:
            self.killed -= self._base["killed"]
            self.used -= self._base["used"]


def _our_height(y: float, sea_level: float) -> float:
    """A height of Minecraft in our world, whose ground is 24 blocks deep instead of 63: above the sea shifted, below it scaled."""
    if sea_level == SEA_LEVEL:
        return y
    return y - sea_level + SEA_LEVEL if y >= sea_level else y * SEA_LEVEL / sea_level
