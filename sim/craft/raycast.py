"""First-person pictures by ray casting: sky, blocks, water and mobs, one ray at a time.

Rays walk the grid (Amanatides & Woo 1987, "A Fast Voxel Traversal Algorithm"). Corners are darkened by the neighbouring
blocks and light falls off under cover, after the game's "smooth lighting".
"""

from __future__ import annotations

import math

from numba import prange

from sim.craft.compile import compiled, parallel
from sim.craft.grid import HEIGHT
from sim.craft.mob_shapes import CREEPER_FACE, EYES, FLEECE, MOTTLED, PATCHES, SPIDER_EYES
from sim.craft.scene import (
    FAR,
    block_of,
    clamp,
    face_light,
    face_shade,
    hash01,
    hit_box,
    lit,
    mix,
    mob_shadow,
    sky_light,
    wrapped,
)
from sim.craft.textures import BOTTOM, CROSS, CUBE, LIQUID, LOW, SIDE, TEXELS, TINTED, TOP

VIEW = 56.0  # metres; less than the torus, so that nothing is seen twice in one line
FOG_START = 26.0
HOLES_UNTIL = 18.0  # metres up to which leaves show their holes
WATER_LEVEL = 0.875  # of a cell, where nothing liquid lies above
CLOUD_HEIGHT = 84.0


@compiled
def _air(scene, e, dx, dy):
    """Colour of the empty sky, which is also that of the fog."""
    day = scene.day[e]
    up = clamp(dy, 0.0, 1.0) ** 0.6
    r = mix(mix(14.0, 190.0, day), mix(4.0, 88.0, day), up)
    g = mix(mix(18.0, 216.0, day), mix(6.0, 146.0, day), up)
    b = mix(mix(38.0, 246.0, day), mix(16.0, 238.0, day), up)
    glow = (
        (1.0 - abs(2.0 * day - 1.0)) * (1.0 - up) ** 3 * (0.5 + 0.5 * dx * math.copysign(1.0, math.cos(scene.hour[e])))
    )
    return mix(r, 250.0, 0.8 * glow), mix(g, 136.0, 0.8 * glow), mix(b, 70.0, 0.8 * glow)


@compiled
def _sky(scene, e, dx, dy, dz):
    """Colour of a ray that meets nothing: gradient, stars, sun, moon and clouds."""
    day = scene.day[e]
    r, g, b = _air(scene, e, dx, dy)
    c, s = math.cos(scene.hour[e]), math.sin(scene.hour[e])
    along, across = dx * c + dy * s, dy * c - dx * s
    disc = max(abs(across), abs(dz)) / max(abs(along), 1e-6)
    if dy > 0.0 and day < 0.5 and hash01(math.floor(dx * 110), math.floor(dy * 110), math.floor(dz * 110)) > 0.9975:
        r, g, b = mix(r, 235.0, 1 - 2 * day), mix(g, 235.0, 1 - 2 * day), mix(b, 250.0, 1 - 2 * day)
    if disc < 0.07 and along > 0.0:
        r, g, b = 255.0, 246.0, 206.0
    elif disc < 0.05 and along < 0.0:
        spot = 200.0 + 40.0 * hash01(math.floor(across * 60), math.floor(dz * 60), 1)
        r, g, b = spot, spot, spot + 10.0
    if dy > 0.04 and scene.eye[e, 1] < CLOUD_HEIGHT:
        reach = (CLOUD_HEIGHT - scene.eye[e, 1]) / dy
        x = math.floor((scene.eye[e, 0] + dx * reach) / 9.0)
        z = math.floor((scene.eye[e, 2] + dz * reach) / 9.0)
        if 0.6 * hash01(x // 3, z // 3, 5) + 0.4 * hash01(x, z, 6) > 0.64:
            share = 0.72 * clamp(1.2 - reach / 320.0, 0.0, 1.0)
            white = mix(34.0, 252.0, day)
            r, g, b = mix(r, white, share), mix(g, white, share), mix(b, white + 3.0, share)
    return r, g, b


@compiled
def texel_at(u, v):
    """Row and column of the texel at (u, v) in 0..1, v up."""
    return (TEXELS - 1 - min(max(int(v * TEXELS), 0), TEXELS - 1)), min(max(int(u * TEXELS), 0), TEXELS - 1)


@compiled
def _face_of(axis, dy):
    return SIDE if axis != 1 else (TOP if dy < 0 else BOTTOM)


@compiled
def _uv(axis, fx, fy, fz):
    """Coordinates on a face from the position within the cell."""
    return (fz if axis == 0 else fx), (fz if axis == 1 else fy)


@compiled
def _cross_hit(look, block, lx, ly, lz, dx, dy, dz, enter, leave):
    """Nearest visible texel of a plant's two diagonal planes: (distance, row, column), FAR if none.

    (lx, ly, lz) is the ray's origin relative to the cell.
    """
    best, row, column = FAR, 0, 0
    for plane in range(2):
        slope = dx - dz if plane == 0 else dx + dz
        offset = lz - lx if plane == 0 else 1.0 - lx - lz
        if abs(slope) < 1e-9:
            continue
        t = offset / slope
        if enter <= t <= leave and t < best:
            r, c = texel_at(lx + t * dx, ly + t * dy)
            if look.texels[block, SIDE, r, c, 3]:
                best, row, column = t, r, c
    return best, row, column


@compiled
def _wet_part(look, scene, e, cx, cy, cz, y0, y1, span):
    """Metres under water of a ray's way (y0 to y1) through a liquid cell, and the share of it that is dry before."""
    if look.form[block_of(scene, e, cx, cy + 1, cz)] == LIQUID:
        return span, 0.0
    level = cy + WATER_LEVEL
    if y0 <= level and y1 <= level:
        return span, 0.0
    if y0 > level and y1 > level:
        return 0.0, 1.0
    crossing = (level - y0) / (y1 - y0)
    return (span * (1.0 - crossing), crossing) if y0 > level else (span * crossing, 0.0)


@compiled
def _trace(scene, look, e, x, y, z, dx, dy, dz):
    """Follow a ray to the first thing it sees.

    Returns (distance or FAR, block, axis of the face, row and column of the texel, cell x, y, z, metres under water,
    distance to the water's surface or FAR).
    """
    cx, cy, cz = math.floor(x), math.floor(y), math.floor(z)
    step_x, step_y, step_z = (1 if dx > 0 else -1), (1 if dy > 0 else -1), (1 if dz > 0 else -1)
    gap_x = 1.0 / abs(dx) if dx != 0.0 else FAR
    gap_y = 1.0 / abs(dy) if dy != 0.0 else FAR
    gap_z = 1.0 / abs(dz) if dz != 0.0 else FAR
    next_x = (cx + 1 - x if dx > 0 else x - cx) * gap_x
    next_y = (cy + 1 - y if dy > 0 else y - cy) * gap_y
    next_z = (cz + 1 - z if dz > 0 else z - cz) * gap_z
    enter, axis, wet, surface = 0.0, 1, 0.0, FAR
    while enter < VIEW and not (cy >= HEIGHT and dy >= 0):
        leave = min(next_x, next_y, next_z)
        block = block_of(scene, e, cx, cy, cz)
        shape = look.form[block]
        if shape == CUBE and enter > 0.0:
            u, v = _uv(axis, x + enter * dx - cx, y + enter * dy - cy, z + enter * dz - cz)
            row, column = texel_at(u, v)
            if look.texels[block, _face_of(axis, dy), row, column, 3] or enter > HOLES_UNTIL:
                return enter, block, axis, row, column, cx, cy, cz, wet, surface
        elif shape == CROSS:
            t, row, column = _cross_hit(look, block, x - cx, y - cy, z - cz, dx, dy, dz, enter, leave)
            if t < FAR:
                return t, block, axis, row, column, cx, cy, cz, wet, surface
        elif shape == LOW:
            i = look.inset[block]
            t, side = hit_box(x, y, z, dx, dy, dz, cx + i, cy, cz + i, cx + 1 - i, cy + look.height[block], cz + 1 - i)
            if t < FAR:
                u, v = _uv(side, x + t * dx - cx, y + t * dy - cy, z + t * dz - cz)
                row, column = texel_at(u, v)
                return t, block, side, row, column, cx, cy, cz, wet, surface
        elif shape == LIQUID:
            span = min(leave, VIEW) - enter
            part, dry = _wet_part(look, scene, e, cx, cy, cz, y + enter * dy, y + (enter + span) * dy, span)
            if wet == 0.0 and part > 0.0:
                surface = enter + dry * span
            wet += part
        enter = leave
        if next_x <= next_y and next_x <= next_z:
            axis, cx, next_x = 0, cx + step_x, next_x + gap_x
        elif next_y <= next_z:
            axis, cy, next_y = 1, cy + step_y, next_y + gap_y
        else:
            axis, cz, next_z = 2, cz + step_z, next_z + gap_z
    return FAR, 0, 0, 0, 0, 0, 0, 0, wet, surface


@compiled
def _block_colour(scene, look, e, hit, x, y, z, dx, dy, dz):
    """Lit colour of what `_trace` found."""
    t, block, axis, row, column, cx, cy, cz = hit[0], hit[1], hit[2], hit[3], hit[4], hit[5], hit[6], hit[7]
    shape = look.form[block]
    face = SIDE if shape == CROSS else _face_of(axis, dy)
    texel = look.texels[block, face, row, column]
    mean = look.mean[block, face]
    far = 1.0 if texel[3] == 0 else 0.8 * clamp((t - 8.0) / 30.0, 0.0, 1.0)
    r, g, b = (
        mix(float(texel[0]), mean[0], far),
        mix(float(texel[1]), mean[1], far),
        mix(float(texel[2]), mean[2], far),
    )
    if texel[3] == TINTED or (texel[3] == 0 and shape == CUBE):
        r, g, b = r * scene.foliage[e, 0], g * scene.foliage[e, 1], b * scene.foliage[e, 2]
    if look.glow[block]:
        return r, g, b
    px, py, pz = x + t * dx, y + t * dy, z + t * dz
    if shape == CUBE:
        u, v = _uv(axis, px - cx, py - cy, pz - cz)
        nx = cx - (1 if dx > 0 else -1) * (axis == 0)
        ny = cy - (1 if dy > 0 else -1) * (axis == 1)
        nz = cz - (1 if dz > 0 else -1) * (axis == 2)
        light = face_light(scene, look, e, nx, ny, nz, axis, clamp(u, 0.0, 1.0), clamp(v, 0.0, 1.0))
        light *= face_shade(axis, dy > 0) * (0.96 + 0.08 * hash01(cx & 63, cy, cz & 63))
    else:
        light = sky_light(scene, e, cx, cy, cz) * (0.92 if shape == CROSS else face_shade(axis, dy > 0))
    if axis == 1 and dy < 0.0:
        light *= mob_shadow(scene, e, px, py, pz)
    return lit(scene, e, r, g, b, light)


@compiled
def _mob_texel(r, g, b, pattern, front, u, v, grain):
    """A part's colour at (u, v) in 0..1 of a face, `front` where eyes are drawn; grain 0..1 is the texel's noise."""
    column, row = int(u * 8), int((1.0 - v) * 8)
    if front and pattern == EYES and row in (2, 3) and column in (1, 2, 5, 6):
        return (24.0, 22.0, 26.0) if column in (1, 6) else (236.0, 236.0, 236.0)
    if front and pattern == SPIDER_EYES and ((row == 4 and column in (1, 6)) or (row in (2, 3) and column in (2, 5))):
        return 214.0, 20.0, 20.0
    if (
        front
        and pattern == CREEPER_FACE
        and (
            (row in (2, 3) and column in (1, 2, 5, 6))
            or (row in (4, 5, 6) and column in (3, 4))
            or (row in (5, 6, 7) and column in (2, 5))
        )
    ):
        return 18.0, 26.0, 18.0
    spread = 0.4 if pattern in (MOTTLED, CREEPER_FACE) else (0.16 if pattern == FLEECE else 0.1)
    level = 1.0 + spread * (math.floor(grain * 4.0) / 3.0 - 0.5)
    return r * level, g * level, b * level


@compiled
def _mob_colour(scene, mobs, e, m, x, y, z, dx, dy, dz, limit):
    """Colour of mob m on a ray: (distance, r, g, b), FAR if it is missed or farther than `limit`."""
    rx, ry, rz = wrapped(scene.mob_pos[e, m, 0] - x), scene.mob_pos[e, m, 1] - y, wrapped(scene.mob_pos[e, m, 2] - z)
    closest = rx * dx + (ry + 0.8) * dy + rz * dz
    if closest < -1.5 or closest - 1.5 > limit or rx * rx + (ry + 0.8) ** 2 + rz * rz - closest * closest > 2.4:
        return FAR, 0.0, 0.0, 0.0
    c, s = math.cos(scene.mob_yaw[e, m]), math.sin(scene.mob_yaw[e, m])
    ox, oy, oz = -(rx * c + rz * s), -ry, rx * s - rz * c
    lx, lz = dx * c + dz * s, dz * c - dx * s
    best, part, axis = limit, -1, 0
    kind = scene.mob_kind[e, m]
    for p in range(mobs.start[kind], mobs.start[kind + 1]):
        k = mobs.box[p]
        t, side = hit_box(ox, oy, oz, lx, dy, lz, k[0], k[1], k[2], k[3], k[4], k[5])
        if t < best:
            best, part, axis = t, p, side
    if part < 0:
        return FAR, 0.0, 0.0, 0.0
    hx, hy, hz = ox + best * lx, oy + best * dy, oz + best * lz
    k, pattern = mobs.box[part], mobs.pattern[part]
    r, g, b = mobs.colour[part, 0], mobs.colour[part, 1], mobs.colour[part, 2]
    gx, gy, gz = math.floor(hx * 16 + 0.01), math.floor(hy * 16 + 0.01), math.floor(hz * 16 + 0.01)
    if pattern == PATCHES and hash01(gx // 5, gy // 5, gz // 5 + 7 * m) > 0.66:
        r, g, b = 226.0, 222.0, 214.0
    if pattern == FLEECE and scene.mob_shorn[e, m]:
        r, g, b = 226.0, 186.0, 170.0
    u, v = (hx - k[0]) / (k[3] - k[0]), (hy - k[1]) / (k[4] - k[1])
    r, g, b = _mob_texel(r, g, b, pattern, axis == 2 and lz < 0, u, v, hash01(gx, gy, gz + 31 * part))
    cell_light = sky_light(scene, e, math.floor(x + rx), math.floor(y + ry + 0.5), math.floor(z + rz))
    r, g, b = lit(scene, e, r, g, b, cell_light * face_shade(axis, dy > 0))
    return best, r, g, b


@compiled
def _water_over(scene, e, r, g, b, wet, surface, x, y, z, dx, dy, dz):
    """What is seen through `wet` metres of water, with the sky mirrored where its surface is met from above."""
    share = 1.0 - math.exp(-0.22 * wet)
    share = max(share, 0.45)
    wr, wg, wb = lit(scene, e, 38.0, 84.0, 158.0, 1.0)
    r, g, b = mix(r, wr, share), mix(g, wg, share), mix(b, wb, share)
    if surface > 0.0 and dy < 0.0:
        px, pz = math.floor((x + surface * dx) * 8), math.floor((z + surface * dz) * 8)
        ripple = 0.9 + 0.2 * (0.6 * hash01(px // 3, pz, 3) + 0.4 * hash01(px, pz // 2, 4)) if surface < 24.0 else 1.0
        sr, sg, sb = _air(scene, e, dx, -dy)
        mirror = 0.08 + 0.6 * (1.0 + dy) ** 4
        r, g, b = mix(r * ripple, sr, mirror), mix(g * ripple, sg, mirror), mix(b * ripple, sb, mirror)
    return r, g, b


@compiled
def _ray_colour(scene, look, mobs, e, dx, dy, dz):
    """Colour of one ray from the eye: (r, g, b) 0..255."""
    x, y, z = scene.eye[e, 0], scene.eye[e, 1], scene.eye[e, 2]
    hit = _trace(scene, look, e, x, y, z, dx, dy, dz)
    distance, wet, surface = hit[0], hit[8], hit[9]
    if distance < FAR:
        r, g, b = _block_colour(scene, look, e, hit, x, y, z, dx, dy, dz)
    else:
        r, g, b = _sky(scene, e, dx, dy, dz)
    for m in range(scene.mob_kind.shape[1]):
        if scene.mob_kind[e, m]:
            t, mr, mg, mb = _mob_colour(scene, mobs, e, m, x, y, z, dx, dy, dz, min(distance, VIEW))
            if t < distance:
                distance, r, g, b = t, mr, mg, mb
                wet = min(wet, max(t - surface, 0.0))
    if wet > 0.0 and surface < distance:
        r, g, b = _water_over(scene, e, r, g, b, wet, surface, x, y, z, dx, dy, dz)
        distance = max(surface, 0.0)
    if distance < FAR:
        fog = clamp((distance - FOG_START) / (VIEW - FOG_START), 0.0, 1.0) ** 1.5
        fr, fg, fb = _air(scene, e, dx, dy)
        r, g, b = mix(r, fr, fog), mix(g, fg, fog), mix(b, fb, fog)
    return r, g, b


@parallel
def draw_views(scene, look, mobs, slope, samples, out):
    """Fill out u8[n, H, W, 3]; slope = tangent of half the vertical field of view."""
    height, width = out.shape[1], out.shape[2]
    for job in prange(out.shape[0] * height):
        e, row = job // height, job % height
        cy, sy = math.cos(scene.yaw[e]), math.sin(scene.yaw[e])
        cp, sp = math.cos(scene.pitch[e]), math.sin(scene.pitch[e])
        for column in range(width):
            red, green, blue = 0.0, 0.0, 0.0
            for sample in range(samples * samples):
                right = (column + (sample % samples + 0.5) / samples - width / 2) * 2 * slope / height
                up = (height / 2 - row - (sample // samples + 0.5) / samples) * 2 * slope / height
                flat = cp + up * sp
                dx, dy, dz = -sy * flat - cy * right, up * cp - sp, cy * flat - sy * right
                norm = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
                r, g, b = _ray_colour(scene, look, mobs, e, dx * norm, dy * norm, dz * norm)
                red, green, blue = red + r, green + g, blue + b
            share = 1.0 / (samples * samples)
            out[e, row, column, 0] = int(clamp(red * share, 0.0, 255.0))
            out[e, row, column, 1] = int(clamp(green * share, 0.0, 255.0))
            out[e, row, column, 2] = int(clamp(blue * share, 0.0, 255.0))
