"""The entry that a person fills in to add a skill."""

from __future__ import annotations

import re

from sim.world import UserError

_TEXT = """\
# Add this under `skills:` of your library (start from a copy of skills/libraries/plan4mc.yaml), then:
#   saycraft skills check --library my.yaml      what is wrong or missing
#   saycraft run "COMMAND" --library my.yaml     plan and perform with it
# The networks are conditioned on what the target looks like to the senses, so a new `target` works without training;
# `saycraft train FAMILY` makes it work well.
  {name}:
    text: {text}
    kind: harvest            # find | harvest | mine | hunt | use | place; without a policy: craft | apply | wait | climb | shelter
    policy: harvest          # family of the network that performs it; leave out for what code does
    target: {name}           # block, mob or item that the policy is after
    consumes: {{}}             # facts it uses up, such as {{{name}_nearby: 1}}
    requires: {{}}             # facts that must hold and stay, such as {{wooden_pickaxe: 1}}
    equips: null             # item in hand while it runs
    uses: null               # how often one run uses that item, which wears out: 1, or what `python -m benchmarks.wear` measures
    obtains: {{{name}: 1}}
    loses_nearby: true       # it moves, so what was nearby is not any more
    biomes: [forest]         # where it is trained and measured
    steps: 1000              # limit in game ticks of 50 ms
"""


def new_skill(name: str) -> str:
    """A commented YAML entry for a skill of that name. Raises UserError for a name that no fact could have."""
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise UserError(f"a skill is named by lower-case words joined by underscores, such as cut_log; got '{name}'")
    return _TEXT.format(name=name, text=name.replace("_", " "))
