"""Commands taken apart into sentences."""

import math

import pytest

from planner.embedded.sentences import PER_CUT, likeliest_parts, sentences


def test_a_command_is_cut_where_sentences_end_and_where_another_errand_begins():
    table = sentences("Get me the tea. The apple goes on the table, then shut the drawer")
    assert [row[0] for row in table] == ["Get me the tea.", "The apple goes on the table", "shut the drawer"]
    assert table[0][-1] == "Get me the tea. The apple goes on the table, then shut the drawer"
    assert table[1] == ["The apple goes on the table", "The apple goes on the table, then shut the drawer"]


@pytest.mark.parametrize("command", ["bring me a coke", "Please! a coke", "a coke, and now", "", "7.5 cokes"])
def test_what_has_no_second_sentence_of_two_words_stays_whole(command):
    assert sentences(command) == [[command]]


def test_a_command_has_few_pieces():
    assert len(sentences(". ".join(["a coke"] * 9))) == 5


def _best(table):
    return [name for name, _ in likeliest_parts(table, lambda reading: reading[1])]


def test_parts_are_taken_where_they_are_likelier_than_the_whole_by_more_than_a_cut_costs():
    first, second = ("first", 0.9), ("second", 0.8)
    assert _best([[first, ("whole", 0.9 * 0.8 * PER_CUT - 0.01)], [second]]) == ["first", "second"]
    assert _best([[first, ("whole", 0.9 * 0.8 * PER_CUT + 0.01)], [second]]) == ["whole"]


def test_the_likeliest_of_all_ways_to_take_apart_is_found():
    p = [[0.9, 0.1, 0.01], [0.2, 0.9], [0.9]]
    table = [[(f"{i}-{i + k}", value) for k, value in enumerate(row)] for i, row in enumerate(p)]
    assert _best(table) == ["0-0", "1-2"]
    assert math.prod(value for name, value in likeliest_parts(table, lambda r: r[1])) == pytest.approx(0.81)
