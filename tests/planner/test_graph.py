"""Validation finds each of ten ways to spoil a graph; drawings are whole and light the plan."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from agents.agent import fact_names
from planner.graph import build, check, draw
from sim.world import UserError
from skills.library import SkillLibrary
from skills.schema import Skill

FACTS = fact_names("craft")


def spoiled(**changes: Skill) -> SkillLibrary:
    good = SkillLibrary.load("plan4mc")
    return SkillLibrary("spoiled", "craft", {**good.skills, **changes}.values())


def changed(name: str, **fields: object) -> Callable[[], SkillLibrary]:
    return lambda: spoiled(**{name: SkillLibrary.load("plan4mc").skills[name].model_copy(update=fields)})


def without(*names: str) -> SkillLibrary:
    good = SkillLibrary.load("plan4mc")
    return SkillLibrary("spoiled", "craft", [s for s in good.skills.values() if s.name not in names])


def cycle() -> SkillLibrary:
    library = without("log")
    made = Skill(name="log", text="back", kind="craft", consumes={"planks": 4}, obtains={"log": 1})
    return SkillLibrary("spoiled", "craft", [*library.skills.values(), made])


CORRUPTIONS: dict[str, tuple[Callable[[], SkillLibrary], str]] = {
    "a fact misspelt": (changed("stick", consumes={"plank": 2}), "unknown fact 'plank'; near ones: planks"),
    "an unknown product": (changed("stick", obtains={"stik": 4}), "unknown fact 'stik'"),
    "an unknown tool": (changed("wool", equips="sheers"), "unknown fact 'sheers'"),
    "a negative count": (changed("stick", consumes={"planks": -2}), "consumes -2 planks"),
    "a count of none": (changed("stick", obtains={"stick": 0}), "obtains 0 stick"),
    "no effect": (changed("stick", obtains={}), "obtains nothing"),
    "no gain": (changed("stick", consumes={"stick": 4}), "consumes as many stick as it obtains"),
    "no policy": (changed("log", policy=None), "no policy performs it"),
    "an entry twice": (lambda: spoiled(again=SkillLibrary.load("plan4mc").skills["log"].model_copy(update={"name": "again"})),
                       "says the same as 'log'"),
    "a cycle without entry": (cycle, "can never run: planks come only from a cycle through planks"),
}  # fmt: skip


def test_the_shipped_graph_is_sound() -> None:
    assert check(SkillLibrary.load("plan4mc"), FACTS) == []


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_every_corruption_is_found(name: str) -> None:
    make, expected = CORRUPTIONS[name]
    assert any(expected in str(problem) for problem in check(make(), FACTS))


def test_edges_carry_kind_and_count() -> None:
    graph = build(SkillLibrary.load("plan4mc").skills.values())
    assert graph.edges[("fact", "planks"), ("skill", "bed")]["n"] == 3
    shears = graph.edges[("fact", "shears"), ("skill", "wool")]
    assert shears["kind"] == "equips" and shears["also"] == ("requires",)


def test_what_a_start_brings_is_no_cycle() -> None:
    kitchen = SkillLibrary.load("kitchen")
    problems = [str(problem) for problem in check(kitchen, fact_names("kitchen", kitchen))]
    assert problems and all("no policy performs" in problem for problem in problems)
    assert not check(SkillLibrary.load("craft"), FACTS)


def test_drawings_are_whole_and_light_the_plan() -> None:
    library = SkillLibrary.load("plan4mc")
    root = ET.fromstring(draw(library))
    assert len(root.findall(".//{*}g[@data-skill]")) == len(library.skills)
    lit = draw(library, ["find_log", "log", "planks"])
    assert len(ET.fromstring(lit).findall(".//{*}g[@data-skill]")) == 3
    assert draw(library, suffix=".html").startswith("<!doctype html>")
    with pytest.raises(UserError, match=r"\.svg or \.html"):
        draw(library, suffix=".jpg")
