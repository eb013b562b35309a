"""The agent: a world, a library of skills, a planner and the runner of the policies, made from plain options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agents.executor import Camera, Executor, Limits, Runner
from agents.symbolic import SymbolicRunner, SymbolicWorld
from planner import make_planner
from planner.types import Planner
from sim.world import UserError, World
from skills.schema import Skill, SkillLibrary

LIBRARIES = {"craft": "plan4mc"}  # the library that goes with each world
MODELS = ("embedded",)


@dataclass(frozen=True)
class AgentOptions:
    """What the command line says about an agent."""

    world: str = "craft"
    planner: str = "hybrid"
    llm: str = "embedded"
    library: str | None = None  # name or YAML file; default: the world's own
    num_envs: int = 1
    seed: int = 0
    symbolic: bool = False


@dataclass
class Agent:
    """Everything one needs to carry out tasks."""

    options: AgentOptions
    library: SkillLibrary
    planner: Planner
    world: World
    runner: Runner
    skills: Mapping[str, Skill]  # as the executor sees them
    check_start: Callable[[dict[str, Any]], object]  # raises UserError for a `start` this world cannot set up

    def executor(
        self, *, limits: Limits | None = None, camera: Camera | None = None, keep_candidates: bool = True
    ) -> Executor:
        """A fresh closed loop over this agent's parts."""
        return Executor(self.world, self.skills, self.planner, self.runner, limits=limits, camera=camera,
                        keep_candidates=keep_candidates)  # fmt: skip


def build(options: AgentOptions) -> Agent:
    """The agent that `options` describe; unknown names raise `UserError` with the known ones."""
    library = load_library(options)
    planner = build_planner(options, library)
    make = _symbolic if options.symbolic else _craft
    world, runner, skills, check_start = make(options, library)
    return Agent(options, library, planner, world, runner, skills, check_start)


def load_library(options: AgentOptions) -> SkillLibrary:
    """The library that `options` name, or the world's own."""
    if options.world not in LIBRARIES:
        raise UserError(f"world '{options.world}' is not available; worlds: {', '.join(LIBRARIES)}")
    return SkillLibrary.load(options.library or LIBRARIES[options.world])


def build_planner(options: AgentOptions, library: SkillLibrary) -> Planner:
    """The planner that `options` name, over `library`."""
    if options.llm not in MODELS:
        raise UserError(f"language model '{options.llm}' is not available; models: {', '.join(MODELS)}")
    return make_planner(options.planner, library)


_Parts = tuple[World, Runner, Mapping[str, Skill], Callable[[dict[str, Any]], object]]


def _craft(options: AgentOptions, library: SkillLibrary) -> _Parts:
    from sim.craft.start import Start
    from sim.craft.world import CraftWorld
    from skills.runner import SkillRunner

    world = CraftWorld(options.num_envs, seed=options.seed)
    runner = SkillRunner(library, world)
    return world, runner, library.skills, lambda start: Start.parse(start, world.config, world.data)


def _symbolic(options: AgentOptions, library: SkillLibrary) -> _Parts:
    """Every skill is one step here, so none needs a policy or a time limit."""
    skills = {name: skill.model_copy(update={"policy": None}) for name, skill in library.skills.items()}
    world = SymbolicWorld(options.num_envs, library.skills.values(), fact_names(options.world, library))
    return world, SymbolicRunner(options.num_envs, library.skills), skills, lambda start: None


def fact_names(world: str, library: SkillLibrary | None = None) -> tuple[str, ...]:
    """The facts of a world, without building it, and those that `library` adds."""
    from sim.craft import data

    if world not in LIBRARIES:
        raise UserError(f"world '{world}' is not available; worlds: {', '.join(LIBRARIES)}")
    known = data.load()
    names = [*known.item_names[1:], *(f"{name}_nearby" for name in known.nearby_names), "health", "food", "night"]
    return tuple(dict.fromkeys([*names, *sorted(library.facts if library else ())]))


def understand(command: str, library: SkillLibrary) -> tuple[tuple[Mapping[str, int], ...], str]:
    """The goal of a command, and a note on how sure that is (empty when the words named it)."""
    from planner.goals import match

    found = match(command, library)
    return found.goal, "" if found.exact else f"   (understood as '{found.name}', similarity {found.score:.2f})"
