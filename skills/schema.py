"""What a skill is: a transition over facts, and the policy that performs it. One schema for every world.

After Plan4MC's skill graph (arXiv 2303.16563, section 4.1): consumes, requires, equips, obtains.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

Kind = Literal[
    "find",
    "harvest",
    "mine",
    "hunt",
    "use",
    "place",
    "craft",
    "go",
    "pick",
    "put",
    "open",
    "close",
    "apply",
    "wait",
    "climb",
    "shelter",
]
CODED: tuple[Kind, ...] = ("craft", "apply", "wait", "climb", "shelter", "go")  # what code does, without a policy
NEARBY = "_nearby"


class Skill(BaseModel):
    """Counts are of facts; `steps` and `duration` are game ticks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    text: str
    kind: Kind
    policy: str | None = None  # family of the network that performs it; None = code does
    target: str | None = None  # block, mob or item that the policy is conditioned on
    consumes: dict[str, PositiveInt] = {}  # there before, gone after
    requires: dict[str, PositiveInt] = {}  # there before and after
    equips: str | None = None  # item held while it runs
    obtains: dict[str, PositiveInt] = Field(min_length=1)
    loses_nearby: bool = False  # whether every NAME_nearby fact is lost, because it moves
    loses: tuple[str, ...] = ()  # facts that begin so are lost: ("robot_at_",) where the robot moves
    biomes: tuple[str, ...] = ()  # where it is trained and measured; () = anywhere
    uses: float | None = Field(default=None, gt=0)  # of the item it equips, in one run; measured
    lasts: float | None = Field(default=None, gt=0)  # runs after which that item is worn out; worked out from `uses`
    steps: PositiveInt = 1  # limit
    success: float | None = Field(default=None, ge=0, le=1)  # measured
    duration: float | None = Field(default=None, gt=0)  # measured, of an episode that succeeds

    @property
    def facts(self) -> set[str]:
        """Every fact that it names."""
        held = {self.equips} if self.equips else set()
        return {*self.consumes, *self.requires, *self.obtains, *held}

    @property
    def is_direct(self) -> bool:
        """Whether it is one action, over after one step whatever came of it."""
        return self.policy is None and self.steps == 1

    def forgets(self, fact: str) -> bool:
        """Whether a fact is lost when it runs, whatever it was."""
        return (self.loses_nearby and fact.endswith(NEARBY)) or (bool(self.loses) and fact.startswith(self.loses))


class Upkeep(BaseModel):
    """What an agent sees to besides its task; see `planner.upkeep`. Food counts 0..20."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hungry: int = Field(default=0, ge=0, le=20)  # up to here it gets something to eat by day; 0 = never
    peckish: int = Field(default=0, ge=0, le=20)  # up to here it eats what it has
    foes: tuple[str, ...] = ()  # mobs that it fights where they come near
    weapons: tuple[str, ...] = ()  # of which it gets the cheapest at night if it has none, to fight them with
    good_weapons: tuple[str, ...] = ()  # of which it gets the cheapest before it waits for the night
    meals: tuple[str, ...] = ()  # food of which it lays in some of one kind before it waits for the night
