"""What an agent senses: lidar rays over blocks and mobs, the voxel box, position, life. Only what MineDojo can also give.

Rays walk the grid cell by cell (Amanatides & Woo 1987, "A Fast Voxel Traversal Algorithm"); a bit per 4x4x4 brick tells
empty bricks apart without touching their memory.
"""

from __future__ import annotations

import math

import numpy as np

from sim.craft.compile import compiled
from sim.craft.grid import HEIGHT, LAYERS, SIZE, brick_column, cell_index, floor
from sim.craft.state import MAX_MOBS

EYE_HEIGHT = 1.62
FAR = 1e9
BEDROCK = 7


@compiled
def block_at(e, x, y, z):
    """Block id at integer cell (x, y, z); air above the world, bedrock-like stone below it."""
    if y >= HEIGHT:
        return 0
    if y < 0:
        return BEDROCK
    if not (e.bricks[brick_column(x, z)] >> (y >> 2)) & 1:
        return 0
    return e.blocks[cell_index(x, y, z)]


@compiled
def set_block(e, x, y, z, block):
    """Write a block; its brick counts as occupied from now on."""
    e.blocks[cell_index(x, y, z)] = block
    if block:
        e.bricks[brick_column(x, z)] |= 1 << (y >> 2)


@compiled
def wrapped(delta):
    """Shortest signed distance on the torus, metres."""
    return delta - SIZE * floor(delta / SIZE + 0.5)


@compiled
def _leave_brick(cell, step):
    """The plane at which a ray that moves by `step` leaves the brick of a cell, along one axis."""
    return (cell & ~3) + 4 if step > 0 else cell & ~3


@compiled
def _inside(value, cell):
    """The cell of a coordinate, kept within the brick of `cell`: rounding must not carry a ray across."""
    low = cell & ~3
    return min(max(floor(value), low), low + 3)


@compiled
def cast(e, t, x, y, z, dx, dy, dz, reach):
    """First block that stops a ray: (distance, block id, cell x, y, z, cell before x, y, z); distance = reach if none.

    Cells are visited one by one where a brick holds something; an empty brick is crossed in one stride.
    """
    cx, cy, cz = floor(x), floor(y), floor(z)
    step_x = 1 if dx >= 0.0 else -1
    step_y = 1 if dy >= 0.0 else -1
    step_z = 1 if dz >= 0.0 else -1
    per_x = 1.0 / dx if abs(dx) > 1e-9 else FAR * step_x
    per_y = 1.0 / dy if abs(dy) > 1e-9 else FAR * step_y
    per_z = 1.0 / dz if abs(dz) > 1e-9 else FAR * step_z
    ahead_x, ahead_y, ahead_z = (step_x + 1) >> 1, (step_y + 1) >> 1, (step_z + 1) >> 1
    px, py, pz = cx, cy, cz
    distance = 0.0
    while True:
        if cy >= HEIGHT and step_y > 0:
            return reach, 0, cx, cy, cz, px, py, pz
        if cy < 0:
            return distance, BEDROCK, cx, cy, cz, px, py, pz
        column = brick_column(cx, cz)
        if cy < HEIGHT and (e.bricks[column] >> (cy >> 2)) & 1:
            block = e.blocks[(column * LAYERS + (cy >> 2)) * 64 + (cx & 3) * 16 + (cz & 3) * 4 + (cy & 3)]
            if block and t.block_opaque[block]:
                return distance, block, cx, cy, cz, px, py, pz
            next_x = (cx + ahead_x - x) * per_x
            next_y = (cy + ahead_y - y) * per_y
            next_z = (cz + ahead_z - z) * per_z
            px, py, pz = cx, cy, cz
            if next_x < next_y and next_x < next_z:
                distance = next_x
                cx += step_x
            elif next_y < next_z:
                distance = next_y
                cy += step_y
            else:
                distance = next_z
                cz += step_z
        else:
            edge_x, edge_y, edge_z = _leave_brick(cx, step_x), _leave_brick(cy, step_y), _leave_brick(cz, step_z)
            next_x = (edge_x - x) * per_x
            next_y = (edge_y - y) * per_y
            next_z = (edge_z - z) * per_z
            distance = min(next_x, next_y, next_z)
            px = edge_x - ahead_x if next_x <= distance else _inside(x + dx * distance, cx)
            py = edge_y - ahead_y if next_y <= distance else _inside(y + dy * distance, cy)
            pz = edge_z - ahead_z if next_z <= distance else _inside(z + dz * distance, cz)
            cx, cy, cz = px, py, pz
            if next_x <= distance:
                cx += step_x
            elif next_y <= distance:
                cy += step_y
            else:
                cz += step_z
        if distance >= reach:
            return reach, 0, cx, cy, cz, px, py, pz


@compiled
def mob_on_ray(e, t, m, x, y, z, dx, dy, dz):
    """Distance along the ray at which it meets mob m's upright cylinder, or FAR."""
    flat = dx * dx + dz * dz
    if flat < 1e-6:
        return FAR
    rx = wrapped(e.mob_pos[m, 0] - x)
    rz = wrapped(e.mob_pos[m, 2] - z)
    along = (rx * dx + rz * dz) / flat
    if along <= 0.0:
        return FAR
    side_x = rx - along * dx
    side_z = rz - along * dz
    half = 0.5 * t.mob_width[e.mob_kind[m]]
    gap = half * half - side_x * side_x - side_z * side_z
    if gap < 0.0:
        return FAR
    near = max(along - math.sqrt(gap / flat), 0.0)
    low = e.mob_pos[m, 1] - y
    high = low + t.mob_height[e.mob_kind[m]]
    if low <= near * dy <= high or low <= along * dy <= high:
        return near
    return FAR


@compiled
def first_mob(e, t, x, y, z, dx, dy, dz, reach):
    """Nearest mob on a ray within reach: (distance, slot), slot -1 if none."""
    best, slot = reach, -1
    for m in range(MAX_MOBS):
        if e.mob_kind[m]:
            distance = mob_on_ray(e, t, m, x, y, z, dx, dy, dz)
            if distance < best:
                best, slot = distance, m
    return best, slot


@compiled
def gaze(e, t, ray):
    """World direction of a lidar ray (ray 0 is the cross-hair): (dx, dy, dz)."""
    d = t.rays[int(round((e.pitch + 90.0) / 15.0)), ray]
    yaw = math.radians(e.yaw)
    c, n = math.cos(yaw), math.sin(yaw)
    return c * d[0] - n * d[2], d[1], n * d[0] + c * d[2]


@compiled
def _sense_blocks(e, t, o, x, y, z, c, n, pitch_bin):
    """What each ray meets among the blocks."""
    limit = t.ray_range
    for r in range(t.rays.shape[1]):
        d = t.rays[pitch_bin, r]
        hit = cast(e, t, x, y, z, c * d[0] - n * d[2], d[1], n * d[0] + c * d[2], limit)
        o.rays_block[r] = hit[1]
        o.rays_block_distance[r] = hit[0]
        o.rays_entity[r] = 0
        o.rays_entity_distance[r] = limit


@compiled
def _sense_mobs(e, t, o, x, y, z, c, n, pitch_bin):
    """Which rays meet a mob before a block; a mob is compared only with rays that point towards it."""
    limit = t.ray_range
    for m in range(MAX_MOBS):
        if e.mob_kind[m] == 0:
            continue
        rx, rz = wrapped(e.mob_pos[m, 0] - x), wrapped(e.mob_pos[m, 2] - z)
        if rx * rx + rz * rz > limit * limit:
            continue
        ahead, side = c * rz - n * rx, c * rx + n * rz  # in the frame in which the rays are listed
        half = 0.5 * t.mob_width[e.mob_kind[m]]
        for r in range(t.rays.shape[1]):
            d = t.rays[pitch_bin, r]
            flat = d[0] * d[0] + d[2] * d[2]
            cross = d[0] * ahead - d[2] * side
            if cross * cross <= half * half * flat and d[0] * side + d[2] * ahead > 0.0:
                distance = mob_on_ray(e, t, m, x, y, z, c * d[0] - n * d[2], d[1], n * d[0] + c * d[2])
                if distance < min(o.rays_block_distance[r], o.rays_entity_distance[r]):
                    o.rays_entity[r] = e.mob_kind[m]
                    o.rays_entity_distance[r] = distance


@compiled
def _sense_rays(e, t, o):
    x, y, z = e.x, e.y + EYE_HEIGHT, e.z
    yaw = math.radians(e.yaw)
    c, n = math.cos(yaw), math.sin(yaw)
    pitch_bin = int(round((e.pitch + 90.0) / 15.0))
    _sense_blocks(e, t, o, x, y, z, c, n, pitch_bin)
    _sense_mobs(e, t, o, x, y, z, c, n, pitch_bin)


@compiled
def _sense_voxels(e, t, o):
    cx, cy, cz = floor(e.x), floor(e.y + 0.01), floor(e.z)
    b = t.box
    for dx in range(b[0], b[1] + 1):
        for dy in range(b[2], b[3] + 1):
            for dz in range(b[4], b[5] + 1):
                o.voxels[dx - b[0], dy - b[2], dz - b[4]] = block_at(e, cx + dx, cy + dy, cz + dz)


@compiled
def observe(e, t, o, rays, voxels):
    """Fill environment i's row of the observations; `rays` and `voxels` switch the two costly parts."""
    if rays:
        _sense_rays(e, t, o)
    if voxels:
        _sense_voxels(e, t, o)
    o.compass[0], o.compass[1] = e.yaw, e.pitch
    o.position[0], o.position[1], o.position[2] = e.x, e.y, e.z
    o.life[0], o.life[1], o.life[2] = e.health, e.food, e.oxygen


NEARBY_BOX = (-3, 3, -2, 3)  # x and z range, y range around the feet cell within which a block is nearby
NEARBY_MOB = 5.0  # metres


@compiled
def nearby(e, t, out):
    """Set out[k] = 1 for every nearby fact k that holds in environment i (out: int array of zeros)."""
    cx, cy, cz = floor(e.x), floor(e.y + 0.01), floor(e.z)
    for dx in range(NEARBY_BOX[0], NEARBY_BOX[1] + 1):
        for dz in range(NEARBY_BOX[0], NEARBY_BOX[1] + 1):
            for dy in range(NEARBY_BOX[2], NEARBY_BOX[3] + 1):
                k = t.block_nearby[block_at(e, cx + dx, cy + dy, cz + dz)]
                if k >= 0:
                    out[k] = 1
    for m in range(MAX_MOBS):
        kind = e.mob_kind[m]
        if kind and t.mob_nearby[kind] >= 0:
            rx, rz = wrapped(e.mob_pos[m, 0] - e.x), wrapped(e.mob_pos[m, 2] - e.z)
            if rx * rx + rz * rz <= NEARBY_MOB**2 and abs(e.mob_pos[m, 1] - e.y) <= 3.0:
                out[t.mob_nearby[kind]] = 1


@compiled
def station_near(e, t, block):
    """Whether a block of this id (a crafting table, a furnace) is near enough to work at: the same box as its fact."""
    cx, cy, cz = floor(e.x), floor(e.y + 0.01), floor(e.z)
    for dx in range(NEARBY_BOX[0], NEARBY_BOX[1] + 1):
        for dz in range(NEARBY_BOX[0], NEARBY_BOX[1] + 1):
            for dy in range(NEARBY_BOX[2], NEARBY_BOX[3] + 1):
                if block_at(e, cx + dx, cy + dy, cz + dz) == block:
                    return True
    return False


def unwrap(positions: np.ndarray) -> np.ndarray:
    """Cells of unwrapped coordinates: int array, taken modulo the torus."""
    return np.floor(positions).astype(np.int64) % SIZE
