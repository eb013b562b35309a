"""What the agent does with its hands: dig, hit, use, place, craft, equip, drop. One call is one game tick.

Functional actions carry MineDojo's numbers. What is dug or killed goes straight into the inventory (no item lies about).
"""

from __future__ import annotations

import math

from sim.craft.chance import integer, uniform
from sim.craft.compile import compiled
from sim.craft.data import DIGS, NEUTRAL, TILLS
from sim.craft.grid import HEIGHT, cell_index, floor
from sim.craft.senses import EYE_HEIGHT, block_at, cast, first_mob, gaze, set_block, station_near, wrapped
from sim.craft.state import (
    ARROW,
    BOW,
    BUCKET,
    COW,
    CRAFTING_TABLE,
    DIRT,
    FARMLAND,
    FURNACE,
    GRASS,
    MAX_FOOD,
    MILK_BUCKET,
    SHEARS,
    SHEEP,
    WOOL,
)

NONE, USE, DROP, ATTACK, CRAFT, EQUIP, PLACE, DESTROY = range(8)
DIG_REACH = 4.5  # metres from the eye, survival mode
HIT_REACH = 3.0
INVULNERABLE_TICKS = 10
# Who is hit flies off about 1.55 m (minecraft.wiki "Knockback"), at once here.
PUSH, PUSHES = 0.4, 4  # metres, and how many times
EAT_TICKS = 32
FLEE_TICKS = 100
ANGER_TICKS = 600  # of a neutral mob at who hit it
MAX_COUNT = 2304  # 36 slots of 64
MOST_SEEDS = 3  # that come with a crop
DRAW_TICKS = 20
SHOT_REACH = 24.0  # metres
SHOT_DAMAGE = 9.0  # half hearts, of a bow drawn fully


@compiled
def give(e, item, count):
    """Add items to the inventory."""
    e.inventory[item] = min(e.inventory[item] + count, MAX_COUNT)


@compiled
def take(e, item, count):
    """Remove items; the hand is empty when its last one goes."""
    e.inventory[item] = max(e.inventory[item] - count, 0)
    if e.inventory[item] == 0 and e.equipped == item:
        e.equipped = 0


@compiled
def count_use(e, item):
    """One more use in the statistics."""
    e.used[item] = min(e.used[item] + 1, MAX_COUNT)


@compiled
def wear_tool(e, t):
    """One use of the held tool; it breaks when its durability is spent."""
    item = e.equipped
    if t.item_durability[item] > 0:
        e.wear[item] += 1
        if e.wear[item] >= t.item_durability[item]:
            e.wear[item] = 0
            take(e, item, 1)


@compiled
def _harvest(e, t, block):
    """Drops of a block broken with the held item."""
    if e.equipped == t.ids[SHEARS] and t.shear_item[block] > 0:
        give(e, t.shear_item[block], 1)
        return
    item = t.drop_item[block]
    if item > 0 and t.harvestable[block, e.equipped]:
        if uniform(e) < t.drop_rare_chance[block]:
            give(e, t.drop_rare_item[block], 1)
        elif uniform(e) < t.drop_chance[block]:
            give(e, item, integer(e, t.drop_min[block], t.drop_max[block]))
        if t.seed_item[block] > 0:
            give(e, t.seed_item[block], integer(e, 0, MOST_SEEDS))


@compiled
def _dig(e, t, block, x, y, z):
    """Dig one tick at a block; progress is lost when the gaze goes to another."""
    cell = cell_index(x, y, z)
    if e.dig_cell != cell:
        e.dig_cell = cell
        e.dig_ticks = 0
    e.dig_ticks += 1
    if e.dig_ticks >= t.dig_ticks[block, e.equipped]:
        _harvest(e, t, block)
        if t.item_tool[e.equipped] == DIGS:
            count_use(e, e.equipped)
        if t.dig_ticks[block, e.equipped] > 1:
            wear_tool(e, t)
        set_block(e, x, y, z, 0)
        _crumble(e, t, x, y + 1, z)
        e.dig_cell = -1
        e.dig_ticks = 0
        e.exhaustion += 0.005


@compiled
def _crumble(e, t, x, y, z):
    """Plants above a removed block lose their ground and drop; cactus and reeds fall as a column."""
    while y < HEIGHT:
        block = block_at(e, x, y, z)
        if not t.rooted[block]:
            return
        _harvest(e, t, block)
        set_block(e, x, y, z, 0)
        y += 1


@compiled
def _hit(e, t, m):
    """Hit mob m; it is hurt, pushed and flees, or dies and drops."""
    if e.mob_wait[m] > 0 or e.use_wait > 0:
        return
    e.use_wait = INVULNERABLE_TICKS
    e.exhaustion += 0.1
    if t.item_tool[e.equipped]:
        count_use(e, e.equipped)
    damage = t.item_damage[e.equipped]
    wear_tool(e, t)
    _push(e, t, m)
    _hurt_mob(e, t, m, damage)


@compiled
def _push(e, t, m):
    """Knock mob m back from who hit it, until a block is in its way."""
    away_x, away_z = wrapped(e.mob_pos[m, 0] - e.x), wrapped(e.mob_pos[m, 2] - e.z)
    flat = max(math.hypot(away_x, away_z), 0.1)
    y = floor(e.mob_pos[m, 1] + 0.01)
    for _ in range(PUSHES):
        x, z = e.mob_pos[m, 0] + PUSH * away_x / flat, e.mob_pos[m, 2] + PUSH * away_z / flat
        cx, cz = floor(x), floor(z)
        if t.block_solid[block_at(e, cx, y, cz)] or t.block_solid[block_at(e, cx, y + 1, cz)]:
            return
        e.mob_pos[m, 0], e.mob_pos[m, 2] = x, z


@compiled
def _hurt_mob(e, t, m, damage):
    """Hurt mob m: it flees or grows angry, or dies, drops what it has and counts as killed."""
    e.mob_wait[m] = INVULNERABLE_TICKS
    e.mob_flee[m] = ANGER_TICKS if t.mob_temper[e.mob_kind[m]] == NEUTRAL else FLEE_TICKS
    e.mob_health[m] -= damage
    if e.mob_health[m] <= 0.0:
        kind = e.mob_kind[m]
        e.killed[kind] = min(e.killed[kind] + 1, MAX_COUNT)
        for k in range(t.mob_drop_item.shape[1]):
            item = t.mob_drop_item[kind, k]
            if item > 0:
                give(e, item, integer(e, t.mob_drop_min[kind, k], t.mob_drop_max[kind, k]))
        e.mob_kind[m] = 0


@compiled
def attack(e, t):
    """Hit the mob, or dig the block, under the cross-hair."""
    x, y, z = e.x, e.y + EYE_HEIGHT, e.z
    dx, dy, dz = gaze(e, t, 0)
    hit = cast(e, t, x, y, z, dx, dy, dz, DIG_REACH)
    m = first_mob(e, t, x, y, z, dx, dy, dz, min(hit[0], HIT_REACH))[1]
    if m >= 0:
        e.dig_cell = -1
        _hit(e, t, m)
    elif hit[1] > 0:
        _dig(e, t, hit[1], hit[2], hit[3], hit[4])
    else:
        e.dig_cell = -1


@compiled
def _use_on_mob(e, t, m):
    """Milk a cow with a bucket, shear a sheep."""
    kind, item = e.mob_kind[m], e.equipped
    if kind == t.ids[COW] and item == t.ids[BUCKET]:
        take(e, t.ids[BUCKET], 1)
        give(e, t.ids[MILK_BUCKET], 1)
        count_use(e, t.ids[BUCKET])
        e.use_wait = 4
    elif kind == t.ids[SHEEP] and item == t.ids[SHEARS] and not e.mob_shorn[m]:
        e.mob_shorn[m] = 1
        give(e, t.ids[WOOL], integer(e, 1, 3))
        count_use(e, item)
        wear_tool(e, t)
        e.use_wait = 4


@compiled
def _wear(e, t, item):
    """Put a piece of armour on, where the body is bare."""
    slot = t.item_slot[item] - 1
    if e.worn[slot] == 0:
        e.worn[slot] = item
        e.equipped = 0
        e.use_wait = 4
        count_use(e, item)


@compiled
def _shoot(e, t):
    """Shoot an arrow along the gaze; it hits at once, the bow takes a second to draw."""
    if e.inventory[t.ids[ARROW]] == 0:
        return
    take(e, t.ids[ARROW], 1)
    count_use(e, t.ids[BOW])
    e.use_wait = DRAW_TICKS
    x, y, z = e.x, e.y + EYE_HEIGHT, e.z
    dx, dy, dz = gaze(e, t, 0)
    hit = cast(e, t, x, y, z, dx, dy, dz, SHOT_REACH)
    m = first_mob(e, t, x, y, z, dx, dy, dz, hit[0])[1]
    if m >= 0 and e.mob_wait[m] == 0:
        _hurt_mob(e, t, m, SHOT_DAMAGE)
    wear_tool(e, t)


@compiled
def _till(e, t):
    """Turn the grass or dirt under the cross-hair into farmland."""
    x, y, z = e.x, e.y + EYE_HEIGHT, e.z
    dx, dy, dz = gaze(e, t, 0)
    hit = cast(e, t, x, y, z, dx, dy, dz, DIG_REACH)
    soil = hit[1] == t.ids[GRASS] or hit[1] == t.ids[DIRT]
    if soil and block_at(e, hit[2], hit[3] + 1, hit[4]) == 0:
        set_block(e, hit[2], hit[3], hit[4], t.ids[FARMLAND])
        count_use(e, e.equipped)
        wear_tool(e, t)
        e.use_wait = 4


@compiled
def use(e, t):
    """Use the held item: on the mob under the cross-hair, else place, wear, shoot, till or eat it, whichever it is for."""
    if e.use_wait > 0:
        return
    x, y, z = e.x, e.y + EYE_HEIGHT, e.z
    dx, dy, dz = gaze(e, t, 0)
    hit = cast(e, t, x, y, z, dx, dy, dz, HIT_REACH)
    m = first_mob(e, t, x, y, z, dx, dy, dz, hit[0])[1]
    item = e.equipped
    if m >= 0:
        _use_on_mob(e, t, m)
    elif t.item_places[item]:
        place(e, t, item)
    elif t.item_slot[item]:
        _wear(e, t, item)
    elif item > 0 and item == t.ids[BOW]:
        _shoot(e, t)
    elif t.item_tool[item] == TILLS:
        _till(e, t)
    elif t.item_food[item] > 0.0 and e.food < MAX_FOOD:
        e.food = min(e.food + t.item_food[item], MAX_FOOD)
        e.saturation = min(e.saturation + t.item_saturation[item], e.food)
        count_use(e, item)
        take(e, item, 1)
        e.use_wait = EAT_TICKS


@compiled
def _cell_has_body(e, t, x, y, z):
    """Whether the agent's body or a mob stands in a cell."""
    if abs(wrapped(x + 0.5 - e.x)) < 0.8 and abs(wrapped(z + 0.5 - e.z)) < 0.8:
        if e.y - 1.0 < y < e.y + 1.8:
            return True
    for m in range(e.mob_kind.shape[0]):
        if e.mob_kind[m] and abs(wrapped(x + 0.5 - e.mob_pos[m, 0])) < 0.8:
            if abs(wrapped(z + 0.5 - e.mob_pos[m, 2])) < 0.8 and abs(y - e.mob_pos[m, 1]) < 1.0:
                return True
    return False


@compiled
def place(e, t, item):
    """Place a block of `item` against the face under the cross-hair; nothing happens where it cannot stand."""
    block = t.item_places[item]
    if block == 0 or e.inventory[item] == 0:
        return
    x, y, z = e.x, e.y + EYE_HEIGHT, e.z
    dx, dy, dz = gaze(e, t, 0)
    hit = cast(e, t, x, y, z, dx, dy, dz, DIG_REACH)
    if hit[1] == 0:
        return
    cx, cy, cz = hit[5], hit[6], hit[7]
    if t.block_replaceable[hit[1]]:  # tall grass is built over, not built upon
        cx, cy, cz = hit[2], hit[3], hit[4]
    if cy < 1 or cy >= HEIGHT or not t.block_replaceable[block_at(e, cx, cy, cz)]:
        return
    if t.block_solid[block] and _cell_has_body(e, t, cx, cy, cz):
        return
    count_use(e, item)
    take(e, item, 1)
    set_block(e, cx, cy, cz, block)


@compiled
def _affordable(e, t, row):
    for k in range(t.recipe_item.shape[1]):
        if t.recipe_need[row, k] > e.inventory[t.recipe_item[row, k]]:
            return False
    station = t.recipe_station[row]
    if station == 1:
        return station_near(e, t, t.ids[CRAFTING_TABLE])
    if station == 2:
        return station_near(e, t, t.ids[FURNACE])
    return True


@compiled
def craft(e, t, item):
    """Craft or smelt `item` by the first recipe that the inventory and the stations nearby allow."""
    for row in range(t.recipe_start[item], t.recipe_start[item + 1]):
        if _affordable(e, t, row):
            for k in range(t.recipe_item.shape[1]):
                if t.recipe_need[row, k] > 0:
                    take(e, t.recipe_item[row, k], t.recipe_need[row, k])
            give(e, item, t.recipe_count[row])
            return


@compiled
def act(e, t, functional, item, tick):
    """One tick of functional action; all but attacking happen on the first tick of a held action."""
    if functional == ATTACK:
        attack(e, t)
        return
    e.dig_cell = -1
    if tick > 0:
        return
    if functional == USE:
        use(e, t)
    elif functional == CRAFT:
        craft(e, t, item)
    elif functional == EQUIP:
        if e.inventory[item] > 0:
            e.equipped = item
    elif functional == PLACE:
        place(e, t, item)
    elif functional == DROP:
        take(e, e.equipped, 1)
    elif functional == DESTROY:
        take(e, item, MAX_COUNT)
