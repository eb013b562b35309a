"""Craft skills derived from the world's recipes: nothing about a recipe is typed a second time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sim.craft import data as craft_data
from sim.craft.data import FURNACE, TABLE
from sim.world import UserError
from skills.schema import Skill

CAREFUL = 0.85  # of a tool's durability is counted on: runs differ
STATION = {TABLE: "crafting_table_nearby", FURNACE: "furnace_nearby"}


def craft_skills(items: Sequence[str] | str, taken: Collection[str] = ()) -> list[Skill]:
    """One skill per recipe of the named items ("all" = of every item): the first is named like the item, others ITEM__2 ...

    A name in `taken` is passed over, so no recipe replaces a skill that the library wrote itself.
    """
    data = craft_data.load()
    if items == "all":
        items = list(dict.fromkeys(data.item_names[k] for k in data.recipe_result))
    skills: list[Skill] = []
    for item in items:
        first = 2 if item in taken else 1
        for number, row in enumerate(_rows(item), start=first):
            skills.append(_craft_skill(item if number == 1 else f"{item}__{number}", row))
    return skills


def with_durability(skills: Iterable[Skill]) -> list[Skill]:
    """The same skills, with how many runs the tool of each lasts where its uses in one run are known."""
    data = craft_data.load()
    found = []
    for skill in skills:
        worn = int(data.item_durability[data.item_index[skill.equips]]) if skill.uses and skill.equips else 0
        found.append(
            skill.model_copy(update={"lasts": max(CAREFUL * worn / skill.uses, 1.0)}) if skill.uses and worn else skill
        )
    return found


def _rows(name: str) -> range:
    """The recipes of an item."""
    data = craft_data.load()
    if name not in data.item_index:
        raise UserError(f"derive names '{name}', which is no item of Minecraft {craft_data.VERSION}")
    item = data.item_index[name]
    rows = range(int(data.recipe_start[item]), int(data.recipe_start[item + 1]))
    if not rows:
        raise UserError(f"derive names '{name}', which has no recipe")
    return rows


def _craft_skill(name: str, row: int) -> Skill:
    data = craft_data.load()
    item = data.item_names[data.recipe_result[row]]
    count, station = int(data.recipe_count[row]), int(data.recipe_station[row])
    pairs = zip(data.recipe_item[row], data.recipe_need[row], strict=True)
    consumes = {data.item_names[i]: int(n) for i, n in pairs if n}
    verb = "smelt" if station == FURNACE else "craft"
    requires = {STATION[station]: 1} if station in STATION else {}
    text = f"{verb} {count} {item.replace('_', ' ')}" if count > 1 else f"{verb} {item.replace('_', ' ')}"
    return Skill(name=name, text=text, kind="craft", consumes=consumes, requires=requires, obtains={item: count})
