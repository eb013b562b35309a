"""A real OpenAI-compatible server on loopback over a small model: completions with echo and log-probabilities, as vLLM gives
them, and a chat whose replies a test writes down beforehand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

Reply = Callable[[list[dict[str, str]]], str]


class Server:
    """What the server does, and what it was asked; change the fields between calls."""

    def __init__(self, model: Any, tokenizer: Any):
        self.model, self.tokenizer = model, tokenizer
        self.reply: Reply = lambda messages: "{}"
        self.echoes, self.key, self.status, self.failures = True, None, 200, 0
        self.calls: list[dict[str, Any]] = []
        self.url = ""

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """The completion of a prompt with the log-probabilities of the prompt's own tokens."""
        text = body["prompt"]
        made = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids = torch.tensor([made.input_ids])
        with torch.inference_mode():
            log_p = self.model(ids).logits[0].float().log_softmax(-1)
        given = [None, *(float(log_p[k - 1, token]) for k, token in enumerate(made.input_ids) if k)]
        said = {"tokens": self.tokenizer.convert_ids_to_tokens(made.input_ids), "token_logprobs": given,
                "top_logprobs": None, "text_offset": [start for start, _ in made.offset_mapping]}  # fmt: skip
        choice = {"text": text if self.echoes else " x", "index": 0, "finish_reason": "length",
                  "logprobs": said if self.echoes else None}  # fmt: skip
        return {"id": "1", "object": "text_completion", "created": 0, "model": body["model"], "choices": [choice],
                "usage": _usage(len(made.input_ids), 1)}  # fmt: skip

    def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        text = self.reply(body["messages"])
        message = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"], "choices": [message],
                "usage": _usage(sum(len(m["content"]) for m in body["messages"]) // 4, len(text) // 4)}  # fmt: skip


def _usage(tokens_in: int, tokens_out: int) -> dict[str, int]:
    return {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}


@contextmanager
def serve(model: Any, tokenizer: Any) -> Iterator[Server]:
    """A running server with one model, "toy"."""
    import uvicorn
    from fastapi import FastAPI
    from fastapi.requests import Request
    from fastapi.responses import JSONResponse

    state, app = Server(model, tokenizer), FastAPI()

    async def answer(request: Request, make: Callable[[dict[str, Any]], dict[str, Any]]) -> JSONResponse:
        body = await request.json()
        state.calls.append(body)
        if state.failures > 0:
            state.failures -= 1
            return JSONResponse({"error": {"message": "busy"}}, 503, {"retry-after-ms": "1"})
        if state.key and request.headers.get("authorization") != f"Bearer {state.key}":
            return JSONResponse({"error": {"message": "wrong key"}}, 401)
        if body["model"] != "toy":
            return JSONResponse({"error": {"message": "no such model"}}, 404)
        return JSONResponse(make(body), state.status)

    # the annotations of this file are texts, which FastAPI cannot look up in a function's own names
    async def completions(request):  # type: ignore[no-untyped-def]
        return await answer(request, state.complete)

    async def chat(request):  # type: ignore[no-untyped-def]
        return await answer(request, state.chat)

    async def models(request):  # type: ignore[no-untyped-def]
        return JSONResponse(
            {"object": "list", "data": [{"id": "toy", "object": "model", "created": 0, "owned_by": "us"}]}
        )

    app.router.add_route("/v1/completions", completions, ["POST"])
    app.router.add_route("/v1/chat/completions", chat, ["POST"])
    app.router.add_route("/v1/models", models, ["GET"])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    state.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    try:
        yield state
    finally:
        server.should_exit = True
        thread.join(10)
