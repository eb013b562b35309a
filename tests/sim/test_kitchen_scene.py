"""Starts of kitchen tasks: facts, names people use, refusals in one line."""

from __future__ import annotations

import pytest

from sim.kitchen.scene import start_facts
from sim.world import UserError

OBJECTS, PLACES = ["coke", "water bottle", "7up"], ["table", "close counter", "trash can", "drawer", "user"]


def facts(**start):
    return start_facts(start, OBJECTS, PLACES)


def test_an_empty_start_is_a_robot_at_the_user():
    assert facts() == {"robot_at_user": 1, "hand_empty": 1, "drawer_closed": 1}


def test_things_are_counted():
    found = facts(objects=[["coke", "table"], ["Coke", "Table"], ["water", "trash"]], holding="7up", drawer_open=True)
    assert found == {"coke_at_table": 2, "water_bottle_at_trash_can": 1, "robot_at_user": 1, "holding_7up": 1,
                     "drawer_open": 1}  # fmt: skip


@pytest.mark.parametrize(("start", "said"), [
    ({"objects": [["cola", "table"]]}, "unknown object 'cola'; near ones: "),
    ({"robot_at": "roof"}, "unknown place 'roof'"),
    ({"objects": "coke"}, "must be a list of"),
    ({"holding": ["coke"]}, "one object or null"),
    ({"weather": "fine"}, "unknown key 'weather'"),
])  # fmt: skip
def test_refusals(start, said):
    with pytest.raises(UserError, match=said) as caught:
        facts(**start)
    assert "\n" not in str(caught.value)
