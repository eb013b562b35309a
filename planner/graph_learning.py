"""A skill graph that learns: what skills were seen to do is compared with what their entries claim, and entries are corrected.

An observation is a skill with the facts before and after it. A run took effect when some fact changed. From runs that took
effect follow yields, consumption and needs that are none; from runs that took none although every declared need was met
follow needs that the entry lacks. Nothing is corrected on fewer than `LEAST` runs, and every correction keeps its evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median_low
from typing import Any

from planner.effects import missing
from skills.library import SkillLibrary
from skills.schema import NEARBY, Skill

LEAST = 3  # runs that a correction needs
AGREE = 0.8  # share of the runs that must show the same
KEPT = 3  # runs kept as evidence
# facts that change by themselves
STATUS = frozenset({"health", "food", "oxygen", "night", "day", "nightfalls", "aboveground"})

Facts = Mapping[str, int]


@dataclass(frozen=True)
class Observation:
    """One run of a skill."""

    skill: str
    before: Facts
    after: Facts

    def change(self, fact: str) -> int:
        return self.after.get(fact, 0) - self.before.get(fact, 0)

    @property
    def changed(self) -> list[str]:
        return [f for f in sorted({*self.before, *self.after} - STATUS) if self.change(f)]


@dataclass(frozen=True)
class Correction:
    """One entry of a skill that was wrong: `declared` and `observed` are counts, 0 = not there."""

    skill: str
    where: str  # obtains, consumes, requires, equips or loses_nearby
    fact: str
    declared: int
    observed: int
    runs: int
    evidence: tuple[dict[str, dict[str, int]], ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.skill}: {self.where} {self.fact} {self.declared} -> {self.observed} ({self.runs} runs)"


def observations(traces: Iterable[Mapping[str, Any]]) -> list[Observation]:
    """What the traces of `saycraft eval --traces` show: facts at a decision, and at the next one or the end."""
    found = []
    for trace in traces:
        steps = [d for d in trace["decisions"] if d["skill"] and d["outcome"] not in ("", "cut")]
        states = [d["facts"] for d in trace["decisions"]] + [trace["facts"]]
        at = [k for k, d in enumerate(trace["decisions"]) if d["skill"] and d["outcome"] not in ("", "cut")]
        found += [Observation(d["skill"], states[k], states[k + 1]) for k, d in zip(at, steps, strict=True)]
    return found


def learn(library: SkillLibrary, seen: Sequence[Observation]) -> tuple[SkillLibrary, list[Correction]]:
    """The library with its entries corrected, and every correction."""
    by_skill: dict[str, list[Observation]] = {}
    for one in seen:
        by_skill.setdefault(one.skill, []).append(one)
    corrections: list[Correction] = []
    skills = []
    for skill in library.skills.values():
        found = _corrections(skill, by_skill.get(skill.name, []))
        corrections += found
        skills.append(_corrected(skill, found))
    return SkillLibrary(library.name, library.world, skills, library.given), corrections


def _corrections(skill: Skill, runs: Sequence[Observation]) -> list[Correction]:
    done = [run for run in runs if run.changed]
    if len(done) < LEAST:
        return []
    moves = _moves(skill, done)
    found = [*moves, *_yields(skill, done), *_spent(skill, done, bool(moves) or skill.loses_nearby)]
    found += _needless(skill, done)
    return found + _lacking(_corrected(skill, found), runs, done)


def _moves(skill: Skill, done: Sequence[Observation]) -> list[Correction]:
    """Several nearby facts are lost whenever they were there: the skill walks away."""
    own = {*skill.consumes, *skill.obtains}
    there = Counter(f for run in done for f in run.before if f.endswith(NEARBY) and f not in own)
    lost = Counter(f for run in done for f in run.before if f.endswith(NEARBY) and f not in own and f not in run.after)
    if skill.loses_nearby or sum(there.values()) < LEAST or len(there) < 2:
        return []
    if any(lost[f] < n for f, n in there.items()):
        return []
    return [_correction(skill, "loses_nearby", NEARBY, 0, 1, done)]


def _yields(skill: Skill, done: Sequence[Observation]) -> list[Correction]:
    """Counts obtained: wrong ones, ones that never come, ones that are not declared."""
    found = []
    gained = {f for run in done for f in run.changed if run.change(f) > 0} | set(skill.obtains)
    for fact in sorted(gained):
        declared = skill.obtains.get(fact, 0)
        if fact.endswith(NEARBY):
            n = 1 if _share(run.after.get(fact, 0) > 0 for run in done) >= AGREE else 0
            rises = [run for run in done if run.change(fact) > 0]
            incidental = skill.loses_nearby or len(rises) < LEAST  # what is near where it ended up
            n = n if declared or not incidental else 0
            if declared and n == 0 and any(run.after.get(fact, 0) for run in done):
                continue  # sometimes: a skill that may fail
        else:
            n = _usual([run.change(fact) for run in done])
            ups = [run.change(fact) for run in done if run.change(fact) > 0]
            if n <= 0 and declared and len(ups) >= AGREE * len(done):
                n = median_low(ups)
            if n < 0 or (n == 0 and ups and declared):
                continue
        if n != declared and not (n == 0 and declared == 0):
            found.append(_correction(skill, "obtains", fact, declared, n, done))
    return found


def _spent(skill: Skill, done: Sequence[Observation], moves: bool) -> list[Correction]:
    """Counts consumed: wrong ones, ones that stay, ones that are not declared."""
    found = []
    falling = {f for run in done for f in run.changed if run.change(f) < 0} | set(skill.consumes)
    for fact in sorted(falling):
        declared = skill.consumes.get(fact, 0)
        if (fact.endswith(NEARBY) and (moves or skill.forgets(fact))) or (not declared and skill.forgets(fact)):
            continue
        runs = [run for run in done if run.before.get(fact, 0) > 0]
        if len(runs) < LEAST:
            continue
        n = -_usual([run.change(fact) for run in runs])
        if n < 0 or n == declared or (n == 0 and any(run.change(fact) < 0 for run in runs)):
            continue
        found.append(_correction(skill, "consumes", fact, declared, n, runs))
        if 0 < skill.requires.get(fact, 0) <= n:
            found.append(_correction(skill, "requires", fact, skill.requires[fact], 0, runs))
        if n == 0:  # it was needed, perhaps, but is still there
            found.append(_correction(skill, "requires", fact, skill.requires.get(fact, 0), declared, runs))
    return found


def _needless(skill: Skill, done: Sequence[Observation]) -> list[Correction]:
    """Needs without which the skill took effect."""
    found = []
    needs = [("requires", fact, n) for fact, n in skill.requires.items()]
    needs += [("equips", skill.equips, 1)] if skill.equips else []
    for where, fact, n in needs:
        without = [run for run in done if run.before.get(fact, 0) < n]
        if len(without) >= LEAST:
            found.append(_correction(skill, where, fact, n, min(run.before.get(fact, 0) for run in without), without))
    return found


def _lacking(skill: Skill, runs: Sequence[Observation], done: Sequence[Observation]) -> list[Correction]:
    """A fact that was there whenever the skill took effect, and was not whenever it took none though it should have."""
    idle = [run for run in runs if not run.changed and not missing(skill, run.before)]
    if len(idle) < LEAST:
        return []
    always = set.intersection(*({f for f, n in run.before.items() if n > 0} for run in done)) - STATUS
    known = {*skill.requires, *skill.consumes}
    suspects = [f for f in always - known if all(run.before.get(f, 0) == 0 for run in idle)]
    if not suspects:
        return []
    fact = min(suspects, key=lambda f: (not f.endswith(NEARBY), f))
    return [_correction(skill, "requires", fact, 0, min(run.before[fact] for run in done), idle)]


def _usual(values: Sequence[int]) -> int:
    """The value that most runs show, or 0 where they do not agree."""
    value, n = Counter(values).most_common(1)[0]
    return value if n >= AGREE * len(values) else 0


def _share(values: Iterable[bool]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)


def _correction(
    skill: Skill, where: str, fact: str, declared: int, observed: int, runs: Sequence[Observation]
) -> Correction:
    about = {fact, *skill.facts}

    def shown(facts: Facts) -> dict[str, int]:
        return {f: n for f, n in facts.items() if f in about or (fact == NEARBY and f.endswith(NEARBY))}

    kept = tuple({"before": shown(run.before), "after": shown(run.after)} for run in runs[:KEPT])
    return Correction(skill.name, where, fact, declared, observed, len(runs), kept)


def _corrected(skill: Skill, corrections: Sequence[Correction]) -> Skill:
    """The skill with its corrections applied; one that would obtain nothing keeps what it says."""
    fields: dict[str, Any] = {name: dict(getattr(skill, name)) for name in ("obtains", "consumes", "requires")}
    for c in corrections:
        if c.where == "equips":
            fields["equips"] = None
        elif c.where == "loses_nearby":
            fields["loses_nearby"] = True
        elif c.observed:
            fields[c.where][c.fact] = c.observed
        else:
            fields[c.where].pop(c.fact, None)
    if not fields["obtains"]:
        fields["obtains"] = skill.obtains
    return skill.model_copy(update=fields) if corrections else skill


def evidence(corrections: Sequence[Correction]) -> list[dict[str, Any]]:
    """Corrections with their runs, as plain JSON values."""
    return [asdict(correction) for correction in corrections]
