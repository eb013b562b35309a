"""A graph corrupted in a dozen ways is put right by experience; a right one is left alone."""

from __future__ import annotations

import random

import pytest

from planner.effects import apply, missing
from planner.graph_learning import LEAST, Observation, evidence, learn, observations
from skills.library import SkillLibrary
from skills.schema import NEARBY

REFERENCE = SkillLibrary.load("plan4mc")
NOISE = [f for f in sorted(REFERENCE.facts) if not f.endswith(NEARBY)]
NEAR = [f for f in sorted(REFERENCE.facts) if f.endswith(NEARBY)]


def experience(names, runs: int = 40, seed: int = 0) -> list[Observation]:
    """Skills of the reference, run from random facts: what they need is mostly there."""
    draw, seen = random.Random(seed), []
    for name in names:
        skill = REFERENCE.skills[name]
        needs = {**skill.requires, **skill.consumes, **({skill.equips: 1} if skill.equips else {})}
        for _ in range(runs):
            facts = {
                f: n + draw.randint(0, 2) * (not f.endswith(NEARBY)) for f, n in needs.items() if draw.random() < 0.85
            }
            facts |= {f: draw.randint(1, 9) for f in draw.sample(NOISE, 6) if f not in needs}
            facts |= {f: 1 for f in draw.sample(NEAR, 3) if f not in needs}
            after = facts if missing(skill, facts) else apply(skill, facts)
            seen.append(Observation(name, facts, after))
    return seen


CORRUPTIONS = {
    "a yield too small": ("planks", {"obtains": {"planks": 1}}),
    "a yield too large": ("torch", {"obtains": {"torch": 9}}),
    "consumption forgotten": ("stick", {"consumes": {}, "requires": {"planks": 2}}),
    "consumption that never happens": ("wooden_pickaxe", {
        "consumes": {"planks": 3, "stick": 2, "crafting_table_nearby": 1}, "requires": {}}),
    "too little consumed": ("chest", {"consumes": {"planks": 3}}),
    "too much consumed": ("bowl", {"consumes": {"planks": 6}}),
    "a need that is none": ("stick", {"requires": {"bucket": 1}}),
    "a need forgotten": ("stone_pickaxe", {"requires": {}}),
    "the wrong tool": ("wool", {"equips": "torch", "requires": {"torch": 1}}),
    "a product that never comes": ("bowl", {"obtains": {"bowl": 4, "torch": 1}}),
    "another product": ("lever", {"obtains": {"torch": 1}}),
    "that it walks away": ("mine_coal", {"loses_nearby": False}),
}  # fmt: skip


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_corruption_is_found_and_put_right(name):
    skill, fields = CORRUPTIONS[name]
    right = REFERENCE.skills[skill]
    wrong = right.model_copy(update=fields)
    corrupted = SkillLibrary("corrupted", "craft", {**REFERENCE.skills, skill: wrong}.values())
    learned, corrections = learn(corrupted, experience([skill]))
    assert corrections and all(c.skill == skill for c in corrections)
    after = learned.skills[skill]
    assert after.obtains == right.obtains and after.consumes == right.consumes
    assert after.loses_nearby == right.loses_nearby
    needed = {*after.requires, *([after.equips] if after.equips else [])}
    assert needed == {*right.requires, *([right.equips] if right.equips else [])}
    for correction in corrections:
        assert correction.runs >= LEAST and correction.evidence and str(correction).startswith(skill)


def test_a_right_graph_is_left_alone():
    learned, corrections = learn(REFERENCE, experience(REFERENCE.skills, runs=25))
    assert not corrections and learned.skills == REFERENCE.skills


def test_what_happens_to_be_near_is_not_obtained_by_walking():
    seen = [Observation(o.skill, o.before, {**o.after, "tallgrass_nearby": 1}) for o in experience(["log"])]
    assert not learn(REFERENCE, [one for one in seen if "log" in one.after])[1]


def test_a_yield_that_varies_is_its_median():
    draw = random.Random(0)
    seen = [Observation("beef", {"cow_nearby": 1, "diamond_sword": 1}, {"diamond_sword": 1, "beef": n})
            for n in draw.choices([1, 2, 2, 3], k=30)]  # fmt: skip
    (correction,) = learn(REFERENCE, seen)[1]
    assert (correction.where, correction.fact, correction.observed) == ("obtains", "beef", 2)


def test_little_experience_changes_nothing():
    wrong = REFERENCE.skills["planks"].model_copy(update={"obtains": {"planks": 1}})
    corrupted = SkillLibrary("corrupted", "craft", [wrong])
    assert not learn(corrupted, experience(["planks"], runs=2))[1]


def test_traces_become_observations():
    from agents.agent import AgentOptions, build
    from agents.executor import Job
    from agents.tasks import Task

    agent = build(AgentOptions(symbolic=True, goal="given"))
    jobs = [Job(Task(str(k), "t", ({"wooden_pickaxe": 1},)), k, 0) for k in range(4)]
    traces = [trace.to_json() for trace in agent.executor().run(jobs)]
    seen = observations(traces)
    assert {"log", "planks", "stick", "wooden_pickaxe"} <= {one.skill for one in seen}
    assert all(one.changed for one in seen)
    wrong = agent.library.skills["planks"].model_copy(update={"obtains": {"planks": 2}})
    corrupted = SkillLibrary("corrupted", "craft", {**agent.library.skills, "planks": wrong}.values())
    (correction,) = learn(corrupted, seen)[1]
    assert (correction.fact, correction.declared, correction.observed) == ("planks", 2, 4)
    assert evidence([correction])[0]["evidence"][0]["after"]["planks"] >= 4
