"""Models behind servers, over real HTTP on loopback: scores, repair, time-outs, caps, replies kept, clear refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import BaseModel

from planner import server
from planner.language import ModelOptions, Prompt
from planner.models import load_model
from planner.prompting import render
from planner.replies import Meter
from planner.saycan import SayCan
from planner.trie import score_naive
from sim.world import UserError
from skills.library import SkillLibrary
from tests.planner import toy_models
from tests.planner.toy_server import serve

TEXTS = ["find a coke", "find a coke can", "pick up the coke", "done"]
PROMPTS = [Prompt("bring me a coke"), Prompt("go there", {"robot_at_table": 1}, ("find a coke",))]


class Answer(BaseModel):
    fact: str
    count: int


@pytest.fixture(scope="module")
def toy():
    words = toy_models.tokenizer()
    with serve(toy_models.llama(vocabulary=len(words), width=48), words) as state:
        yield state


@pytest.fixture
def host(toy, monkeypatch, tmp_path):
    """The server as new, with an empty cache."""
    toy.reply, toy.echoes, toy.key, toy.failures = (lambda messages: "{}"), True, None, 0
    toy.calls.clear()
    monkeypatch.setenv("SAYCRAFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    return toy


def load(host, spec="openai:toy", **more):
    return load_model(spec, ModelOptions(base_url=host.url, **more))


def ranked(*steps):
    return json.dumps({"steps": [{"step": step, "probability": p} for step, p in steps]})


def test_log_probabilities_of_a_server_are_exact(host):
    found = load(host).score(PROMPTS, TEXTS)
    encode = lambda text: host.tokenizer(text, add_special_tokens=False).input_ids  # noqa: E731
    expected = score_naive(host.model, [encode(render(p).text) for p in PROMPTS], [encode(f" {t},") for t in TEXTS])
    assert found.how == "exact"
    np.testing.assert_allclose(found.log_probs, expected.numpy(), atol=1e-4)


def test_a_server_without_them_is_asked_and_the_scores_say_so(host):
    host.echoes = False
    host.reply = lambda messages: ranked(("pick up the coke", 0.6), ("done", 0.2))
    found = load(host).score(PROMPTS, TEXTS)
    assert found.how == "stated"
    np.testing.assert_allclose(np.exp(found.log_probs).sum(-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(np.exp(found.log_probs[0]), [0.005, 0.005, 0.74, 0.25], atol=1e-3)


def test_unknown_steps_are_repaired_once(host):
    host.echoes, seen = False, []

    def reply(messages):
        seen.append(messages)
        return ranked(("grab the coke", 1.0)) if len(messages) == 1 else ranked(("pick up the coke", 1.0))

    host.reply = reply
    found = load(host).score(PROMPTS[:1], TEXTS)
    assert found.log_probs[0].argmax() == 2
    assert "'grab the coke' is not in the list (near: pick up the coke" in seen[1][-1]["content"]


@pytest.mark.parametrize("reply", ["I would pick it up.", ranked(("grab", 1.0)), '{"steps": 3}', ""])
def test_where_nothing_helps_all_candidates_count_the_same(host, reply):
    host.echoes, host.reply = False, lambda messages: reply
    found = load(host).score(PROMPTS[:1], TEXTS)
    np.testing.assert_allclose(np.exp(found.log_probs), 0.25, atol=1e-6)
    assert len([c for c in host.calls if "messages" in c]) == 2  # one repair round, no more


def test_an_object_in_a_fence_is_read_and_a_bad_one_repaired(host):
    host.reply = lambda messages: '```json\n{"fact": "log", "count": %s}\n```' % ("4" if len(messages) > 1 else '"x"')
    assert load(host).complete("how many?", Answer) == Answer(fact="log", count=4)
    host.reply = lambda messages: "no idea"
    with pytest.raises(UserError, match="gave no usable answer, nor after one repair round") as caught:
        load(host).complete("how many then?", Answer)
    assert "\n" not in str(caught.value)


def test_replies_are_kept_and_replayed_without_the_server(host):
    host.reply = lambda messages: '{"fact": "log", "count": 4}'
    first = load(host)
    made, scores = first.complete("how many?", Answer), first.score(PROMPTS, TEXTS)
    calls, first_used = len(host.calls), first.meter.tokens_in
    assert first_used > 0 and first.meter.calls == calls
    again = load(host)
    host.status = 500
    try:
        assert again.complete("how many?", Answer) == made
        np.testing.assert_array_equal(again.score(PROMPTS, TEXTS).log_probs, scores.log_probs)
    finally:
        host.status = 200
    assert len(host.calls) == calls and again.meter.tokens_in == 0 and again.meter.replayed == calls


def test_a_cap_stops_the_run(host):
    model = load(host, cap=1000)
    with pytest.raises(UserError, match="cap of 1000 tokens is reached after"):
        model.score([Prompt(f"command {k}") for k in range(20)], TEXTS)
    assert model.meter.tokens_in < 10_000


def test_the_meter_counts_dollars():
    assert Meter(price=(2.0, 8.0), tokens_in=1_000_000, tokens_out=500_000).cost == 6.0


def test_a_busy_server_is_tried_again(host):
    host.failures, host.reply = 2, lambda messages: '{"fact": "log", "count": 4}'
    assert load(host).complete("again?", Answer).count == 4
    assert len(host.calls) == 3


def test_refusals_are_one_line(host, monkeypatch):
    def said(make):
        with pytest.raises(UserError) as caught:
            make()
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "needs a key in OPENAI_API_KEY" in said(lambda: load_model("openai:toy"))
    nowhere = load_model("openai:toy", ModelOptions(base_url="http://127.0.0.1:9/v1"))
    assert "no server at http://127.0.0.1:9/v1" in said(lambda: nowhere.score(PROMPTS, TEXTS))
    assert "does not have it; it has: toy" in said(lambda: load(host, "openai:other").score(PROMPTS, TEXTS))
    host.key = "right"
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    assert "refused the key" in said(lambda: load(host).score(PROMPTS, TEXTS))


def test_a_silent_server_times_out(host, monkeypatch):
    import time

    monkeypatch.setattr(server, "TIMEOUT", 0.2)
    monkeypatch.setattr(server, "RETRIES", 0)
    host.reply = lambda messages: time.sleep(1) or "{}"
    with pytest.raises(UserError, match=r"no answer from .* within"):
        load(host).complete("hello?", Answer)


def test_langchain_speaks_to_the_same_server(host, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    host.reply = lambda messages: ranked(("done", 0.9))
    model = load(host, "langchain:openai:toy")
    found = model.score(PROMPTS, TEXTS)
    assert found.how == "stated" and (found.log_probs.argmax(-1) == 3).all()
    assert model.meter.calls == 2 and model.meter.tokens_in > 0
    host.reply = lambda messages: '{"step": "fetch it"}'
    assert model.write(PROMPTS[:1]) == ["fetch it"]


@pytest.mark.parametrize(("spec", "said"), [
    ("langchain:openai", "not of the form langchain:PROVIDER:MODEL"),
    ("langchain:nobody:model", "cannot load language model 'langchain:nobody:model'"),
])  # fmt: skip
def test_langchain_refusals_are_one_line(spec, said):
    with pytest.raises(UserError, match=said) as caught:
        load_model(spec)
    assert "\n" not in str(caught.value)


def test_saycan_plans_with_a_server_in_one_call_per_decision(host):
    library = SkillLibrary.load("kitchen")
    host.echoes = False
    host.reply = lambda messages: ranked(("find a coke", 0.9), ("done", 0.1))
    decision = SayCan(library, load(host)).decide(
        [()], [{"coke_at_table": 1, "robot_at_user": 1}], [[]], None, ["coke!"]
    )[0]
    assert decision.status == "act" and library.skills[decision.skill].text == "find a coke"


@pytest.mark.slow
def test_transformers_serve_is_a_server_too(monkeypatch, tmp_path):
    """A real server of others: it gives no log-probabilities and its untrained model no JSON; both are met as documented."""
    import shutil
    import socket
    import subprocess
    import sys
    import time
    import urllib.request
    from pathlib import Path

    program = shutil.which("transformers", path=str(Path(sys.executable).parent)) or shutil.which("transformers")
    if program is None:
        pytest.skip("no `transformers` program")
    monkeypatch.setenv("SAYCRAFT_CACHE", str(tmp_path / "cache"))
    folder = toy_models.save(tmp_path / "toy")
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}Robot:"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [program, "serve", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 90
        while time.monotonic() < until and process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1)
                break
            except OSError:
                time.sleep(0.3)
        if process.poll() is not None:
            pytest.skip("this version of transformers cannot serve here")
        model = load_model(f"openai:{folder}", ModelOptions(base_url=f"http://127.0.0.1:{port}/v1"))
        monkeypatch.setattr("planner.server.LONGEST", 24)
        found = model.score(PROMPTS[:1], TEXTS)
        assert found.how == "stated" and np.allclose(np.exp(found.log_probs), 0.25, atol=1e-5)
        assert model.meter.calls >= 2 and model.meter.tokens_out > 0
        with pytest.raises(UserError, match="gave no usable answer"):
            model.complete("how many logs?", Answer)
    finally:
        process.terminate()
        process.wait(20)
