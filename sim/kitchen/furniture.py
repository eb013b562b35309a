"""Bodies of the kitchen that never change: floor, counters, cabinet with its drawer, table, trash can, user and tray."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.kitchen.layout import DRAWER_FACE, DRAWER_TRAVEL, DRAWER_WIDTH, DRAWER_X, PLACES, ROOM
from sim.kitchen.objects import SILVER, Colour, Thing

WOOD: Colour = (0.62, 0.44, 0.28)
WHITE: Colour = (0.90, 0.90, 0.88)
STONE: Colour = (0.36, 0.38, 0.42)
STEEL: Colour = (0.68, 0.70, 0.73)
SKIN: Colour = (0.87, 0.68, 0.55)
SHIRT: Colour = (0.24, 0.42, 0.60)
DEPTH = 0.50  # of the drawer's inside
BAR = 0.10  # how far the handle stands off the drawer's face
BAR_HEIGHT = 0.84
FRONT_TOP = 0.86


@dataclass(frozen=True)
class Box:
    """A block: centre, full size, colour; `solid` ones are collided with."""

    centre: tuple[float, float, float]
    size: tuple[float, float, float]
    colour: Colour
    solid: bool = True


def boxes() -> list[Box]:
    """Every fixed block."""
    return [*_room(), *_counter("close counter"), *_counter("far counter"), *_table(), *_cabinet(), *_trash(), *_user()]


def _room() -> list[Box]:
    west, south, east, north = ROOM
    wide, deep = east - west, north - south
    x, y = (west + east) / 2, (south + north) / 2
    return [
        Box((x, y, -0.05), (wide + 4.0, deep + 4.0, 0.10), (0.78, 0.72, 0.62)),
        Box((x, north + 0.05, 0.60), (wide, 0.10, 1.20), (0.85, 0.87, 0.86)),
        Box((west - 0.05, y, 0.60), (0.10, deep, 1.20), (0.80, 0.83, 0.84)),
    ]


def _counter(name: str) -> list[Box]:
    place = PLACES[name]
    x, y = place.world(0.60, 0.0)
    top = place.surface
    return [
        Box((x, y, top - 0.02), (1.50, 0.60, 0.04), STONE),
        Box((x, y, (top - 0.04) / 2), (1.46, 0.54, top - 0.04), WHITE, solid=False),
    ]


def _table() -> list[Box]:
    place = PLACES["table"]
    x, y = place.world(0.65, 0.0)
    legs = [
        Box((x + dx, y + dy, 0.38), (0.06, 0.06, 0.76), WOOD, solid=False) for dx in (-0.5, 0.5) for dy in (-0.3, 0.3)
    ]
    return [Box((x, y, place.surface - 0.02), (1.10, 0.70, 0.04), WOOD), *legs]


def _cabinet() -> list[Box]:
    x, face = DRAWER_X, DRAWER_FACE
    floor = PLACES["drawer"].surface - 0.03
    side = DRAWER_WIDTH / 2 + 0.06
    y = face + 0.30
    return [
        Box((x, y, 1.06), (0.80, 0.60, 0.04), STONE),
        Box((x - side - 0.06, y, 0.52), (0.12, 0.60, 1.04), WHITE),
        Box((x + side + 0.06, y, 0.52), (0.12, 0.60, 1.04), WHITE),
        Box((x, face + 0.58, 0.52), (0.80, 0.04, 1.04), WHITE),
        Box((x, y, (floor - 0.02) / 2), (2 * side, 0.58, floor - 0.02), WHITE, solid=False),
    ]


def _trash() -> list[Box]:
    x, y = PLACES["trash can"].world(0.50, 0.0)
    wall, height, dark = 0.02, 0.58, (0.25, 0.27, 0.30)
    outer = 0.34
    return [
        Box((x, y, 0.03), (outer, outer, 0.06), dark),
        Box((x - outer / 2 + wall / 2, y, height / 2), (wall, outer, height), dark),
        Box((x + outer / 2 - wall / 2, y, height / 2), (wall, outer, height), dark),
        Box((x, y - outer / 2 + wall / 2, height / 2), (outer, wall, height), dark),
        Box((x, y + outer / 2 - wall / 2, height / 2), (outer, wall, height), dark),
    ]


def _user() -> list[Box]:
    place = PLACES["user"]
    x, y = place.world(0.54, 0.0)
    seat = x - 0.36
    return [
        Box((x, y, place.surface - 0.015), (0.50, 0.52, 0.03), WOOD),
        Box((x + 0.05, y, 0.38), (0.08, 0.08, 0.76), STEEL, solid=False),
        Box((seat, y, 0.25), (0.40, 0.44, 0.50), (0.45, 0.34, 0.28), solid=False),
        Box((seat - 0.04, y, 0.78), (0.22, 0.40, 0.56), SHIRT, solid=False),
        Box((seat - 0.02, y, 1.21), (0.17, 0.17, 0.22), SKIN, solid=False),
        Box((seat - 0.04, y, 1.34), (0.21, 0.19, 0.06), (0.25, 0.17, 0.12), solid=False),
    ]


def build(client: Any) -> int:
    """Load everything into a PyBullet client; returns the drawer's body."""
    for box in boxes():
        _block(client, box)
    return _drawer(client)


def _block(client: Any, box: Box) -> int:
    half = [s / 2 for s in box.size]
    seen = client.createVisualShape(client.GEOM_BOX, halfExtents=half, rgbaColor=[*box.colour, 1.0])
    felt = client.createCollisionShape(client.GEOM_BOX, halfExtents=half) if box.solid else -1
    body = client.createMultiBody(0.0, felt, seen, list(box.centre))
    if box.solid:
        client.changeDynamics(body, -1, lateralFriction=0.9, rollingFriction=0.002, restitution=0.0)
    return int(body)


def create(client: Any, thing: Thing) -> int:
    """The body of an object, with a lid or stripe that is only seen."""
    x, y, z = thing.half
    if thing.shape == "box":
        kinds, at = [client.GEOM_BOX] * 2, [[0, 0, 0], [0, 0, 0]]
        halves = [[x, y, z], [x * 1.03, y * 0.35, z * 1.01]] if z < 0.05 else [[x, y, z], [x * 1.03, y * 1.01, z * 0.3]]
        seen = client.createVisualShapeArray(
            kinds, halfExtents=halves, visualFramePositions=at, rgbaColors=[[*thing.colour, 1], [*thing.accent, 1]]
        )
        felt = client.createCollisionShape(client.GEOM_BOX, halfExtents=[x, y, z])
    elif thing.shape == "cylinder":
        top = 0.06 if z < 0.08 else 0.14
        seen = client.createVisualShapeArray(
            [client.GEOM_CYLINDER] * 2, radii=[x, x * (1.01 if z < 0.08 else 0.7)], lengths=[2 * z * (1 - top / 2), 2 * z * top],
            visualFramePositions=[[0, 0, -z * top / 2], [0, 0, z * (1 - top)]],
            rgbaColors=[[*thing.colour, 1], [*(SILVER if z < 0.08 else thing.accent), 1]],
        )  # fmt: skip
        felt = client.createCollisionShape(client.GEOM_CYLINDER, radius=x, height=2 * z)
    else:
        seen = client.createVisualShapeArray(
            [client.GEOM_SPHERE, client.GEOM_SPHERE], radii=[x, x * 0.2], visualFramePositions=[[0, 0, 0], [0, 0, x * 0.95]],
            rgbaColors=[[*thing.colour, 1], [*thing.accent, 1]],
        )  # fmt: skip
        felt = client.createCollisionShape(client.GEOM_SPHERE, radius=x)
    body = client.createMultiBody(thing.mass, felt, seen, [0, 0, -5])
    client.changeDynamics(body, -1, lateralFriction=thing.friction, spinningFriction=0.005, rollingFriction=0.002,
                          restitution=0.0, linearDamping=0.05, angularDamping=0.2,
                          activationState=client.ACTIVATION_STATE_ENABLE_SLEEPING)  # fmt: skip
    return int(body)


_LINK = """<link name="{name}"><inertial>
<mass value="{mass}"/><inertia ixx="0.02" ixy="0" ixz="0" iyy="0.02" iyz="0" izz="0.02"/></inertial>
{parts}</link>"""
_PART = """<visual><origin xyz="{at}"/><geometry><box size="{size}"/></geometry><material name="{colour}"/></visual>
<collision><origin xyz="{at}"/><geometry><box size="{size}"/></geometry></collision>"""


def _drawer(client: Any) -> int:
    """A prismatic joint needs limits, and only a URDF can give them. Joint 0 opens it, towards the room."""
    wide, thick, floor = DRAWER_WIDTH, 0.02, PLACES["drawer"].surface
    high = FRONT_TOP - floor + thick
    middle = (floor - thick + FRONT_TOP) / 2
    parts = [  # x, y from the face inwards, z; sizes
        ((0, DEPTH / 2, floor - thick / 2), (wide + 2 * thick, DEPTH, thick)),
        ((0, thick / 2, middle), (wide + 2 * thick + 0.04, thick, high)),
        ((0, DEPTH - thick / 2, middle), (wide + 2 * thick, thick, high)),
        ((-wide / 2 - thick / 2, DEPTH / 2, middle), (thick, DEPTH, high)),
        ((wide / 2 + thick / 2, DEPTH / 2, middle), (thick, DEPTH, high)),
        ((0, -BAR, BAR_HEIGHT), (0.24, 0.02, 0.02)),
        ((-0.11, -BAR / 2, BAR_HEIGHT), (0.02, BAR, 0.02)),
        ((0.11, -BAR / 2, BAR_HEIGHT), (0.02, BAR, 0.02)),
    ]
    shapes = "\n".join(
        _PART.format(at=f"{x} {y} {z}", size=" ".join(map(str, size)), colour="steel" if y < 0 else "wood")
        for (x, y, z), size in parts
    )
    text = f"""<robot name="drawer"><material name="wood"><color rgba="0.80 0.66 0.48 1"/></material>
<material name="steel"><color rgba="0.55 0.57 0.60 1"/></material>
{_LINK.format(name="cabinet", mass=0, parts="")}{_LINK.format(name="drawer", mass=2.0, parts=shapes)}
<joint name="slide" type="prismatic"><parent link="cabinet"/><child link="drawer"/><origin xyz="0 0 0"/><axis xyz="0 -1 0"/>
<limit lower="0" upper="{DRAWER_TRAVEL}" effort="100" velocity="2"/></joint></robot>"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawer.urdf"
        path.write_text(text)
        body = client.loadURDF(str(path), [DRAWER_X, DRAWER_FACE, 0.0], useFixedBase=True)
    client.changeDynamics(body, 0, lateralFriction=0.5, restitution=0.0)  # smooth: things slide before they fall
    return int(body)
