"""The skill graph: skills and facts as one networkx directed graph, checked before it is used.

Edges run fact -> skill (what it consumes, requires, equips) and skill -> fact (what it obtains), each with `kind` and `n`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import networkx as nx

from skills.library import SkillLibrary
from skills.schema import CODED, Skill


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a graph, and where."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def build(skills: Iterable[Skill]) -> nx.DiGraph:
    """Nodes ("skill", name) and ("fact", name). A fact needed in two ways is one edge, `also` naming the other."""
    graph = nx.DiGraph()
    for skill in skills:
        node = ("skill", skill.name)
        graph.add_node(node, skill=skill)
        needs = [("consumes", skill.consumes), ("requires", skill.requires)]
        needs += [("equips", {skill.equips: 1})] if skill.equips else []
        for kind, facts in needs:
            for fact, n in facts.items():
                edge = ("fact", fact), node
                if graph.has_edge(*edge):
                    known = graph.edges[edge]
                    known.update(kind=kind, n=max(n, known["n"]), also=(*known.get("also", ()), known["kind"]))
                else:
                    graph.add_edge(*edge, kind=kind, n=n)
        for fact, n in skill.obtains.items():
            graph.add_edge(node, ("fact", fact), kind="obtains", n=n)
    return graph


def check(library: SkillLibrary, fact_names: Collection[str], given: Collection[str] = ()) -> list[Problem]:
    """Everything wrong with a library: unknown facts and targets, counts, skills that never run, cycles without entry.

    `given` are facts that an episode may start with, besides the library's own; what no skill obtains counts as given.
    """
    skills = library.skills
    known = set(fact_names)
    problems = [problem for skill in skills.values() for problem in _entry_problems(skill, known)]
    problems += _without_policy(skills)
    problems += _same_effect(skills)
    return problems + _unreachable(skills, {*given, *library.given})


def _entry_problems(skill: Skill, known: set[str]) -> list[Problem]:
    found = [Problem(skill.name, f"unknown fact '{fact}'{_near(fact, known)}") for fact in sorted(skill.facts - known)]
    for field in ("consumes", "requires", "obtains"):
        counts: Mapping[str, int] = getattr(skill, field)
        found += [
            Problem(skill.name, f"{field} {n} {fact}; a count must be at least 1")
            for fact, n in counts.items()
            if n < 1
        ]
    if not skill.obtains:
        found.append(Problem(skill.name, "obtains nothing"))
    useless = [fact for fact, n in skill.obtains.items() if skill.consumes.get(fact, 0) >= n]
    found += [Problem(skill.name, f"consumes as many {fact} as it obtains") for fact in useless]
    return found


def _without_policy(skills: Mapping[str, Skill]) -> list[Problem]:
    """Skills that nothing performs; one line for a kind of which no skill has a policy."""
    by_kind: dict[str, list[Skill]] = {}
    for skill in skills.values():
        if skill.kind not in CODED:
            by_kind.setdefault(skill.kind, []).append(skill)
    found = []
    for kind, some in by_kind.items():
        bare = [skill for skill in some if skill.policy is None]
        if len(bare) == len(some) > 1:
            found.append(Problem(f"kind {kind}", f"no policy performs any of its {len(some)} skills"))
        else:
            found += [Problem(skill.name, f"is of kind {kind} but no policy performs it") for skill in bare]
    return found


def _near(name: str, known: set[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=3)
    return f"; near ones: {', '.join(close)}" if close else ""


def _same_effect(skills: Mapping[str, Skill]) -> list[Problem]:
    """Two entries that say exactly the same: one of them is a slip."""
    seen: dict[str, str] = {}
    found = []
    for skill in skills.values():
        key = skill.model_dump_json(exclude={"name", "text", "success", "duration"})
        if key in seen:
            found.append(Problem(skill.name, f"says the same as '{seen[key]}'"))
        seen.setdefault(key, skill.name)
    return found


def _unreachable(skills: Mapping[str, Skill], given: set[str]) -> list[Problem]:
    """Skills that can never run: what they need is obtained only in a cycle that nothing enters."""
    obtained = {fact for skill in skills.values() for fact in skill.obtains}
    have = given | {fact for skill in skills.values() for fact in skill.facts if fact not in obtained}
    waiting = dict(skills)
    while True:
        ready = [name for name, skill in waiting.items() if _needs(skill) <= have]
        if not ready:
            break
        for name in ready:
            have |= set(waiting.pop(name).obtains)
    found = []
    for name, skill in waiting.items():
        lacking = sorted(_needs(skill) - have)
        makers = sorted({s.name for s in waiting.values() if set(s.obtains) & set(lacking)})
        found.append(
            Problem(name, f"can never run: {', '.join(lacking)} come only from a cycle through {', '.join(makers)}")
        )
    return found


def _needs(skill: Skill) -> set[str]:
    return {*skill.consumes, *skill.requires, *({skill.equips} if skill.equips else ())}


def draw(library: SkillLibrary, lit: Collection[str] = (), *, suffix: str = ".svg") -> str:
    """The graph as an SVG picture or an HTML page, the skills of a plan lit; see `planner.drawing`."""
    from planner.drawing import draw_graph

    return draw_graph(build(library.skills.values()), lit, library.name, suffix)
