"""The embedded Minecraft-like world, registered with Gymnasium as `saycraft/Craft-v0`."""

from __future__ import annotations

import gymnasium as gym

if "saycraft/Craft-v0" not in gym.registry:
    gym.register(id="saycraft/Craft-v0", vector_entry_point="sim.craft.world:CraftWorld")
