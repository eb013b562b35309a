"""Random scenes and goals of the kitchen, and the library they belong to."""

from __future__ import annotations

import random

from sim.kitchen.scene import start_facts
from skills.library import SkillLibrary

LIBRARY = SkillLibrary.load("kitchen")
OBJECTS = ["coke", "apple", "sponge", "rice chips", "tea"]
PLACES = ["table", "close counter", "far counter", "drawer", "trash can", "user"]


def random_scene(draw: random.Random) -> dict[str, int]:
    """Facts of a scene with one to five things."""
    things = [[draw.choice(OBJECTS), draw.choice(PLACES)] for _ in range(draw.randint(1, 5))]
    held = draw.choice([None, None, draw.choice(OBJECTS)])
    start = {"objects": things, "robot_at": draw.choice(PLACES), "holding": held, "drawer_open": draw.random() < 0.3}
    return start_facts(start, OBJECTS, PLACES)


def random_goal(facts: dict[str, int], draw: random.Random) -> dict[str, int]:
    """Some of the things of a scene at other places."""
    goal: dict[str, int] = {}
    for name, n in facts.items():
        if "_at_" in name and not name.startswith("robot") and draw.random() < 0.6:
            thing, _, here = name.rpartition("_at_")
            place = draw.choice([p.replace(" ", "_") for p in PLACES if p.replace(" ", "_") != here])
            key = f"{thing}_at_{place}"
            goal[key] = max(goal.get(key, facts.get(key, 0)) + draw.randint(1, n), 1)
    total = {
        t: sum(n for f, n in facts.items() if f.startswith(f"{t}_at_")) for t in {g.rpartition("_at_")[0] for g in goal}
    }
    asked = {t: sum(n for g, n in goal.items() if g.startswith(f"{t}_at_")) for t in total}
    return {g: n for g, n in goal.items() if asked[g.rpartition("_at_")[0]] <= total[g.rpartition("_at_")[0]]}
