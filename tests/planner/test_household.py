"""From clauses to goals in a scene."""

from __future__ import annotations

import pytest

from planner.embedded.clauses import ALL, Clause
from planner.household import FAINT, IN_HAND, Unmet, goal_of, grounded

USER, TRASH = frozenset({"user"}), frozenset({"trash can"})
FACTS = {"robot_at_user": 1, "hand_empty": 1, "drawer_closed": 1, "coke_at_table": 2, "tea_at_close_counter": 1,
         "apple_at_table": 1, "tea_at_drawer": 1}  # fmt: skip


def things(*names: str) -> frozenset[str]:
    return frozenset(names)


def goals(*clauses: Clause, facts=FACTS):
    return [dict(option) for option in goal_of(clauses, facts)]


def test_any_of_some():
    assert goals(Clause("bring", things("coke", "tea", "redbull"), place=USER)) == [
        {"coke_at_user": 1},
        {"tea_at_user": 1},
    ]


def test_counts_and_different_things():
    assert {"coke_at_user": 1, "tea_at_user": 1} in goals(Clause("bring", things("coke", "tea"), 2, place=USER))
    assert {"coke_at_user": 2} in goals(Clause("bring", things("coke", "tea"), 2, place=USER))
    different = Clause("bring", things("coke", "tea", "apple"), 2, different=True, place=USER)
    assert all(set(goal.values()) == {1} and len(goal) == 2 for goal in goals(different))


def test_all_and_places():
    assert goals(Clause("put", things("coke", "apple"), ALL, source=things("table"), place=TRASH)) == [
        {"coke_at_trash_can": 2, "apple_at_trash_can": 1}
    ]


def test_what_is_there_already_counts_as_done():
    facts = {**FACTS, "apple_at_user": 1}
    del facts["apple_at_table"]
    assert goals(Clause("bring", things("apple"), place=USER), facts=facts) == [{"apple_at_user": 1}]


def test_what_is_in_hand_comes_first():
    facts = {"robot_at_table": 1, "holding_tea": 1, "coke_at_table": 1, "drawer_closed": 1}
    assert goals(Clause("bring", things("coke", "tea"), place=USER), facts=facts)[0] == {"tea_at_user": 1}


def test_several_clauses_add_up():
    both = (Clause("bring", things("coke"), place=USER), Clause("bring", things("coke"), place=USER))
    assert goals(*both) == [{"coke_at_user": 2}]
    assert goals(Clause("open"), Clause("close")) == [{"drawer_closed": 1}]
    assert goals(Clause("go", place=things("table")), Clause("go", place=USER)) == [
        {"visited_table": 1, "visited_user": 1, "robot_at_user": 1}
    ]


def test_the_only_one_ends_up_where_it_goes_last():
    here = {"robot_at_user": 1, "hand_empty": 1, "sponge_at_far_counter": 1, "coke_at_drawer": 2}
    sponge = [Clause("put", things("sponge"), place=things(place)) for place in ("close counter", "table")]
    assert goals(*sponge, facts=here) == [{"sponge_at_table": 1}]
    assert goals(*sponge, facts={**here, "sponge_at_drawer": 1}) == [
        {"sponge_at_close_counter": 1, "sponge_at_table": 1}
    ]
    coke = [Clause("put", things("coke"), place=things(place)) for place in ("close counter", "table")]
    assert goals(*coke, facts=here) == [{"coke_at_close_counter": 1, "coke_at_table": 1}]


def test_one_of_each_kind():
    each = Clause("bring", things("coke", "apple", "redbull"), ALL, different=True, place=USER)
    assert goals(each) == [{"coke_at_user": 1, "apple_at_user": 1}]


def test_what_is_said_to_come_from_a_place_comes_from_there():
    from_drawer = Clause("bring", things("tea"), source=things("drawer"), place=USER)
    assert goals(from_drawer) == [{"tea_at_user": 1, "tea_at_close_counter": 1}]  # the other one stays
    with_the_other = (from_drawer, Clause("put", things("tea"), source=things("close counter"), place=TRASH))
    assert goals(*with_the_other) == [{"tea_at_user": 1, "tea_at_trash_can": 1}]


def test_what_the_hand_holds_may_be_meant():
    facts = {"robot_at_table": 1, "holding_tea": 1, "tea_at_table": 1, "coke_at_table": 1, "drawer_closed": 1}
    anything = Clause("put", things(*"abcdefghijklm", "tea", "coke"), source=things(IN_HAND), place=TRASH)
    assert goals(anything, facts=facts) == [{"tea_at_trash_can": 1, "tea_at_table": 1}]
    with pytest.raises(Unmet, match="in my hand"):
        goals(anything)
    named = Clause("bring", things("apple"), source=things(IN_HAND), place=USER)  # not in the hand, but here
    assert goals(named) == [{"apple_at_user": 1}]


def test_something_is_held_on_the_way():
    pick, go = Clause("pick", things("apple")), Clause("go", place=things("far counter"))
    assert goals(pick, go) == [{"holding_apple": 1, "visited_far_counter": 1, "robot_at_far_counter": 1}]
    assert goals(pick, Clause("put", things("apple"), place=TRASH)) == [{"apple_at_trash_can": 1}]


def test_objects_are_chosen_among_those_of_the_scene():
    hot = Clause("bring", things("redbull"), place=USER)
    assert grounded([hot], [{"redbull": 0.9, "tea": 2 * FAINT, "coke": 0.9 * FAINT}], FACTS)[0].things == {"tea"}
    assert grounded([hot], [{"redbull": 0.9, "coke": 0.9 * FAINT}], FACTS)[0].things == {"redbull"}  # which is not here
    two = Clause("bring", things("coke", "tea"), 2, place=USER)
    assert grounded([two], [{"coke": 0.9, "tea": 0.5}], FACTS)[0].things == {"coke"}  # of which there are two


def test_so_many_are_the_likeliest_that_make_up_the_number():
    some = Clause("bring", things("coke", "tea", "apple"), 3, place=USER)
    assert grounded([some], [{"coke": 0.9, "tea": 0.8, "apple": 0.6}], FACTS)[0].things == {"coke", "tea"}
    assert grounded([some], [{"coke": 0.9, "tea": 0.62, "apple": 0.6}], FACTS)[0].things == {"coke", "tea", "apple"}
    kinds = Clause("bring", things("coke", "apple"), 3, different=True, place=USER)
    faint = {"coke": 0.9, "apple": 0.8, "tea": 2 * FAINT, "redbull": 0.9}  # redbull is not here, so too few are likely
    assert grounded([kinds], [faint], FACTS)[0].things == {"coke", "apple", "tea"}


def test_one_of_several_that_are_there_stays():
    bring, stays = Clause("bring", things("coke"), place=USER), Clause("put", things("coke"), place=things("table"))
    assert goals(bring, stays) == [{"coke_at_user": 1, "coke_at_table": 1}]
    assert goals(Clause("put", things("coke"), ALL, place=things("table"))) == [{"coke_at_table": 2}]


def test_next_to_something_is_where_that_lies():
    facts = {"orange_at_table": 1, "tea_at_drawer": 1, "robot_at_user": 1}
    clause = Clause("put", frozenset({"tea"}), place=frozenset({"next to the orange"}))
    assert goal_of([clause], facts) == ({"tea_at_table": 1},)
    with pytest.raises(Unmet, match="no lime soda to put it next to"):
        goal_of([Clause("put", frozenset({"tea"}), place=frozenset({"next to the lime soda"}))], facts)


def test_a_scene_without_it_is_told():
    with pytest.raises(Unmet, match="there is no sponge here"):
        goals(Clause("bring", things("sponge"), place=USER))
    with pytest.raises(Unmet, match="no apple at the far counter"):
        goals(Clause("bring", things("apple"), source=things("far counter"), place=USER))
