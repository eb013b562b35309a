"""Animals that graze and flee, monsters that come at night and hunt. One call is one game tick of all mobs of an environment."""

from __future__ import annotations

import math

import numpy as np

from sim.craft.act import give
from sim.craft.biomes import TABLE
from sim.craft.chance import integer, uniform
from sim.craft.compile import compiled
from sim.craft.data import FLITS, KEEN, NEUTRAL, NIGHT
from sim.craft.grid import HEIGHT, floor
from sim.craft.senses import EYE_HEIGHT, block_at, cast, set_block, wrapped
from sim.craft.state import (
    CHICKEN,
    COW,
    CREEPER,
    EGG,
    MAX_MOBS,
    NIGHT_END,
    NIGHT_START,
    RABBIT,
    SKELETON,
    SLIME,
    SPIDER,
    WITCH,
    ZOMBIE,
)

SIGHT = 16.0  # metres at which a monster notices the agent
CLAW = 1.5  # metres at which it strikes
SHOT = 12.0  # metres at which a skeleton shoots
STRIKE_TICKS, SHOT_TICKS, FUSE_TICKS = 20, 60, 30  # a skeleton rests for 40 ticks, below "hard", and draws for 20
BLAST = 3.0  # metres
SPAWN_NEAR, SPAWN_FAR = 14.0, 28.0
FORGOTTEN, FORGETS = (
    32.0,
    1.0 / 800.0,
)  # metres beyond which a monster vanishes, and its chance a tick (minecraft.wiki "Despawning")
SPAWN_EVERY = 200  # ticks
# Who walks 64 blocks on in Minecraft, 300 ticks, has 16 new chunks around, one in ten of them with a herd of about four
# (minecraft.wiki "Mob spawning"). Animals come here three to four times as seldom.
HERD_EVERY, HERD_TRIES = 200, 6  # ticks between the comings of animals; places looked at each time
HERD_NEAR, HERD_FAR = 24.0, 31.0  # metres at which animals come and go; the map is 64 wide and wrapped
PASTURE = np.array([b.top for b in TABLE.values()])  # by biome: the block that animals come on
RABBITS = np.array([b.rabbits for b in TABLE.values()])
SLIMES = np.array([b.slimes for b in TABLE.values()])  # by biome: share of the monsters that come at night
MAX_MONSTERS = 4
AGENT_INVULNERABLE_TICKS = 10
WOOL_GROWS = 1.0 / 4000.0  # chance a tick that a shorn sheep is woolly again
# A chicken lays every 6,000 to 12,000 ticks, and what lies about is there for 6,000 (minecraft.wiki "Egg", "Item (entity)").
EGG_LAID, EGG_LIES = 1.0 / 9000.0, 2.0 / 3.0  # chance a tick; chance that one lies where a chicken comes from
PICK_UP = 1.5  # metres


@compiled
def ground_height(e, t, x, z):
    """Lowest free cell above the highest block that carries a body at column (x, z), leaves and trunks included."""
    y = HEIGHT - 1
    while y > 0 and not t.block_solid[block_at(e, x, y, z)]:
        y -= 1
    return y + 1


@compiled
def ground_under_trees(e, t, x, z):
    """Lowest free cell above the ground of column (x, z), which a tree may shade; in a trunk where one stands there."""
    y = ground_height(e, t, x, z)
    block = block_at(e, x, y - 1, z)
    while y > 1 and (block == 17 or block == 18 or block == 161 or block == 162):  # down through a tree
        y -= 1
        block = block_at(e, x, y - 1, z)
    while y > 1 and not t.block_solid[block]:
        y -= 1
        block = block_at(e, x, y - 1, z)
    return y


@compiled
def add_mob(e, t, kind, x, y, z, roams=0):
    """Put a mob into a free slot; False when all are taken. One that `roams` may go out of sight, and another comes."""
    for m in range(MAX_MOBS):
        if e.mob_kind[m] == 0:
            e.mob_kind[m] = kind
            e.mob_pos[m, 0], e.mob_pos[m, 1], e.mob_pos[m, 2] = x, y, z
            e.mob_yaw[m] = uniform(e) * 360.0 - 180.0
            e.mob_health[m] = t.mob_health[kind]
            e.mob_walk[m] = -integer(e, 1, 60)
            e.mob_flee[m] = 0
            e.mob_wait[m] = 0
            e.mob_strike[m] = 0
            e.mob_shorn[m] = 1 if kind == t.ids[CHICKEN] and uniform(e) >= EGG_LIES else 0
            e.mob_roams[m] = roams
            return True
    return False


@compiled
def grazer(e, t):
    """A kind of animal that comes by itself in this biome."""
    share = RABBITS[e.biome]
    if share == 1.0 or (share > 0.0 and uniform(e) < share):
        return t.ids[RABBIT]
    return integer(e, t.ids[COW], t.ids[CHICKEN])


@compiled
def is_night(e):
    """Whether monsters may be about."""
    return NIGHT_START <= e.time < NIGHT_END


@compiled
def hurt(e, damage):
    """Hurt the agent, which cannot be hurt again for half a second."""
    if e.hurt_wait == 0 and damage > 0.0:
        e.health = max(e.health - damage, 0.0)
        e.hurt_wait = AGENT_INVULNERABLE_TICKS


@compiled
def struck(e, t, damage):
    """Hurt the agent through its armour (minecraft.wiki "Armor", the formula since 1.9)."""
    points, tough = 0.0, 0.0
    for slot in range(e.worn.shape[0]):
        points += t.item_armour[e.worn[slot]]
        tough += t.item_toughness[e.worn[slot]]
    kept = max(points / 5.0, points - damage / (2.0 + tough / 4.0))
    hurt(e, damage * (1.0 - min(kept, 20.0) / 25.0))


@compiled
def _renew(e, t, m):
    """A sheep grows wool; an egg lies by a chicken, who comes near picks it up, and another one is laid."""
    if e.mob_kind[m] != t.ids[CHICKEN]:
        if e.mob_shorn[m] and uniform(e) < WOOL_GROWS:
            e.mob_shorn[m] = 0
    elif e.mob_shorn[m]:
        if uniform(e) < EGG_LAID:
            e.mob_shorn[m] = 0
    elif math.hypot(wrapped(e.mob_pos[m, 0] - e.x), wrapped(e.mob_pos[m, 2] - e.z)) < PICK_UP:
        if abs(e.mob_pos[m, 1] - e.y) < 2.0:
            e.mob_shorn[m] = 1
            give(e, t.ids[EGG], 1)


@compiled
def _advance(e, t, m, speed):
    """Walk ahead; a single block is climbed, a wall or a drop of more than three blocks turns the mob around."""
    yaw = math.radians(e.mob_yaw[m])
    x = e.mob_pos[m, 0] - math.sin(yaw) * speed
    z = e.mob_pos[m, 2] + math.cos(yaw) * speed
    cx, cz = floor(x), floor(z)
    old_x, old_z = floor(e.mob_pos[m, 0]), floor(e.mob_pos[m, 2])
    if cx != old_x or cz != old_z:
        y = floor(e.mob_pos[m, 1] + 0.01)
        if t.block_solid[block_at(e, cx, y, cz)]:
            if t.block_solid[block_at(e, cx, y + 1, cz)] or t.block_solid[block_at(e, cx, y + 2, cz)]:
                return False
            e.mob_pos[m, 1] = y + 1.0
        elif t.block_solid[block_at(e, cx, y + 1, cz)]:
            return False
        else:
            deep = 1
            while deep <= 4 and not t.block_solid[block_at(e, cx, y - deep, cz)]:
                deep += 1
            if deep > 4 or t.block_liquid[block_at(e, cx, y - deep + 1, cz)]:
                return False
    e.mob_pos[m, 0], e.mob_pos[m, 2] = x, z
    return True


@compiled
def _settle(e, t, m):
    """Fall a little when nothing carries the feet."""
    x, y, z = e.mob_pos[m, 0], e.mob_pos[m, 1], e.mob_pos[m, 2]
    if y > 1.0 and not t.block_solid[block_at(e, floor(x), floor(y - 0.01), floor(z))]:
        e.mob_pos[m, 1] = max(y - 0.4, floor(y - 0.01) * 1.0)


@compiled
def _graze(e, t, m):
    """Animals: stand, stroll, or run away from who hit them."""
    speed = t.mob_speed[e.mob_kind[m]]
    if e.mob_flee[m] > 0:
        e.mob_flee[m] -= 1
        if e.mob_flee[m] % 20 == 0:
            away_x = wrapped(e.mob_pos[m, 0] - e.x)
            away_z = wrapped(e.mob_pos[m, 2] - e.z)
            e.mob_yaw[m] = math.degrees(math.atan2(-away_x, away_z)) + (uniform(e) - 0.5) * 90.0
        e.mob_walk[m] = 2
        speed *= 1.5
    if e.mob_walk[m] < 0:
        e.mob_walk[m] += 1
        return
    if e.mob_walk[m] == 0:
        if uniform(e) < 0.6:
            e.mob_walk[m] = -integer(e, 40, 160)
            return
        e.mob_walk[m] = integer(e, 20, 60)
        e.mob_yaw[m] = uniform(e) * 360.0 - 180.0
    e.mob_walk[m] -= 1
    if not _advance(e, t, m, speed):
        e.mob_yaw[m] = uniform(e) * 360.0 - 180.0


@compiled
def _explode(e, t, m):
    """A creeper blows up: blocks in reach vanish, the agent is hurt the more the nearer it is."""
    cx, cy, cz = floor(e.mob_pos[m, 0]), floor(e.mob_pos[m, 1]), floor(e.mob_pos[m, 2])
    for dx in range(-2, 3):
        for dy in range(-1, 3):
            for dz in range(-2, 3):
                y = cy + dy
                if dx * dx + dy * dy + dz * dz <= 5 and 1 <= y < HEIGHT:
                    if not t.block_liquid[block_at(e, cx + dx, y, cz + dz)]:
                        set_block(e, cx + dx, y, cz + dz, 0)
    e.mob_kind[m] = 0


@compiled
def _sees(e, t, m):
    """Whether no block hides the agent's eyes from mob m's: skeletons shoot and creepers burst at what they see."""
    y = e.mob_pos[m, 1] + 0.85 * t.mob_height[e.mob_kind[m]]
    dx, dy, dz = wrapped(e.x - e.mob_pos[m, 0]), e.y + EYE_HEIGHT - y, wrapped(e.z - e.mob_pos[m, 2])
    reach = max(math.sqrt(dx * dx + dy * dy + dz * dz), 0.1)
    return cast(e, t, e.mob_pos[m, 0], y, e.mob_pos[m, 2], dx / reach, dy / reach, dz / reach, reach)[1] == 0


@compiled
def _hunt(e, t, m):
    """Monsters: come nearer and strike, shoot or explode; by day zombies and skeletons burn, spiders lose interest."""
    kind = e.mob_kind[m]
    if t.mob_temper[kind] == NIGHT and not is_night(e):
        if kind == t.ids[SPIDER]:
            return
        if e.ticks % 20 == 0:
            e.mob_health[m] -= 1.0
            if e.mob_health[m] <= 0.0:
                e.mob_kind[m] = 0
                return
    rx, rz = wrapped(e.x - e.mob_pos[m, 0]), wrapped(e.z - e.mob_pos[m, 2])
    distance = math.hypot(rx, rz)
    level = abs(e.y - e.mob_pos[m, 1])
    if distance > FORGOTTEN and uniform(e) < FORGETS:
        e.mob_kind[m] = 0
        return
    if distance > SIGHT:
        return
    e.mob_yaw[m] = math.degrees(math.atan2(-rx, rz))
    damage = t.mob_damage[kind]
    if kind == t.ids[CREEPER]:
        if distance < BLAST and level < 2.5 and _sees(e, t, m):
            e.mob_walk[m] += 1
            if e.mob_walk[m] >= FUSE_TICKS:
                struck(e, t, damage * max(1.0 - distance / (2.0 * BLAST), 0.0))
                _explode(e, t, m)
            return
        e.mob_walk[m] = 0
    elif kind == t.ids[SKELETON] or kind == t.ids[WITCH]:  # arrows, potions
        if distance < SHOT and _sees(e, t, m):
            if e.mob_strike[m] == 0:
                e.mob_strike[m] = SHOT_TICKS
                if uniform(e) < 1.0 - distance / (1.5 * SHOT):
                    struck(e, t, damage)
            return
    elif distance < CLAW and level < 2.0:
        if e.mob_strike[m] == 0 and _sees(e, t, m):
            e.mob_strike[m] = STRIKE_TICKS
            struck(e, t, damage)
        return
    _advance(e, t, m, t.mob_speed[kind])


@compiled
def _flit(e, t, m):
    """Bats: fly to and fro a little above the ground, never far from it."""
    if e.mob_flee[m] > 0:
        e.mob_flee[m] -= 1
    if e.mob_walk[m] <= 0:
        e.mob_walk[m] = integer(e, 10, 40)
        e.mob_yaw[m] = uniform(e) * 360.0 - 180.0
    e.mob_walk[m] -= 1
    yaw = math.radians(e.mob_yaw[m])
    speed = t.mob_speed[e.mob_kind[m]]
    x, z = e.mob_pos[m, 0] - math.sin(yaw) * speed, e.mob_pos[m, 2] + math.cos(yaw) * speed
    y = floor(e.mob_pos[m, 1])
    if t.block_solid[block_at(e, floor(x), y, floor(z))]:
        e.mob_walk[m] = 0
    else:
        e.mob_pos[m, 0], e.mob_pos[m, 2] = x, z
    below = 0  # free cells under it
    while below < 3 and not t.block_solid[block_at(e, floor(e.mob_pos[m, 0]), y - 1 - below, floor(e.mob_pos[m, 2]))]:
        below += 1
    climb = 0.05 if below < 1 else -0.05 if below > 1 else 0.05 * (uniform(e) - 0.5)
    if climb < 0.0 or not t.block_solid[block_at(e, floor(e.mob_pos[m, 0]), y + 1, floor(e.mob_pos[m, 2]))]:
        e.mob_pos[m, 1] += climb


@compiled
def _spawn_monster(e, t):
    """Now and then, at night, a monster appears out of reach."""
    count = 0
    for m in range(MAX_MOBS):
        if t.mob_temper[e.mob_kind[m]] == NIGHT or t.mob_temper[e.mob_kind[m]] == KEEN:
            count += 1
    if count >= MAX_MONSTERS:
        return
    angle = uniform(e) * 2.0 * math.pi
    distance = SPAWN_NEAR + uniform(e) * (SPAWN_FAR - SPAWN_NEAR)
    x = floor(e.x + distance * math.cos(angle))
    z = floor(e.z + distance * math.sin(angle))
    y = ground_under_trees(e, t, x, z)  # on leaves nothing comes (minecraft.wiki "Mob spawning")
    free = not t.block_solid[block_at(e, x, y, z)] and not t.block_solid[block_at(e, x, y + 1, z)]
    if y < HEIGHT - 2 and free and not t.block_liquid[block_at(e, x, y, z)]:
        kind = integer(e, t.ids[ZOMBIE], t.ids[CREEPER])
        if SLIMES[e.biome] > 0.0 and uniform(e) < SLIMES[e.biome]:
            kind = t.ids[SLIME]
        add_mob(e, t, kind, x + 0.5, y, z + 0.5)


@compiled
def _change_herd(e, t):
    """Out of sight an animal goes and another comes, as if the agent walked on through land without end."""
    count, far, leaves = 0, 0, -1
    for m in range(MAX_MOBS):
        if e.mob_kind[m] != 0 and e.mob_roams[m]:
            count += 1
            if math.hypot(wrapped(e.mob_pos[m, 0] - e.x), wrapped(e.mob_pos[m, 2] - e.z)) > HERD_NEAR:
                far += 1
                if integer(e, 1, far) == 1:  # any of them alike
                    leaves = m
    if count >= e.herd and leaves < 0:
        return
    for _ in range(HERD_TRIES):
        angle = uniform(e) * 2.0 * math.pi
        distance = HERD_NEAR + uniform(e) * (HERD_FAR - HERD_NEAR)
        x, z = floor(e.x + distance * math.cos(angle)), floor(e.z + distance * math.sin(angle))
        y = ground_under_trees(e, t, x, z)
        free = not t.block_solid[block_at(e, x, y, z)] and not t.block_solid[block_at(e, x, y + 1, z)]
        if y < HEIGHT - 2 and free and block_at(e, x, y - 1, z) == PASTURE[e.biome]:
            if count >= e.herd:
                e.mob_kind[leaves] = 0
            add_mob(e, t, grazer(e, t), x + 0.5, y * 1.0, z + 0.5, 1)
            return


@compiled
def move_mobs(e, t, hostile):
    """One tick of every mob of environment i; `hostile` lets monsters appear at night."""
    for m in range(MAX_MOBS):
        kind = e.mob_kind[m]
        if kind == 0:
            continue
        if e.mob_wait[m] > 0:
            e.mob_wait[m] -= 1
        if e.mob_strike[m] > 0:
            e.mob_strike[m] -= 1
        temper = t.mob_temper[kind]
        if temper == NIGHT or temper == KEEN or (temper == NEUTRAL and e.mob_flee[m] > 0):
            if temper == NEUTRAL:
                e.mob_flee[m] -= 1
            _hunt(e, t, m)
            _settle(e, t, m)
            continue
        if temper == FLITS:
            _flit(e, t, m)
            continue
        if e.mob_walk[m] >= 0 or e.mob_flee[m] > 0:
            _settle(e, t, m)
        _renew(e, t, m)
        _graze(e, t, m)
    if hostile and e.spawns and e.ticks % SPAWN_EVERY == 0 and is_night(e):
        _spawn_monster(e, t)
    if e.herd > 0 and e.ticks % HERD_EVERY == HERD_EVERY - 1 and not is_night(e):
        _change_herd(e, t)
