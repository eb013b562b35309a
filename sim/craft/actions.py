"""The action set and its one-to-one map onto MineDojo's MultiDiscrete [3, 3, 4, 25, 25, 8, 244, 36].

The pair (12 moves, 3 of none/use/attack) is Plan4MC's reduced set (arXiv 2303.16563, appendix), with two changes: its
sneak and sprint keys, which do nothing by themselves, became forward+jump and forward+sprint, and the camera turns by
one bin of 15 degrees instead of two.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MOVE_NAMES = ("none", "forward", "back", "left", "right", "jump", "forward jump", "forward sprint",
              "pitch up", "pitch down", "yaw left", "yaw right")  # fmt: skip
FUNCTIONAL_NAMES = ("none", "use", "drop", "attack", "craft", "equip", "place", "destroy")  # MineDojo's numbers
MOVES, FUNCTIONAL = len(MOVE_NAMES), len(FUNCTIONAL_NAMES)
INTERACT = (0, 1, 3)  # the reduced second component (none, use, attack) -> functional number
MINEDOJO_NVEC = (3, 3, 4, 25, 25, 8, 244, 36)
_STILL = 12  # camera bin of no turn
_BODY = {0: (0, 0, 0), 1: (1, 0, 0), 2: (2, 0, 0), 3: (0, 1, 0), 4: (0, 2, 0), 5: (0, 0, 1), 6: (1, 0, 1), 7: (1, 0, 3)}
_CAMERA = {8: (_STILL - 1, _STILL), 9: (_STILL + 1, _STILL), 10: (_STILL, _STILL - 1), 11: (_STILL, _STILL + 1)}


def to_minedojo(action: Sequence[int], craft_index: dict[int, int], slot_of: dict[int, int]) -> np.ndarray:
    """Our (move, functional, item) as MineDojo's eight numbers, int64 [8].

    `craft_index` maps our item index to MineDojo's position in ALL_CRAFT_SMELT_ITEMS, `slot_of` to the inventory slot that
    holds the item now; an item that is in neither makes the functional part a no-op.
    """
    move, functional, item = (int(v) for v in action)
    forward, side, jump = _BODY.get(move, (0, 0, 0))
    pitch, yaw = _CAMERA.get(move, (_STILL, _STILL))
    craft = craft_index.get(item, -1) if functional == FUNCTIONAL_NAMES.index("craft") else 0
    needs_slot = FUNCTIONAL_NAMES[functional] in ("equip", "place", "destroy")
    slot = slot_of.get(item, -1) if needs_slot else 0
    if craft < 0 or slot < 0:
        functional, craft, slot = 0, 0, 0
    return np.array([forward, side, jump, pitch, yaw, functional, craft, slot], dtype=np.int64)


def from_minedojo(action: Sequence[int], craft_item: dict[int, int], item_in: dict[int, int]) -> np.ndarray:
    """The inverse of `to_minedojo`, int64 [3]; combinations outside our set raise ValueError."""
    forward, side, jump, pitch, yaw, functional, craft, slot = (int(v) for v in action)
    body = {v: k for k, v in _BODY.items()}
    camera = {v: k for k, v in _CAMERA.items()} | {(_STILL, _STILL): 0}
    turn = camera.get((pitch, yaw))
    move = body.get((forward, side, jump))
    if turn is None or move is None or (turn and move):
        raise ValueError(f"no single move stands for {list(action)}: one body key or one turn of 15 degrees at a time")
    name = FUNCTIONAL_NAMES[functional]
    item = craft_item[craft] if name == "craft" else item_in[slot] if name in ("equip", "place", "destroy") else 0
    return np.array([turn or move, functional, item], dtype=np.int64)
