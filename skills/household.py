"""The skills of a household robot, made from its objects and places: find, pick up, put down, go to, open and close.

What a skill does depends on where the robot is, so each is declared once per place, with the same text: "pick up the
coke" is `pick_up_coke_at_table`, `pick_up_coke_at_drawer`, ... A language model sees the text, the search sees them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.world import UserError
from skills.schema import Skill

ROBOT, HOLDING, AT, VISITED = "robot_at_", "holding_", "_at_", "visited_"
HAND, OPEN, CLOSED = "hand_empty", "drawer_open", "drawer_closed"
USER, DRAWER = "user", "drawer"
DRIVE, ARM = 180, 110  # limits in control steps of a twelfth of a second


def household_skills(entry: dict[str, Any], where: str) -> list[Skill]:
    """All skills over `objects` and `places` (names with spaces); a place named "drawer" can be opened and closed."""
    for key in ("objects", "places"):
        if not isinstance(entry.get(key), list) or not all(isinstance(name, (str, int)) for name in entry[key]):
            raise UserError(f"{where}: household: `{key}` must be a list of names, got {entry.get(key)!r}")
    objects, places = [str(name) for name in entry["objects"]], [str(name) for name in entry["places"]]
    skills = [_go(place) for place in places]
    if DRAWER in places:
        skills += _drawer()
    for name in objects:
        skills += _object(name, places)
    return skills


def household_given(entry: dict[str, Any]) -> list[str]:
    """Facts that a scene may start with: any object anywhere or in the hand, an empty hand, the robot, the drawer."""
    objects, places = map(str, entry["objects"]), [str(place) for place in entry["places"]]
    lying = [(fact(name, AT, place), fact(HOLDING, name)) for name in objects for place in places]
    return list(dict.fromkeys([HAND, OPEN, CLOSED, *(fact(ROBOT, place) for place in places), *sum(lying, ())]))


def fact(*words: str) -> str:
    """A fact's name from words: ("water bottle", "_at_", "table") -> water_bottle_at_table."""
    return "".join(words).replace(" ", "_").lower()


def _go(place: str) -> Skill:
    name, text = (
        (fact("go_to_", place), f"go to the {place}") if place != USER else ("bring_it_to_you", "bring it to you")
    )
    return Skill(name=name, text=text, kind="go", target=place, loses=(ROBOT,), steps=DRIVE,
                 obtains={fact(ROBOT, place): 1, fact(VISITED, place): 1})  # fmt: skip


def _drawer() -> Iterator[Skill]:
    at = {fact(ROBOT, DRAWER): 1, HAND: 1}
    yield Skill(
        name="open_drawer", text="open the drawer", kind="open", policy="drawer", steps=ARM, requires=at,
        consumes={CLOSED: 1}, obtains={OPEN: 1},
    )  # fmt: skip
    yield Skill(
        name="close_drawer", text="close the drawer", kind="close", policy="drawer", steps=ARM, requires=at,
        consumes={OPEN: 1}, obtains={CLOSED: 1},
    )  # fmt: skip


def _object(name: str, places: list[str]) -> Iterator[Skill]:
    from_where = {place: {OPEN: 1} if place == DRAWER else {} for place in places}
    for place in places:
        lies, here, inside = fact(name, AT, place), fact(ROBOT, place), from_where[place]
        yield Skill(name=fact("find_", name, AT, place), text=find_text(name), kind="find", target=name, steps=DRIVE,
                    requires={lies: 1, **inside}, loses=(ROBOT,), obtains={here: 1})  # fmt: skip
        yield Skill(name=fact("pick_up_", name, AT, place), text=f"pick up the {name}", kind="pick", policy="pick", steps=ARM,
                    target=name, requires={here: 1, **inside}, consumes={lies: 1, HAND: 1},
                    obtains={fact(HOLDING, name): 1})  # fmt: skip
        yield Skill(name=fact("put_down_", name, AT, place), text=f"put down the {name}", kind="put", policy="put", steps=ARM,
                    target=name, requires={here: 1, **inside}, consumes={fact(HOLDING, name): 1},
                    obtains={lies: 1, HAND: 1})  # fmt: skip


def find_text(name: str) -> str:
    """The skill that looks for an object: "find an apple", "find the rice chips"."""
    if name.endswith("s") and not name.endswith(("ss", "us")):
        return f"find the {name}"
    return f"find {'an' if name[0] in 'aeiou' else 'a'} {name}"
