"""Planners by name: from goals and facts to the next skill. Nothing here knows a simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sim.world import UserError

if TYPE_CHECKING:
    from planner.language import LanguageModel
    from planner.types import Planner
    from skills.library import SkillLibrary

ModelMaker = Callable[[], "LanguageModel"]


def make_planner(name: str, library: SkillLibrary, model: ModelMaker | None = None) -> Planner:
    """The planner of a name over a library; `model` is only called where the planner reads language.

    Raises `UserError` for an unknown name, and for a planner that needs a model where none can be had.
    """
    if name not in PLANNERS:
        raise UserError(f"unknown planner '{name}'; planners: {', '.join(PLANNERS)}")
    return PLANNERS[name](library, model or _default_model)


def _default_model() -> LanguageModel:
    from planner.models import load_model

    return load_model("embedded")


def _hybrid(library: SkillLibrary, model: ModelMaker) -> Planner:
    if library.world == "craft":
        from planner.hybrid import Hybrid

        return Hybrid(library)
    from planner.forward_hybrid import ForwardHybrid

    return ForwardHybrid(library, model())


def _saycan(library: SkillLibrary, model: ModelMaker) -> Planner:
    from planner.saycan import SayCan

    return SayCan(library, model())


def _no_affordance(library: SkillLibrary, model: ModelMaker) -> Planner:
    from planner.saycan import SayCan

    return SayCan(library, model(), affordance=False)


def _generate(library: SkillLibrary, model: ModelMaker) -> Planner:
    from planner.saycan import Generate

    return Generate(library, model())


def _plan4mc(library: SkillLibrary, model: ModelMaker) -> Planner:
    from planner.plan4mc import Plan4MC

    if library.world != "craft":
        raise UserError(
            f"planner 'plan4mc' plans over counts of items; library '{library.name}' moves things: take hybrid"
        )
    return Plan4MC(library)


PLANNERS: dict[str, Callable[[SkillLibrary, ModelMaker], Planner]] = {
    "hybrid": _hybrid, "saycan": _saycan, "no-affordance": _no_affordance, "generate": _generate, "plan4mc": _plan4mc,
}  # fmt: skip
