"""The kitchen's physics: conformance, determinism, facts read off poses, disturbances, the base and what it carries."""

from __future__ import annotations

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import sim.kitchen  # noqa: F401  (registers the environment)
from sim.kitchen.facts import fact_names, read_facts
from sim.kitchen.layout import NAMES, PLACES, blocked, clear
from sim.kitchen.objects import COPIES, KINDS, THINGS
from sim.kitchen.scene import Lying, Scene, start_facts
from sim.kitchen.simulation import ACTION_SIZE, Simulation
from sim.kitchen.state import allocate
from sim.kitchen.world import KitchenWorld
from sim.world import UserError

STARTS = [
    {"robot_at": "table", "objects": [["coke", "table"], ["apple", "table"], ["tea", "close counter"], ["tea", "drawer"]]},
    {"robot_at": "far counter", "holding": "water bottle", "objects": [["sponge", "far counter"], ["banana", "user"]]},
    {"objects": [["energy bar", "trash can"], ["redbull", "trash can"], ["rice chips", "drawer"]], "drawer_open": True},
]  # fmt: skip


@pytest.fixture(scope="module")
def kitchen():
    simulation = Simulation()
    yield simulation
    simulation.close()


def facts_of(simulation):
    state = allocate(1)
    simulation.read(state, 0)
    return {name: int(n) for name, n in zip(fact_names(), read_facts(state)[0], strict=True) if n}


def arm(**moves):
    action = np.zeros(ACTION_SIZE)
    for name, value in moves.items():
        action[["forward", "left", "turn", "x", "y", "z", "yaw", "grip"].index(name)] = value
    return action


@pytest.mark.filterwarnings("ignore:.*A Box observation space.*")
def test_gymnasium_accepts_the_environment():
    env = gym.make("saycraft/Kitchen-v0")
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


@pytest.mark.parametrize("start", STARTS)
def test_a_start_is_what_its_facts_say(kitchen, start):
    kitchen.reset(Scene.parse(start), 3)
    assert facts_of(kitchen) == start_facts(start, KINDS, NAMES)
    for _ in range(12):
        kitchen.step(np.zeros(ACTION_SIZE))
    assert facts_of(kitchen) == start_facts(start, KINDS, NAMES), "nothing is done, nothing changes"


def test_every_object_fits_every_place(kitchen):
    for place in NAMES:
        for thing in THINGS:
            kitchen.reset(Scene.parse({"objects": [[thing.name, place]], "drawer_open": place == "drawer"}), 1)
            name = f"{thing.name}_at_{place}".replace(" ", "_")
            assert facts_of(kitchen).get(name) == 1, name


def run(world, seeds, starts, actions):
    world.reset(seed=np.array(seeds), options={"start": starts})
    for action in actions:
        world.step(np.repeat(action[None], world.num_envs, 0))
    return {name: array[0].copy() for name, array in world.state.items()}


def test_same_seed_same_bits_whatever_came_before_and_however_many_there_are():
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (25, ACTION_SIZE)).astype(np.float32)
    actions[:15, :3] = 0
    one, three = KitchenWorld(1), KitchenWorld(3, workers=2)
    first = run(one, [7], STARTS[:1], actions)
    run(one, [8], STARTS[1:2], actions[:9])
    for again in (run(one, [7], STARTS[:1], actions), run(three, [7, 8, 9], STARTS, actions)):
        for name, value in first.items():
            np.testing.assert_array_equal(value, again[name], err_msg=name)
    other = run(one, [8], STARTS[:1], actions)
    assert not np.array_equal(first["position"], other["position"])
    one.close()
    three.close()
    three.close()


def test_only_masked_kitchens_start_anew():
    world = KitchenWorld(2, workers=0)
    world.reset(seed=0, options={"start": [STARTS[0]] * 2})
    world.step(np.zeros((2, ACTION_SIZE)))
    world.reset(seed=1, options={"mask": np.array([False, True]), "start": [None, STARTS[2]]})
    assert world.ticks.tolist() == [1, 0]
    named = [dict(zip(world.fact_names, row.tolist(), strict=True)) for row in world.facts()]
    assert named[0]["coke_at_table"] == 1 and named[1]["coke_at_table"] == 0 and named[1]["redbull_at_trash_can"] == 1
    with pytest.raises(UserError, match=r"actions are \[2, 8\]"):
        world.step(np.zeros((1, ACTION_SIZE)))
    world.close()


@pytest.mark.parametrize("workers", [0, 2])
def test_paused_kitchens_rest_until_they_are_reset(workers):
    world = KitchenWorld(2, workers=workers)
    world.reset(seed=0, options={"start": [STARTS[0]] * 2})
    world.pause([1])
    world.step(np.zeros((2, ACTION_SIZE)))
    assert world.ticks.tolist() == [1, 0]
    world.reset(seed=0, options={"mask": np.array([False, True]), "start": [None, STARTS[2]]})
    world.step(np.zeros((2, ACTION_SIZE)))
    assert world.ticks.tolist() == [2, 1]
    world.close()


def test_a_worker_s_error_reaches_the_caller():
    world = KitchenWorld(2, workers=1)
    crowd = tuple(Lying(slot, "drawer") for slot in range(40))
    with pytest.raises(UserError, match="no room left at the drawer"):
        world.reset(seed=0, options={"start": [Scene(objects=crowd), None]})
    world.close()


@pytest.mark.parametrize(("start", "said"), [
    ({"objects": [["coke", "table"]] * (COPIES + 1)}, f"this kitchen has {COPIES} of each"),
    ({"objects": [[thing.name, "user"] for thing in THINGS]}, "no room left at the user"),
    ({"objects": [["coke", "moon"]]}, "unknown place 'moon'"),
    ({"disturbances": ["earthquake"]}, "`disturbances` must be a list of"),
])  # fmt: skip
def test_impossible_scenes_are_refused(start, said):
    with pytest.raises(UserError, match=said):
        Scene.parse(start)


def test_the_base_keeps_off_the_furniture(kitchen):
    kitchen.reset(Scene.parse({"robot_at": "table"}), 0)
    for _ in range(60):
        kitchen.step(arm(forward=1.0))
    assert clear(*kitchen.base[:2]) and kitchen.base[1] > PLACES["table"].y - 0.1
    assert bool(blocked(np.array([-0.9]), np.array([-0.7]))[0])


def test_what_is_held_is_carried_exactly_and_arrivals_are_counted(kitchen):
    kitchen.reset(Scene.parse({"robot_at": "user", "holding": "coke"}), 0)
    slot = KINDS["coke"] * COPIES
    for _ in range(20):
        kitchen.step(arm(forward=-0.3))
    before = np.array(kitchen.relation(slot))
    for _ in range(20):
        kitchen.step(arm(forward=-0.5, turn=0.5))
    np.testing.assert_allclose(kitchen.relation(slot), before, atol=2e-3)
    kitchen.step(np.zeros(ACTION_SIZE))
    assert facts_of(kitchen).get("holding_coke") == 1 and "visited_user" not in facts_of(kitchen)
    home = PLACES["user"]
    kitchen.reset(Scene((home.x + 0.3, home.y, home.yaw)), 0)
    for _ in range(4):
        kitchen.step(arm(forward=0.75))
    kitchen.step(np.zeros(ACTION_SIZE))
    assert facts_of(kitchen)["visited_user"] == 1 and facts_of(kitchen)["robot_at_user"] == 1


def test_what_is_dropped_beside_the_table_lies_on_the_floor(kitchen):
    kitchen.reset(Scene((0.3, 0.3, 0.0), holding=KINDS["apple"] * COPIES), 0)
    for _ in range(14):
        kitchen.step(arm(grip=1.0))
    assert facts_of(kitchen) == {"hand_empty": 1, "drawer_closed": 1}
    assert kitchen.client.getBasePositionAndOrientation(kitchen.bodies[KINDS["apple"] * COPIES])[0][2] < 0.1


def drive(simulation, steps=40):
    for _ in range(steps):
        simulation.step(arm(turn=1.0))


def test_disturbances_happen_once_and_are_seen_in_the_facts(kitchen):
    start = {"robot_at": "user", "objects": [["coke", "table"]]}
    kitchen.reset(Scene.parse({**start, "disturbances": ["object moves"]}), 0)
    before = kitchen.client.getBasePositionAndOrientation(kitchen.bodies[KINDS["coke"] * COPIES])[0]
    drive(kitchen)
    after = facts_of(kitchen)
    assert (
        after.get("coke_at_close_counter", 0) + after.get("coke_at_far_counter", 0) + after.get("coke_at_table", 0) == 1
    )
    position = kitchen.client.getBasePositionAndOrientation(kitchen.bodies[KINDS["coke"] * COPIES])[0]
    assert not kitchen.disturbances.due and np.hypot(position[0] - before[0], position[1] - before[1]) > 0.05
    kitchen.reset(Scene.parse({**start, "disturbances": ["object taken"]}), 0)
    drive(kitchen)
    assert not any(name.startswith("coke") for name in facts_of(kitchen)) and not kitchen.disturbances.due
    kitchen.reset(Scene.parse(start), 0)
    drive(kitchen)
    assert facts_of(kitchen)["coke_at_table"] == 1


def test_a_drawer_that_sticks_gives_way_in_time(kitchen):
    for stuck in (True, False):
        kinds = ["drawer sticks"] if stuck else []
        kitchen.reset(Scene.parse({"robot_at": "drawer", "disturbances": kinds}), 0)
        for _ in range(3):
            kitchen.client.applyExternalForce(kitchen.drawer, 0, [0, -60, 0], [0, 0, 0], kitchen.client.LINK_FRAME)
            kitchen.step(np.zeros(ACTION_SIZE))
        moved = kitchen.client.getJointState(kitchen.drawer, 0)[0]
        assert (moved < 1e-3) == stuck
    kitchen.reset(Scene.parse({"robot_at": "drawer", "disturbances": ["drawer sticks"]}), 0)
    for _ in range(40):
        kitchen.step(np.zeros(ACTION_SIZE))
    assert not kitchen.disturbances.due


def test_pictures_show_what_is_there():
    world = KitchenWorld(2, workers=0)
    world.reset(seed=0, options={"start": [STARTS[0], {}]})
    scene, work = world.pictures([0, 1], 160, 120)
    assert scene.shape == work.shape == (2, 120, 160, 3) and scene.dtype == np.uint8
    assert (scene[0] != scene[1]).any() and work[0].std() > 20
    world.close()


def test_physics_keeps_standard_output_clean():
    code = "from sim.kitchen.simulation import Simulation; Simulation().close()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
