"""How the agent's body moves: walking, jumping a block, falling, swimming. One call is one game tick of 50 ms.

Speeds, jump and gravity are Minecraft 1.11's (walk 4.317 m/s, sprint 5.612 m/s, jump 0.42 m/tick, gravity 0.08 m/tick²,
drag 0.98; minecraft.wiki "Transportation", "Entity#Motion"). There is no inertia on the ground: a key let go stops the body.
"""

from __future__ import annotations

import math

from sim.craft.compile import compiled
from sim.craft.grid import floor
from sim.craft.senses import block_at

HALF_WIDTH = 0.3
BODY_HEIGHT = 1.8
WALK, SPRINT, SWIM = 0.2159, 0.2806, 0.1
JUMP, GRAVITY, DRAG = 0.42, 0.08, 0.98
SKIN = 1e-3
FORWARD, BACK, LEFT, RIGHT, JUMP_UP, JUMP_FORWARD, SPRINT_FORWARD = 1, 2, 3, 4, 5, 6, 7
PITCH_UP, PITCH_DOWN, YAW_LEFT, YAW_RIGHT = 8, 9, 10, 11
KEYS = 64  # a move from here on is a set of keys: KEYS + any of these
KEY_FORWARD, KEY_BACK, KEY_LEFT, KEY_RIGHT, KEY_JUMP, KEY_SPRINT, KEY_SNEAK = 1, 2, 4, 8, 16, 32, 64
SNEAK = 0.3  # of the walking speed
SAFE_FALL = 3.0  # metres
SPRINT_FOOD = 6.0  # who has no more cannot sprint (minecraft.wiki "Sprinting")
SPRINT_COST, SWIM_COST = 0.1, 0.01  # exhaustion per metre (minecraft.wiki "Hunger")


@compiled
def _cells_blocked(e, t, x0, x1, y0, y1, z0, z1):
    """Whether any cell of the inclusive range is solid."""
    for cx in range(x0, x1 + 1):
        for cz in range(z0, z1 + 1):
            for cy in range(y0, y1 + 1):
                if t.block_solid[block_at(e, cx, cy, cz)]:
                    return True
    return False


@compiled
def _level_blocked(e, t, x, y, z):
    """Whether the body's foot print at height y touches a solid block."""
    w = HALF_WIDTH - SKIN
    cy = floor(y)
    return _cells_blocked(
        e, t, floor(x - w), floor(x + w), cy, cy, floor(z - w), floor(z + w)
    )  # fmt: skip


@compiled
def body_blocked(e, t, x, y, z):
    """Whether a body with its feet at (x, y, z) would touch a solid block."""
    w = HALF_WIDTH - SKIN
    return _cells_blocked(e, t, floor(x - w), floor(x + w), floor(y + SKIN),
                          floor(y + BODY_HEIGHT - SKIN), floor(z - w), floor(z + w))  # fmt: skip


@compiled
def _free_along_x(e, t, dx):
    """Whether the body can move by dx; only cells that its leading side enters are looked at."""
    w = HALF_WIDTH - SKIN
    side = w if dx > 0.0 else -w
    cx = floor(e.x + dx + side)
    if cx == floor(e.x + side):
        return True
    return not _cells_blocked(e, t, cx, cx, floor(e.y + SKIN), floor(e.y + BODY_HEIGHT - SKIN),
                              floor(e.z - w), floor(e.z + w))  # fmt: skip


@compiled
def _free_along_z(e, t, dz):
    """Whether the body can move by dz; see `_free_along_x`."""
    w = HALF_WIDTH - SKIN
    side = w if dz > 0.0 else -w
    cz = floor(e.z + dz + side)
    if cz == floor(e.z + side):
        return True
    return not _cells_blocked(e, t, floor(e.x - w), floor(e.x + w), floor(e.y + SKIN),
                              floor(e.y + BODY_HEIGHT - SKIN), cz, cz)  # fmt: skip


@compiled
def turn(e, move):
    """Turn the camera by one bin of 15 degrees."""
    if move == PITCH_UP:
        e.pitch = max(e.pitch - 15.0, -90.0)
    elif move == PITCH_DOWN:
        e.pitch = min(e.pitch + 15.0, 90.0)
    elif move == YAW_LEFT:
        e.yaw = e.yaw - 15.0 if e.yaw >= -165.0 else e.yaw + 345.0
    elif move == YAW_RIGHT:
        e.yaw = e.yaw + 15.0 if e.yaw < 165.0 else e.yaw - 345.0


@compiled
def in_liquid(e, t):
    """Whether the feet stand in water."""
    return t.block_liquid[block_at(e, floor(e.x), floor(e.y + 0.2), floor(e.z))]


@compiled
def _sprints(e, move):
    """Whether the agent sprints: who is hungry cannot."""
    keys = move - KEYS if move >= KEYS else 0
    wants = move == SPRINT_FORWARD or (keys & KEY_SPRINT > 0 and keys & KEY_FORWARD > 0 and keys & KEY_BACK == 0)
    return wants and e.food > SPRINT_FOOD


@compiled
def _key_speed(move, sprints):
    """Speed ahead and to the left that a set of keys asks for; two at right angles share the speed of one."""
    keys = move - KEYS
    ahead = (1.0 if keys & KEY_FORWARD else 0.0) - (1.0 if keys & KEY_BACK else 0.0)
    side = (1.0 if keys & KEY_LEFT else 0.0) - (1.0 if keys & KEY_RIGHT else 0.0)
    speed = SPRINT if sprints else WALK * SNEAK if keys & KEY_SNEAK else WALK
    if ahead != 0.0 and side != 0.0:
        speed *= 0.7071068
    return ahead * speed, side * speed


@compiled
def _walk(e, t, move, swimming):
    """Horizontal motion, one axis after the other; returns whether a wall was met."""
    ahead, side, sprints = 0.0, 0.0, _sprints(e, move)
    if move == FORWARD or move == JUMP_FORWARD:
        ahead = WALK
    elif move == SPRINT_FORWARD:
        ahead = SPRINT if sprints else WALK
    elif move == BACK:
        ahead = -WALK
    elif move == LEFT:
        side = WALK
    elif move == RIGHT:
        side = -WALK
    elif move >= KEYS:
        ahead, side = _key_speed(move, sprints)
    else:
        return False
    if swimming:
        ahead *= SWIM / WALK
        side *= SWIM / WALK
    yaw = math.radians(e.yaw)
    dx = -math.sin(yaw) * ahead + math.cos(yaw) * side
    dz = math.cos(yaw) * ahead + math.sin(yaw) * side
    met = False
    if _free_along_x(e, t, dx):
        e.x += dx
    else:
        met = abs(dx) > SKIN
    if _free_along_z(e, t, dz):
        e.z += dz
    else:
        met = met or abs(dz) > SKIN
    e.exhaustion += math.hypot(dx, dz) * (SWIM_COST if swimming else SPRINT_COST if sprints else 0.0)
    return met


@compiled
def _rise(e, t, wants_jump, swimming, met_wall):
    """Set the vertical speed from jumping, swimming and gravity."""
    if swimming:
        if wants_jump:
            e.fall_speed = 0.3 if met_wall else 0.12
        else:
            e.fall_speed = max(0.8 * e.fall_speed - 0.02, -0.1)
    elif wants_jump and e.on_ground:
        e.fall_speed = JUMP
        e.exhaustion += 0.05
    elif e.on_ground:
        e.fall_speed = -GRAVITY * DRAG


@compiled
def _fall(e, t):
    """Vertical motion; returns the height fallen when the feet land, else 0."""
    y = e.y + e.fall_speed
    if e.fall_speed > 0.0:
        if body_blocked(e, t, e.x, y, e.z):
            y = floor(y + BODY_HEIGHT) - BODY_HEIGHT
            y = e.y if y < e.y else y
            e.fall_speed = 0.0
        e.on_ground = 0
    elif _level_blocked(e, t, e.x, y, e.z):
        e.y = floor(y) + 1.0
        e.fall_speed = 0.0
        e.on_ground = 1
        drop = e.fall_top - e.y
        e.fall_top = e.y
        return drop
    else:
        e.on_ground = 0
    e.y = y
    e.fall_top = max(e.fall_top, y)
    e.fall_speed = (e.fall_speed - GRAVITY) * DRAG
    return 0.0


@compiled
def move_body(e, t, move):
    """One tick of motion for environment i under `move`; returns the fall damage in half hearts."""
    swimming = in_liquid(e, t)
    met_wall = _walk(e, t, move, swimming)
    jumps = move == JUMP_UP or move == JUMP_FORWARD or (move >= KEYS and (move - KEYS) & KEY_JUMP > 0)
    _rise(e, t, jumps, swimming, met_wall)
    if swimming:
        e.fall_top = e.y
        drop = _float(e, t)
    else:
        drop = _fall(e, t)
    return math.ceil(drop - SAFE_FALL) if drop > SAFE_FALL else 0.0


@compiled
def _float(e, t):
    """Vertical motion in water: no gravity beyond what `_rise` set, and no fall damage."""
    y = e.y + e.fall_speed
    e.on_ground = 0
    if body_blocked(e, t, e.x, y, e.z):
        if e.fall_speed < 0.0:
            e.on_ground = 1
            y = floor(y) + 1.0
            y = e.y if body_blocked(e, t, e.x, y, e.z) else y
        else:
            y = e.y
        e.fall_speed = 0.0
    e.y = y
    e.fall_top = y
    return 0.0
