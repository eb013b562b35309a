"""Libraries of skills: read from YAML, with what follows from the rules of their world, and the measured success of each skill."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sim.world import UserError
from skills.deeds import deed_skills
from skills.household import household_given, household_skills
from skills.recipes import craft_skills, with_durability
from skills.schema import CODED, Skill, Upkeep

LIBRARIES = Path(__file__).parent / "libraries"
OPTIONAL = "`extends`, `derive`, `household`, `deeds`, `given`, `upkeep`"  # keys of a library file


class SkillLibrary:
    """Skills of one world by name, in the order of their file."""

    def __init__(self, name: str, world: str, skills: Iterable[Skill], given: Iterable[str] = (),
                 upkeep: Upkeep | None = None):  # fmt: skip
        self.name, self.world, self.given = name, world, tuple(given)  # given: facts that a start brings
        self.skills = {skill.name: skill for skill in skills}
        self.upkeep = upkeep or Upkeep()

    @classmethod
    def load(cls, source: str | Path) -> SkillLibrary:
        """A shipped library by name, or a YAML file. Raises `UserError` naming file, skill and what is wrong."""
        path = Path(source)
        if path.suffix not in (".yaml", ".yml"):
            path = LIBRARIES / f"{source}.yaml"
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in LIBRARIES.glob("*.yaml")))
            raise UserError(f"no skill library '{source}'; shipped ones: {known}, or give the path of a YAML file")
        try:
            content = yaml.safe_load(path.read_text())
        except yaml.YAMLError as error:
            raise UserError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
        if not isinstance(content, dict) or not isinstance(content.get("skills"), dict):
            raise UserError(f"{path.name} must hold `world`, `skills` (name: entry) and may hold {OPTIONAL}")
        given = content.get("given", [])
        if not isinstance(given, list) or not all(isinstance(fact, str) for fact in given):
            raise UserError(f"{path.name}: `given` must be a list of facts, got {given!r}")
        skills = list(cls.load(content["extends"]).skills.values()) if content.get("extends") else []
        skills += [_parse(name, entry, path.name) for name, entry in content["skills"].items()]
        if content.get("household"):
            skills += household_skills(content["household"], path.name)
            given = [*given, *household_given(content["household"])]
        if content.get("derive"):
            skills += craft_skills(content["derive"], taken=content["skills"])
        if content.get("deeds"):
            skills += deed_skills(skills)
        if content.get("world", "craft") == "craft":
            skills = with_durability(skills)
        upkeep = _upkeep(content.get("upkeep", {}), path.name)
        return cls(path.stem, content.get("world", "craft"), _measured(skills), given, upkeep)

    @cached_property
    def facts(self) -> frozenset[str]:
        """Every fact that some skill names."""
        return frozenset(fact for skill in self.skills.values() for fact in skill.facts)

    def lint(self, fact_names: Iterable[str], policies: Iterable[str] = ()) -> list[str]:
        """What is wrong: skills that no policy (of `policies`, if given) performs, unknown facts."""
        known, trained = set(fact_names), set(policies)
        problems = []
        for skill in self.skills.values():
            if skill.kind not in CODED and skill.policy is None and skill.is_direct:
                problems.append(f"{skill.name}: no policy performs it")
            elif skill.policy and trained and skill.policy not in trained:
                problems.append(f"{skill.name}: its policy '{skill.policy}' has no trained weights")
            problems += [f"{skill.name}: unknown fact '{fact}'" for fact in sorted(skill.facts - known)]
        return problems

    def to_yaml(self) -> str:
        """The text of a library file that `load` reads to the same skills."""
        entries = {
            skill.name: skill.model_dump(
                mode="json", exclude={"name", "lasts", "success", "duration"}, exclude_defaults=True
            )
            for skill in self.skills.values()
        }
        upkeep = self.upkeep.model_dump(mode="json", exclude_defaults=True)
        content = {"world": self.world, "given": list(self.given), "upkeep": upkeep, "skills": entries}
        return str(yaml.safe_dump(content, sort_keys=False, width=128))

    def unobtained(self) -> list[str]:
        """Facts that some skill needs and none obtains: only the start of an episode can give them."""
        return sorted(self.facts - {fact for skill in self.skills.values() for fact in skill.obtains})


def shipped_with(world: str, facts: Iterable[str]) -> list[str]:
    """The shipped libraries of a world that obtain one of some facts, by name."""
    wanted = set(facts)
    return [name for name, (of_world, obtained) in _shipped().items() if of_world == world and wanted & obtained]


@lru_cache(maxsize=1)
def _shipped() -> dict[str, tuple[str, frozenset[str]]]:
    found = [SkillLibrary.load(path) for path in sorted(LIBRARIES.glob("*.yaml"))]
    return {
        library.name: (library.world, frozenset(fact for skill in library.skills.values() for fact in skill.obtains))
        for library in found
    }


def _upkeep(entry: Any, where: str) -> Upkeep:
    try:
        return Upkeep.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "entry"
        raise UserError(f"{where}: `upkeep`, {field}: {first['msg']}, got {first['input']!r}") from error


def _parse(name: str, entry: Any, where: str) -> Skill:
    if not isinstance(entry, dict):
        raise UserError(f"{where}: skill '{name}' must be an object, got {entry!r}")
    try:
        return Skill(name=name, **entry)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{where}: skill '{name}', {field}: {first['msg']}, got {first['input']!r}") from error


def _measured(skills: list[Skill]) -> list[Skill]:
    """The same skills with success and duration from the cards of the trained weights, where there are cards; who fights for
    what a mob may drop counts as who kills it with the same weapon."""
    from skills.cards import measured_skills

    known = measured_skills()
    found = []
    for skill in skills:
        kill = f"kill_{skill.target}" + (f"_with_{skill.equips}" if skill.equips else "")
        measured = known.get(kill if skill.policy == "fight" else skill.name)
        found.append(skill.model_copy(update=measured) if measured and skill.success is None else skill)
    return found
