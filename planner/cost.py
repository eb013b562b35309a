"""What a skill costs: the expected game ticks until it succeeds, from its measured success and duration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from skills.schema import Skill

# Share of a skill's limit that a success takes while nothing was measured.
DEFAULT_SHARE = {
    "find": 0.4,
    "harvest": 0.4,
    "mine": 0.4,
    "hunt": 0.4,
    "use": 0.4,
    "place": 0.3,
    "craft": 1.0,
    "apply": 0.2,
    "wait": 0.5,
    "climb": 0.3,
    "shelter": 0.5,
}
LEAST_SUCCESS = 0.02  # a skill that never worked is dear, not forbidden


def skill_cost(skill: Skill) -> float:
    """Expected game ticks of one success of `skill`, at least 1."""
    duration = skill.duration if skill.duration is not None else DEFAULT_SHARE[skill.kind] * skill.steps
    success = 1.0 if skill.success is None else max(skill.success, LEAST_SUCCESS)
    return max(duration, 1.0) / success


class Costs:
    """Costs of all skills of a library; `factors` raise those of skills that failed lately."""

    def __init__(self, skills: Mapping[str, Skill], factors: Mapping[str, float] | None = None):
        factors = factors or {}
        self.by_name = {name: skill_cost(skill) * factors.get(name, 1.0) for name, skill in skills.items()}

    def __getitem__(self, skill: str) -> float:
        return self.by_name[skill]

    def total(self, plan: Iterable[str]) -> float:
        """Expected game ticks of a whole plan."""
        return sum(self.by_name[name] for name in plan)
