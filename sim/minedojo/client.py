"""The embedded world in the place of Minecraft: it answers the messages that MineDojo's Python sends to the Java client.

MineDojo's `BridgeEnv` talks to a `MinecraftInstance` through `client_socket_send_message` and `client_socket_recv_message`:
the mission's XML, `<Peek/>`, and per tick `<StepClient0>` with one command a line. `Client` is such an instance; `embed()`
makes MineDojo's instance manager hand out these, and everything above (bridge, handlers, wrappers, tasks) stays as it is.
"""

from __future__ import annotations

import copy
import re
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from sim.craft import commands
from sim.craft.act import ATTACK, CRAFT, DROP, EQUIP, NONE, PLACE, USE
from sim.craft.biomes import BIOMES
from sim.craft.physics import (
    BACK,
    FORWARD,
    JUMP_FORWARD,
    JUMP_UP,
    KEY_BACK,
    KEY_FORWARD,
    KEY_JUMP,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_SNEAK,
    KEY_SPRINT,
    KEYS,
    LEFT,
    RIGHT,
    SPRINT_FORWARD,
)
from sim.craft.state import DAY_TICKS, WorldConfig
from sim.craft.world import CraftWorld
from sim.minedojo.mission import ARMOUR_SLOT, CALM, OFFHAND_SLOT, Mission
from sim.minedojo.package import load, submodule
from sim.minedojo.report import Report
from sim.world import UserError

FOREVER = 2**30  # ticks: a mission has no end of its own
KEY_OF = {"forward": KEY_FORWARD, "back": KEY_BACK, "left": KEY_LEFT, "right": KEY_RIGHT, "jump": KEY_JUMP, "sneak": KEY_SNEAK,
          "sprint": KEY_SPRINT}  # fmt: skip
MOVE_OF = {0: 0, KEY_FORWARD: FORWARD, KEY_BACK: BACK, KEY_LEFT: LEFT, KEY_RIGHT: RIGHT, KEY_JUMP: JUMP_UP,
           KEY_FORWARD | KEY_JUMP: JUMP_FORWARD, KEY_FORWARD | KEY_SPRINT: SPRINT_FORWARD}  # fmt: skip
CRAFTS = ("craft", "craftNearby", "smeltNearby")
IGNORED = ("pickItem", "inventory", "swapInventoryItems")


class Client:
    """One Minecraft client of MineDojo's, in this process."""

    running, locked, had_to_clean = True, True, False

    def __init__(self, rng: np.random.Generator | None = None):
        self._rng = rng or np.random.default_rng(0)
        self._replies: deque[bytes] = deque()
        self._xml: bytes | None = None
        self._connected = False
        self.world: CraftWorld | None = None
        self.mission: Mission | None = None
        self.born = 0  # tick at which this life began

    # -- what MineDojo's bridge calls ----------------------------------------------------------------------------------

    def launch(self, daemonize: bool = False, replaceable: bool = True) -> None:
        """Nothing to start."""

    def kill(self) -> None:
        """Free the world."""
        self.world = None

    close = kill

    def release_lock(self) -> None:
        """Nobody else may use this client."""

    def has_client_socket(self) -> bool:
        """Whether the bridge has connected."""
        return self._connected

    def create_instance_socket(self, socktime: float) -> None:
        """Connect."""
        self._connected = True

    def client_socket_close(self) -> None:
        """Disconnect."""
        self._connected = False

    def client_socket_shutdown(self, how: int) -> None:
        """Disconnect."""
        self._connected = False

    def client_socket_recv_message(self) -> bytes:
        """The next reply."""
        return self._replies.popleft()

    def client_socket_send_message(self, message: bytes) -> None:
        """Take a message and put the replies to it in line."""
        if message.startswith((b"<MalmoEnv", b"<Disconnect", b"<StepServer")):
            return
        if message.startswith(b"<Quit"):
            self._replies.append(struct.pack("!I", 1))
        elif message.startswith(b"<Peek"):
            self._replies += [self._picture(), self._info(), struct.pack("!b", 0)]
        elif message.startswith(b"<StepClient"):
            self._step(re.sub(r"</?StepClient\d *>", "", message.decode()).split("\n"))
            self._replies += [self._picture(), struct.pack("!dbb", 0.0, 0, 1), self._info()]
        elif self._xml is None:
            self._xml = message  # the token follows
        else:
            xml, self._xml = self._xml, None
            self._begin(Mission.parse(xml))
            self._replies.append(struct.pack("!I", 1))

    # -- the world behind ----------------------------------------------------------------------------------------------

    @property
    def _world(self) -> CraftWorld:
        if self.world is None:
            raise RuntimeError("MineDojo spoke to the embedded world before it sent a mission")
        return self.world

    def _begin(self, mission: Mission) -> None:
        """Set up an episode."""
        config = WorldConfig(
            lidar=((0.0, 0.0), *mission.lidar()), ray_range=max((r for _, _, r in mission.rays), default=1.0), ticks=1,
            max_steps=FOREVER, box=mission.grid or (0, 0, 0, 0, 0, 0), hostile=mission.mobs_spawn,
            natural_mobs=WorldConfig.natural_mobs if mission.mobs_spawn else 0,
        )  # fmt: skip
        if self.world is None or self.world.config != config:
            self.world = CraftWorld(1, seed=0, config=config)
        self.mission, world = mission, self.world
        biome = mission.biome or BIOMES[int(self._rng.integers(len(BIOMES)))]
        seed = int(self._rng.integers(2**31)) if mission.seed is None else mission.seed
        start: dict[str, Any] = {"biome": biome}
        if mission.time is not None:
            start["time"] = mission.time % DAY_TICKS
        world.reset(seed=seed, options={"start": [start]})
        world.arrays.health[0], world.arrays.food[0] = mission.health, mission.food
        self.born = 0
        for stack in mission.inventory:
            self._replace(stack.slot, stack.item, stack.count)
        if mission.position is not None:
            commands.teleport(world, 0, *mission.position)
        world.observe()
        self._report = Report(world, mission)

    def _step(self, lines: list[str]) -> None:
        """One game tick under the commands of `lines`."""
        world = self._world
        if world.arrays.health[0] <= 0:
            self._revive()
        keys, functional, item = 0, NONE, 0
        for line in filter(None, (text.strip() for text in lines)):
            verb, _, rest = line.partition(" ")
            if verb == "chat":
                self._chat(rest)
            elif verb == "camera":
                self._turn(rest)
            elif verb in KEY_OF:
                keys |= KEY_OF[verb] if rest == "1" else 0
            elif verb in ("attack", "use", "drop"):
                if rest == "1":
                    functional = {"attack": ATTACK, "use": USE, "drop": DROP}[verb]
            elif verb in (*CRAFTS, "equip", "place"):
                if rest not in ("none", "other"):
                    functional, item = self._handle(verb, rest)
            elif rest not in ("", "0") and verb not in IGNORED and not verb.startswith("hotbar"):
                raise UserError(f"the embedded world knows no command '{line}'")
        time = int(world.arrays.time[0])
        move = MOVE_OF.get(keys, KEYS + keys)
        world.step(torch.tensor([[move, functional, item]]))
        if self.mission is not None and not self.mission.time_passes:
            world.arrays.time[0] = time

    def _turn(self, angles: str) -> None:
        """Turn the camera by pitch and yaw."""
        a = self._world.arrays
        pitch, yaw = (float(v) for v in angles.split())
        for turned in (pitch, yaw):
            if turned % 15.0:
                raise UserError(
                    f"the embedded world's camera turns in steps of 15 degrees, not by {turned}: cam_interval=15"
                )
        if pitch or yaw:
            commands.look(self._world, 0, float(a.yaw[0]) + yaw, float(a.pitch[0]) + pitch)

    def _handle(self, verb: str, name: str) -> tuple[int, int]:
        """Functional action and item of crafting, equipping and placing."""
        functional = CRAFT if verb in CRAFTS else EQUIP if verb == "equip" else PLACE
        return functional, self._item(name)

    def _item(self, name: str) -> int:
        plain = name.removeprefix("minecraft:")
        if plain not in self._world.data.item_index:
            raise UserError(f"the embedded world has no item '{plain}': Minecraft {self._world.data.version} has none")
        return self._world.data.item_index[plain]

    def _revive(self) -> None:
        """A new life after death: the clock of this life starts anew."""
        commands.respawn(self._world, 0)
        self.born = int(self._world.arrays.ticks[0])

    def _replace(self, slot: int, name: str, count: int) -> None:
        """Put a stack into a slot; armour that goes into its slot is worn, a first stack is held."""
        a, data = self._world.arrays, self._world.data
        if name.removeprefix("minecraft:") == "air":
            self._empty(slot)
            return
        item = self._item(name)
        a.inventory[0, item] += count
        if ARMOUR_SLOT <= slot < OFFHAND_SLOT and data.item_slot[item]:
            a.worn[0, data.item_slot[item] - 1] = item
        elif slot == 0:
            a.equipped[0] = item

    def _empty(self, slot: int) -> None:
        """Throw away what a slot shows."""
        a, shown = self._world.arrays, self._report.inventory()["inventory"][slot]
        if shown["quantity"]:
            item = self._item(shown["name"])
            a.inventory[0, item] = max(a.inventory[0, item] - shown["quantity"], 0)
            if a.inventory[0, item] == 0 and a.equipped[0] == item:
                a.equipped[0] = 0

    # -- chat ----------------------------------------------------------------------------------------------------------

    def _chat(self, text: str) -> None:
        """One of Minecraft's commands."""
        name, *words = text.removeprefix("/").split()
        known = {"summon": self._summon, "kill": self._kill, "time": self._time, "weather": self._weather, "tp": self._tp,
                 "replaceitem": self._replaceitem, "clear": self._clear, "setblock": self._setblock, "give": self._give,
                 "spreadplayers": self._spread}  # fmt: skip
        if name not in known:
            raise UserError(
                f"the embedded world knows no command '/{name}'; it knows {', '.join(f'/{k}' for k in known)}"
            )
        try:
            known[name](words)
        except (IndexError, ValueError) as error:
            if isinstance(error, UserError):
                raise
            raise UserError(f"the embedded world cannot read the command '{text}'") from None

    def _point(self, words: list[str]) -> tuple[float, float, float]:
        """Coordinates, those with a ~ relative to the agent."""
        a = self._world.arrays
        own = (float(a.x[0]), float(a.y[0]), float(a.z[0]))
        point = [at + float(w[1:] or 0) if w.startswith("~") else float(w) for w, at in zip(words, own, strict=True)]
        return point[0], point[1], point[2]

    def _summon(self, words: list[str]) -> None:
        commands.summon(self._world, 0, words[0].removeprefix("minecraft:").lower(), *self._point(words[1:4]))

    def _kill(self, words: list[str]) -> None:
        if not words:
            self._revive()
        elif words[0] == "@e[type=!player]":
            self._world.arrays.mob_kind[0] = 0
        elif words[0] != "@e[type=item]":  # nothing lies about here
            raise UserError(f"the embedded world cannot kill '{words[0]}'")

    def _time(self, words: list[str]) -> None:
        if words[0] != "set":
            raise UserError(f"the embedded world knows '/time set', not '/time {words[0]}'")
        self._world.arrays.time[0] = {"day": 1000, "night": 13000}.get(words[1]) or int(words[1]) % DAY_TICKS

    def _weather(self, words: list[str]) -> None:
        if words[0] not in CALM:
            raise UserError(f"the embedded world has no weather '{words[0]}'; it is always {CALM[0]}")

    def _tp(self, words: list[str]) -> None:
        words = [w for w in words if not w.startswith("@")]
        yaw, pitch = (float(words[3]), float(words[4])) if len(words) >= 5 else (None, None)
        commands.teleport(self._world, 0, *self._point(words[:3]), yaw, pitch)

    def _replaceitem(self, words: list[str]) -> None:
        """replaceitem entity @p slot.KIND.N ITEM COUNT METADATA."""
        _, kind, place = words[2].split(".")
        named = {"mainhand": 0, "offhand": OFFHAND_SLOT, "feet": 36, "legs": 37, "chest": 38, "head": 39}
        slot = named[place] if place in named else int(place) + (9 if kind == "inventory" else 0)
        self._replace(slot, words[3], int(words[4]))

    def _clear(self, words: list[str]) -> None:
        commands.clear(self._world, 0)

    def _give(self, words: list[str]) -> None:
        self._world.arrays.inventory[0, self._item(words[1])] += int(words[2]) if len(words) > 2 else 1

    def _setblock(self, words: list[str]) -> None:
        x, y, z = (int(np.floor(v)) for v in self._point(words[:3]))
        commands.put_block(self._world, 0, words[3].removeprefix("minecraft:"), x, y, z)

    def _spread(self, words: list[str]) -> None:
        """spreadplayers X Z DISTANCE RANGE false @p."""
        commands.scatter(self._world, 0, float(words[3]))

    # -- replies -------------------------------------------------------------------------------------------------------

    def _picture(self) -> bytes:
        """What the agent sees, bottom row first, as Minecraft's buffer has it."""
        from sim.craft.render import first_person

        assert self.mission is not None
        shot = first_person(self._world, [0], self.mission.width, self.mission.height)[0]
        return shot[::-1].tobytes()

    def _info(self) -> bytes:
        return self._report.text(int(self._world.arrays.ticks[0]) - self.born)


@contextmanager
def embedded() -> Iterator[list[Client]]:
    """Within it, MineDojo's environments run on the embedded world; gives the clients made so far, newest last."""
    load()
    manager = submodule("sim.bridge.mc_instance").InstanceManager
    before = manager.__dict__["get_instance"]
    clients: list[Client] = []

    def get_instance(pid: int, instance_id: Any = None) -> Client:
        clients.append(Client(copy.deepcopy(manager.rng)))
        return clients[-1]

    manager.get_instance = staticmethod(get_instance)
    try:
        yield clients
    finally:
        manager.get_instance = before


def make(task_id: str, **options: Any) -> Any:
    """`minedojo.make`, as often as one likes; `options` go before what the task itself says of pictures and senses.

    MineDojo 0.1 takes a task's definition apart when it makes the task, so that a second time fails, and refuses options
    that the definition names too; here both work. Only within `embedded()` does it run without Java.
    """
    tasks = submodule("tasks")
    specs = tasks.ALL_TASKS_SPECS
    if task_id not in specs:
        return load().make(task_id, **options)
    kept = copy.deepcopy(specs[task_id])
    try:
        for name in [name for name in options if name in specs[task_id]]:
            specs[task_id].pop(name)
        return load().make(task_id, **options)
    finally:
        specs[task_id] = kept
