"""Graphs written by a language model: schema, repair, and the comparison with a reference."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from planner.graph_build import compare, entry_schema, write_graph
from planner.models import load_model
from sim.world import UserError
from skills.library import SkillLibrary
from tests.planner import toy_models

REFERENCE = SkillLibrary.load("plan4mc")
SOME = [REFERENCE.skills[name] for name in ("log", "planks", "stick", "find_log", "wooden_pickaxe")]
FACTS = sorted({fact for skill in SOME for fact in skill.facts})
PART = SkillLibrary("part", "craft", SOME)


class Author:
    """A model that knows the entries, but for what `slips` says on the first time of asking."""

    name = "author"

    def __init__(self, **slips):
        self.slips, self.prompts = slips, []

    def complete(self, prompt, schema):
        self.prompts.append(prompt)
        text = prompt.strip().splitlines()[-1].removeprefix("Skill: ")
        skill = next(s for s in SOME if s.text == text)
        fields = {name: getattr(skill, name) for name in ("consumes", "requires", "obtains")}
        if skill.name in self.slips and "earlier answer" not in prompt:
            fields |= self.slips[skill.name]
        return schema(equips=skill.equips,
                      **{k: [{"fact": f, "count": n} for f, n in v.items()] for k, v in fields.items()})  # fmt: skip


def test_a_model_that_knows_writes_the_reference():
    library, report = write_graph(Author(), SOME, FACTS, "written", "craft")
    report = compare(library, PART, report)
    assert (report.precision, report.recall, report.counts) == (1.0, 1.0, 1.0)
    assert not report.left and not report.failed
    for skill in SOME:
        assert library.skills[skill.name].consumes == skill.consumes


def test_what_validation_finds_is_repaired_once():
    author = Author(planks={"obtains": {"log": 1}})  # consumes as many as it obtains, and nothing makes planks
    library, report = write_graph(author, SOME, FACTS, "written", "craft")
    assert library.skills["planks"].obtains == {"planks": 4}
    assert any("planks: consumes as many log as it obtains" in text for text in report.repaired)
    assert "consumes as many log" in author.prompts[-1] or any("consumes as many log" in p for p in author.prompts)


def test_rates_count_edges_and_counts():
    library, report = write_graph(Author(planks={"obtains": {"planks": 2}}), SOME, FACTS, "written", "craft")
    report = compare(library, PART, report)
    assert report.precision == 1.0 and report.counts is not None and 0.8 < report.counts < 1.0
    fewer = SkillLibrary("fewer", "craft", SOME[:2])
    assert compare(fewer, PART, report).recall < 1.0


def test_the_schema_knows_the_facts_only():
    schema = entry_schema(FACTS)
    with pytest.raises(ValidationError):
        schema(
            consumes=[{"fact": "unobtainium", "count": 1}],
            requires=[],
            equips=None,
            obtains=[{"fact": "log", "count": 1}],
        )


def test_a_model_without_training_writes_a_valid_library(tmp_path):
    model = load_model(f"hf:{toy_models.save(tmp_path / 'model')}")
    library, report = write_graph(model, SOME[:2], FACTS, "written", "craft")
    assert set(library.skills) == {"log", "planks"} and not report.failed
    file = tmp_path / "written.yaml"
    file.write_text(library.to_yaml())
    assert {n: s.obtains for n, s in SkillLibrary.load(file).skills.items()} == {
        n: s.obtains for n, s in library.skills.items()
    }


def test_nothing_to_write_is_refused():
    with pytest.raises(UserError, match="at least one skill"):
        write_graph(Author(), [], FACTS, "written", "craft")
