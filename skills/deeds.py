"""Skills for what Minecraft counts: mobs killed and items used; and to eat, and to wait for the night. Made from the
world's mobs, items and food, like recipes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.craft import data as craft_data
from sim.craft.data import DIGS, TILLS
from skills.schema import NEARBY, Skill
from skills.targets import FIGHT

KILLED, USED = "killed_", "used_"
FIND_TICKS, KILL_TICKS, USE_TICKS = 1000, 1000, 600
NOW = 40  # ticks of what is done on the spot: take it into the hand and use it
LONGEST_DAY = 13_000  # ticks until it is night
UNWHOLESOME = {"rotten_flesh", "spider_eye", "poisonous_potato", "fish"}  # some fish are poisonous

SWORDS = ("diamond_sword", "iron_sword", "stone_sword", "wooden_sword")
PICKAXES = ("wooden", "stone", "iron", "diamond")  # each digs what those before it dig


def deed_skills(known: Sequence[Skill]) -> list[Skill]:
    """Find and kill every mob, use every counted item, dig with better pickaxes; `known` is what the library has already."""
    data = craft_data.load()
    taken = {skill.name for skill in known}
    skills = [better for skill in known for better in _with_better_pickaxes(skill)]
    skills += [armed for skill in known if skill.policy == FIGHT for armed in _with_swords(skill)]
    skills += [skill for mob in data.mob_names[1:] for skill in _mob_skills(mob)]
    skills += [skill for item in data.counted_items.tolist() for skill in _use_skills(data, item)]
    skills += [_eat(name) for name, food in zip(data.item_names, data.item_food, strict=True)
               if food > 0 and name not in UNWHOLESOME]  # fmt: skip
    skills.append(
        Skill(name="wait_for_night", text="wait for the night", kind="wait", obtains={"night": 1}, steps=LONGEST_DAY)
    )
    return [skill for skill in skills if skill.name not in taken]


def _eat(name: str) -> Skill:
    """Eat one; every food is said to give the least that food gives, as a full stomach holds no more."""
    return Skill(name=f"eat_{name}", text=f"eat the {name.replace('_', ' ')}", kind="apply", consumes={name: 1}, equips=name,
                 obtains={"food": 1}, steps=NOW)  # fmt: skip


def _mob_skills(mob: str) -> list[Skill]:
    near, name = {mob + NEARBY: 1}, mob.replace("_", " ")
    find = Skill(name=f"find_{mob}", text=f"find a {name}", kind="find", policy="find", target=mob, obtains=near,
                 loses_nearby=True, steps=FIND_TICKS)  # fmt: skip
    bare = Skill(name=f"kill_{mob}", text=f"kill a {name}", kind="hunt", policy=FIGHT, target=mob, consumes=near,
                 obtains={KILLED + mob: 1}, loses_nearby=True, steps=KILL_TICKS)  # fmt: skip
    return [find, *_with_swords(bare), bare]


def _with_swords(bare: Skill) -> list[Skill]:
    """The same fight with each sword."""
    return [bare.model_copy(update={"name": f"{bare.name}_with_{sword}", "text": f"{bare.text} with the {sword.replace('_', ' ')}",
                                    "requires": bare.requires | {sword: 1}, "equips": sword}) for sword in SWORDS]  # fmt: skip


def _with_better_pickaxes(skill: Skill) -> list[Skill]:
    """The same skill with every pickaxe that is better than its own."""
    tier = (skill.equips or "").removesuffix("_pickaxe")
    if tier not in PICKAXES or "_with_" in skill.name:
        return []
    better = [f"{name}_pickaxe" for name in PICKAXES[PICKAXES.index(tier) + 1 :]]
    return [skill.model_copy(update={"name": f"{skill.name}_with_{tool}", "requires": {tool: 1}, "equips": tool,
                                     "success": None, "duration": None}) for tool in better]  # fmt: skip


def _use_skills(data: Any, item: int) -> list[Skill]:
    name = data.item_names[item]
    text = name.replace("_", " ")
    done: dict[str, Any] = {"obtains": {USED + name: 1}, "equips": name}
    if data.item_tool[item] == DIGS:
        dig = Skill(name=f"use_{name}", text=f"use the {text}", kind="mine", policy="mine", target="dirt", requires={name: 1},
                    loses_nearby=True, steps=USE_TICKS, **done)  # fmt: skip
        return [
            dig,
            dig.model_copy(
                update={"name": f"{dig.name}_on_stone", "text": f"{dig.text} on stone", "target": "cobblestone"}
            ),
        ]
    if data.item_tool[item] == TILLS:
        return [Skill(name=f"use_{name}", text=f"till the ground with the {text}", kind="place", policy="place", target=name,
                      requires={name: 1, "grass_nearby": 1}, steps=USE_TICKS, **done)]  # fmt: skip
    if data.item_slot[item]:
        return [
            Skill(name=f"use_{name}", text=f"put on the {text}", kind="apply", requires={name: 1}, steps=NOW, **done)
        ]
    if name == "bow":
        return [Skill(name="use_bow", text="shoot with the bow", kind="apply", requires={"bow": 1}, consumes={"arrow": 1},
                      steps=NOW, **done)]  # fmt: skip
    if data.item_places[item]:
        return [Skill(name=f"use_{name}", text=f"place the {text}", kind="place", policy="place", target=name,
                      consumes={name: 1}, steps=USE_TICKS, **done)]  # fmt: skip
    return []
