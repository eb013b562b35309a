"""The agent: a world, a library of skills, a planner and the runner of the policies, made from plain options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import Any

from agents.executor import Camera, Executor, Limits, Ongoing, Reader, Runner
from agents.symbolic import SymbolicRunner, SymbolicWorld, declared_facts
from planner import make_planner
from planner.language import ModelOptions
from planner.models import check_spec, load_model
from planner.types import Planner
from planner.understanding import Understanding
from sim.world import UserError, World
from skills.library import SkillLibrary
from skills.schema import Skill

LIBRARIES = {"craft": "plan4mc", "kitchen": "kitchen", "minedojo": "plan4mc"}  # the library that goes with each world
GOALS = ("read", "given")
KITCHEN_LIMITS = Limits(decisions=60, stuck=6, hopeless_below=0.05, hopeless_ticks=12, hopeless_every=4)


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
    goal: str = "read"  # from the command, or "given": the task's own
    films: bool = False  # whether pictures will be wanted: MineDojo must be asked for them from the start
    backend: str = "minecraft"  # what MineDojo runs on: that, or "embedded"
    llm_options: ModelOptions = field(default_factory=ModelOptions)


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
    reader: Reader | None = None  # reads goals out of commands; None: tasks bring them

    def executor(
        self, *, limits: Limits | None = None, camera: Camera | None = None, keep_candidates: bool = True
    ) -> Executor:
        """A fresh closed loop over this agent's parts."""
        limits = limits or (KITCHEN_LIMITS if isinstance(self.runner, Ongoing) else None)
        return Executor(self.world, self.skills, self.planner, self.runner, limits=limits, camera=camera,
                        keep_candidates=keep_candidates, reader=self.reader,
                        foes=() if self.options.symbolic else self.library.upkeep.foes)  # fmt: skip


def build(options: AgentOptions) -> Agent:
    """The agent that `options` describe; unknown names raise `UserError` with the known ones."""
    if options.goal not in GOALS:
        raise UserError(f"goals are {' or '.join(GOALS)}, got '{options.goal}'")
    library = load_library(options)
    planner = build_planner(options, library)
    make = _symbolic if options.symbolic else _PHYSICS[options.world]
    world, runner, skills, check_start = make(options, library)
    reader = build_reader(library) if options.goal == "read" else None
    return Agent(options, library, planner, world, runner, skills, check_start, reader)


def load_library(options: AgentOptions) -> SkillLibrary:
    """The library that `options` name, or the world's own."""
    if options.world not in LIBRARIES:
        raise UserError(f"world '{options.world}' is not available; worlds: {', '.join(LIBRARIES)}")
    return SkillLibrary.load(options.library or LIBRARIES[options.world])


def build_planner(options: AgentOptions, library: SkillLibrary) -> Planner:
    """The planner that `options` name, over `library`; its language model is loaded where it reads language."""
    check_spec(options.llm)
    return make_planner(options.planner, library, partial(load_model, options.llm, options.llm_options))


def build_reader(library: SkillLibrary) -> Reader:
    """What reads goals out of commands, over `library`."""
    from planner.understanding import make_reader

    return make_reader(library)


def understand(command: str, library: SkillLibrary, start: Mapping[str, Any]) -> Understanding:
    """What a command asks for in a scene; raises `UserError` with the reason or the question where that is not clear."""
    (found,) = build_reader(library).understand([command], [_start_reader(library)(start)])
    if found.status != "clear":
        raise UserError(f"'{command}': {found.reason}")
    return found


FILM_SIZE, BLIND_SIZE = (240, 320), (16, 16)  # of MineDojo's pictures, height and width; our policies look at none
_Parts = tuple[World, Runner, Mapping[str, Skill], Callable[[dict[str, Any]], object]]


def _craft(options: AgentOptions, library: SkillLibrary) -> _Parts:
    from sim.craft.start import Start
    from sim.craft.world import CraftWorld
    from skills.runner import SkillRunner

    world = CraftWorld(options.num_envs, seed=options.seed)
    runner = SkillRunner(library, world)
    return world, runner, library.skills, lambda start: Start.parse(start, world.config, world.data)


def _minedojo(options: AgentOptions, library: SkillLibrary) -> _Parts:
    from sim.craft.start import Start
    from sim.minedojo import package
    from sim.minedojo.world import MineDojoWorld
    from skills.runner import SkillRunner

    package.load()
    if options.backend == "minecraft" and (lack := package.lacks_minecraft()):
        raise UserError(f"Minecraft cannot run here: {lack}; see `saycraft doctor`, or take --backend embedded")
    size = FILM_SIZE if options.films else BLIND_SIZE
    world = MineDojoWorld(options.num_envs, seed=options.seed, backend=options.backend, picture=size)
    runner = SkillRunner(library, world)
    return world, runner, library.skills, lambda start: Start.parse(start, world.config, world.data)


def _kitchen(options: AgentOptions, library: SkillLibrary) -> _Parts:
    if find_spec("pybullet") is None:
        raise UserError("the kitchen's physics needs the extra 'kitchen': pip install -e '.[kitchen]'; or --symbolic")
    from sim.kitchen.scene import Scene
    from sim.kitchen.world import KitchenWorld
    from skills.kitchen.runner import HouseholdRunner

    world = KitchenWorld(options.num_envs, seed=options.seed)
    return world, HouseholdRunner(library, world), library.skills, Scene.parse


def _symbolic(options: AgentOptions, library: SkillLibrary) -> _Parts:
    """Every skill is one step here, so none needs a policy or a time limit."""
    skills = {name: skill.model_copy(update={"policy": None, "steps": 1}) for name, skill in library.skills.items()}
    read_start = _start_reader(library)
    world = SymbolicWorld(options.num_envs, library.skills.values(), fact_names(options.world, library), read_start)
    return world, SymbolicRunner(options.num_envs, library.skills), skills, read_start


_PHYSICS = {"craft": _craft, "kitchen": _kitchen, "minedojo": _minedojo}


def _start_reader(library: SkillLibrary) -> Callable[[Mapping[str, Any]], Mapping[str, int]]:
    """What turns a task's `start` into facts, for the symbolic world."""
    if library.world != "kitchen":
        return declared_facts
    from sim.kitchen.scene import start_facts
    from skills.household import HOLDING, ROBOT

    def names(prefix: str) -> list[str]:
        return [f.removeprefix(prefix).replace("_", " ") for f in sorted(library.facts) if f.startswith(prefix)]

    return partial(start_facts, objects=names(HOLDING), places=names(ROBOT))


def fact_names(world: str, library: SkillLibrary | None = None) -> tuple[str, ...]:
    """The facts of a world, without building it, and those that `library` adds."""
    from sim.craft import data

    if world not in LIBRARIES:
        raise UserError(f"world '{world}' is not available; worlds: {', '.join(LIBRARIES)}")
    if world == "kitchen":
        return tuple(sorted((library or SkillLibrary.load(LIBRARIES[world])).facts))
    known = data.load()
    return tuple(dict.fromkeys([*data.fact_names(known), *sorted(library.facts if library else ())]))
