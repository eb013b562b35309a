"""Replays: one file without outside resources, whose text cannot break out of its script; films of the frames."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image

from agents import replay
from agents.executor import Job
from agents.tasks import Task
from agents.trace import DecisionRecord, Frame, Trace
from sim.world import UserError
from tests.agents.test_executor import make

NASTY = "</script><script>alert(1)</script><!-- \u2028 é"


def views(world, envs):
    """No two pictures alike."""
    return [np.full((len(envs), 8, 12, 3), 5 * world.steps, np.uint8), np.zeros((len(envs), 10, 10, 3), np.uint8)]


def filmed() -> Trace:
    executor, *_ = make(2, camera=replay.WorldCamera(every=2, height=20, views=views))
    jobs = [Job(Task("a", NASTY, ({"planks": 4},)), k, k) for k in range(2)]
    first, second = executor.run(jobs)
    assert second.frames == [] and executor.camera_error == ""
    return first


def test_frames_begin_with_the_start_and_end_with_the_end():
    trace = filmed()
    assert [f.tick for f in trace.frames] == [0, 8, 16, 24, 28]
    assert [f.decision for f in trace.frames] == [-1, 0, 1, 1, 2]


def test_of_a_long_skill_ever_fewer_pictures_are_taken():
    camera, every, wait = replay.WorldCamera(), 8, 12_000
    trace = Trace("t", "f", "c", 0, 0, [], [DecisionRecord("wait_for_night", "act", {}, [], [], "", 0)])
    for tick in range(0, wait, every):
        if camera.due(trace, tick):
            trace.frames.append(Frame(tick, "", 0, {}))
    ticks = [frame.tick for frame in trace.frames]
    assert ticks[:50] == list(range(0, 50 * every, every))  # a short skill loses none
    assert len(ticks) < 250 < wait // every and max(np.diff(ticks)) < 0.03 * wait
    trace.decisions.append(DecisionRecord("fight_zombie", "act", {}, [], [], "", wait))
    assert camera.due(trace, wait + every)  # what comes next is seen at once


def test_the_page_is_self_contained_and_safe():
    page = replay.html(filmed(), kinds={"find_log": "find"}, graph='<svg><g data-skill="find_log"/></svg>')
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", page) and "http" not in page
    assert page.count("<script>") == 1 and page.count("</script>") == 1
    data = json.loads(re.search(r"const DATA = (.*);\n", page).group(1))
    assert data["trace"]["command"] == NASTY and len(data["trace"]["frames"]) == 5


def test_unknown_scores_become_null_and_the_chosen_candidate_stays():
    names = [f"s{i}" for i in range(40)]
    candidates = [{"skill": n, "say": 0.5, "can": float("nan"), "score": 1 - i / 40} for i, n in enumerate(names)]
    trace = Trace("t", "f", "c", 0, 0, [{"a": 1}], [DecisionRecord("s39", "act", {}, candidates, [], "", 0, 5)])
    page = replay.html(trace)
    assert "NaN" not in page and '"s39"' in page and '"s17"' not in page


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_a_film_has_every_frame(tmp_path, suffix):
    if suffix == ".mp4":
        pytest.importorskip("imageio_ffmpeg")
    path = tmp_path / f"film{suffix}"
    replay.save_video(path, filmed())
    if suffix == ".gif":
        with Image.open(path) as film:
            assert film.n_frames >= 3 and film.width == 50
    assert path.stat().st_size > 500


def test_bad_video_names_and_missing_pictures_speak(tmp_path):
    with pytest.raises(UserError, match=r"unknown kind '.avi'; expected .mp4 or .gif"):
        replay.check_video(tmp_path / "a.avi")
    with pytest.raises(UserError, match="no pictures"):
        replay.save_video(tmp_path / "a.gif", Trace("t", "f", "c", 0, 0, []))


def test_a_broken_camera_costs_no_episode():
    executor, *_ = make(1, camera=replay.WorldCamera())
    (trace,) = executor.run([Job(Task("a", "x", ({"planks": 4},)), 0, 0)])
    assert trace.success and trace.frames == [] and executor.camera_error.startswith("error: ")
