"""What models on the other side of a wire answered: kept on disk, counted, and capped.

A reply is found again by model, prompt and schema, so a run can be replayed without the server to the same result.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.world import UserError
from skills.files import write_atomic


@dataclass
class Meter:
    """Tokens and calls so far; `cap` is the most tokens of a run, `price` is dollars per million tokens in and out."""

    cap: int | None = None
    price: tuple[float, float] = (0.0, 0.0)
    tokens_in: int = 0
    tokens_out: int = 0
    calls: int = 0
    replayed: int = 0

    @property
    def cost(self) -> float:
        """Dollars."""
        return (self.tokens_in * self.price[0] + self.tokens_out * self.price[1]) / 1e6

    def check(self) -> None:
        """Raise `UserError` once the cap is reached."""
        if self.cap is not None and self.tokens_in + self.tokens_out >= self.cap:
            raise UserError(
                f"the cap of {self.cap} tokens is reached after {self.calls} calls ({self.tokens_in} in, {self.tokens_out} out)"
            )

    def __str__(self) -> str:
        cost = f", ${self.cost:.4f}" if any(self.price) else ""
        return f"{self.calls} calls, {self.tokens_in} tokens in, {self.tokens_out} out, {self.replayed} replayed{cost}"


def folder() -> Path:
    """Where replies are kept: SAYCRAFT_CACHE, or the user's cache folder."""
    home = os.environ.get("SAYCRAFT_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "saycraft"
    )
    return Path(home) / "replies"


@dataclass
class Replies:
    """Asks once, remembers on disk, counts. Safe to use from several threads."""

    model: str
    meter: Meter = field(default_factory=Meter)
    where: Path = field(default_factory=folder)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def ask(self, prompt: Any, schema: Any, send: Callable[[], tuple[Any, int, int]]) -> Any:
        """The kept reply, or that of `send`, which returns (reply, tokens in, tokens out); replies are JSON values."""
        key = json.dumps([self.model, prompt, schema], sort_keys=True, ensure_ascii=False)
        path = self.where / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
        try:
            reply = json.loads(path.read_text(encoding="utf-8"))["reply"]
            with self.lock:
                self.meter.replayed += 1
            return reply
        except (OSError, ValueError, KeyError):
            pass
        with self.lock:
            self.meter.check()
        reply, tokens_in, tokens_out = send()
        with self.lock:
            self.meter.calls += 1
            self.meter.tokens_in += tokens_in
            self.meter.tokens_out += tokens_out
        kept = {"model": self.model, "prompt": prompt, "schema": schema, "reply": reply}
        try:
            with self.lock:
                write_atomic(path, json.dumps(kept, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            raise UserError(f"cannot keep replies in {self.where}: {error.strerror}; set SAYCRAFT_CACHE") from None
        return reply
