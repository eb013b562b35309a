"""Planners by name: from goals and facts to the next skill. Nothing here knows a simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.world import UserError

if TYPE_CHECKING:
    from planner.types import Planner
    from skills.schema import SkillLibrary

PLANNERS = ("hybrid", "plan4mc")


def make_planner(name: str, library: SkillLibrary) -> Planner:
    """The planner of a name; an unknown one answers with those that exist."""
    if name == "hybrid":
        from planner.hybrid import Hybrid

        return Hybrid(library)
    if name == "plan4mc":
        from planner.plan4mc import Plan4MC

        return Plan4MC(library)
    raise UserError(f"unknown planner '{name}'; planners: {', '.join(PLANNERS)}")
