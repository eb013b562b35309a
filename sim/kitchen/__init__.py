"""The kitchen: a mobile manipulator among sixteen kinds of objects in PyBullet, registered as `saycraft/Kitchen-v0`."""

from __future__ import annotations

import gymnasium as gym

if "saycraft/Kitchen-v0" not in gym.registry:
    gym.register(id="saycraft/Kitchen-v0", entry_point="sim.kitchen.env:KitchenEnv",
                 vector_entry_point="sim.kitchen.world:KitchenWorld")  # fmt: skip
