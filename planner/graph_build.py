"""Skill graphs written by a language model: one entry per skill, checked, repaired once, compared with a reference.

The model is asked for what a skill consumes, requires, equips and obtains (Plan4MC's four fields), in a schema that names the
facts there are. What validation finds is told to it in one repair round; what stays wrong is reported, not hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from planner.graph import build, check
from planner.language import LanguageModel
from planner.prompting import template
from sim.world import UserError
from skills.library import SkillLibrary
from skills.schema import Skill

MOST = 6  # things in one field
Progress = Callable[[str], None]


@dataclass
class Report:
    """How a written graph compares with its reference. Rates are None where there is nothing to count."""

    skills: int
    precision: float | None  # of edges (fact, skill, kind)
    recall: float | None
    counts: float | None  # share of the right edges whose count is right too
    repaired: list[str] = field(default_factory=list)  # problems of the first round that are gone
    left: list[str] = field(default_factory=list)  # problems that stayed
    failed: list[str] = field(default_factory=list)  # skills for which the model gave no usable entry


def entry_schema(facts: Sequence[str]) -> type[BaseModel]:
    """The schema of one skill's entry over given facts."""
    name: Any = Literal[tuple(facts)]
    count = create_model("Count", fact=(name, ...), count=(int, Field(ge=1, le=64)))
    some: Any = list[count]  # type: ignore[valid-type]
    limits = Field(max_length=MOST)
    return create_model("Entry", consumes=(some, limits), requires=(some, limits), equips=(name | None, ...),
                        obtains=(some, Field(min_length=1, max_length=MOST)))  # fmt: skip


def write_graph(model: LanguageModel, skills: Iterable[Skill], facts: Sequence[str], name: str, world: str,
                progress: Progress = lambda text: None) -> tuple[SkillLibrary, Report]:  # fmt: skip
    """A library whose entries the model wrote, for skills of which only name, text, kind and policy are used."""
    wanted, schema = list(skills), entry_schema(facts)
    if not wanted or not facts:
        raise UserError("graph build needs at least one skill and one fact")
    made: dict[str, Skill] = {}
    failed: list[str] = []
    for k, skill in enumerate(wanted, 1):
        progress(f"{k}/{len(wanted)} {skill.text}")
        entry = _ask(model, schema, skill, facts, "")
        if entry is None:
            failed.append(skill.name)
        else:
            made[skill.name] = entry
    first = _problems(made, facts, name, world)
    for skill in wanted:
        found = first.get(skill.name)
        if found and skill.name in made:
            progress(f"repairing {skill.text}")
            again = _ask(
                model, schema, skill, facts, f"An earlier answer for the next skill was wrong: {'; '.join(found)}."
            )
            made[skill.name] = again or made[skill.name]
    left = _problems(made, facts, name, world)
    before = {f"{where}: {what}" for where, found in first.items() for what in found}
    after = {f"{where}: {what}" for where, found in left.items() for what in found}
    library = SkillLibrary(name, world, made.values())
    return library, Report(len(wanted), None, None, None, sorted(before - after), sorted(after), failed)


def _ask(model: LanguageModel, schema: type[BaseModel], skill: Skill, facts: Sequence[str], note: str) -> Skill | None:
    """One entry; None where the model's answer cannot be used."""
    prompt = template("graph").format(facts=", ".join(facts), note=note, skill=skill.text)
    try:
        entry: Any = model.complete(prompt, schema)
    except UserError as error:
        if "usable" not in str(error):
            raise
        return None

    def counts(items: Sequence[Any]) -> dict[str, int]:
        return {item.fact: item.count for item in items}

    return skill.model_copy(update={
        "consumes": counts(entry.consumes), "requires": counts(entry.requires), "equips": entry.equips,
        "obtains": counts(entry.obtains), "success": None, "duration": None,
    })  # fmt: skip


def _problems(made: dict[str, Skill], facts: Sequence[str], name: str, world: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in check(SkillLibrary(name, world, made.values()), facts):
        found.setdefault(problem.where, []).append(problem.what)
    return found


def compare(written: SkillLibrary, reference: SkillLibrary, report: Report) -> Report:
    """The report with precision and recall of edges, and how many counts of right edges are right."""
    mine, theirs = _edges(written), _edges(reference)
    both = mine.keys() & theirs.keys()
    report.precision = len(both) / len(mine) if mine else None
    report.recall = len(both) / len(theirs) if theirs else None
    report.counts = sum(mine[e] == theirs[e] for e in both) / len(both) if both else None
    return report


def _edges(library: SkillLibrary) -> dict[tuple[Any, ...], int]:
    """(from, to, kind) -> count; an item that is equipped and required too is both."""
    found: dict[tuple[Any, ...], int] = {}
    for a, b, data in build(library.skills.values()).edges(data=True):
        for kind in (data["kind"], *data.get("also", ())):
            found[a, b, kind] = data["n"]
    return found
