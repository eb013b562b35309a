"""How training shows itself: a bar per family on the terminal, a line of JSON per iteration on the disk."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from skills.ppo import Metrics


class Board:
    """Progress on standard error: a bar per family, or a line now and then where there is no terminal."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        columns = (
            TextColumn("{task.description:<8}"),
            BarColumn(),
            TextColumn("{task.fields[text]}"),
            TimeElapsedColumn(),
        )
        self.progress = Progress(*columns, console=self.console, disable=not self.console.is_terminal)
        self.bars: dict[str, Any] = {}

    def __enter__(self) -> Board:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def say(self, family: str, text: str, done: float | None = None, *, line: bool = True) -> None:
        """Show what a family is at."""
        if family not in self.bars:
            self.bars[family] = self.progress.add_task(family, total=1.0, text="")
        self.progress.update(self.bars[family], text=text, completed=done)
        if line and not self.console.is_terminal:
            print(f"{family}: {text}", file=sys.stderr, flush=True)

    def done(self, family: str, total: dict[str, Any], head: dict[str, Any]) -> None:
        """The last word on a family."""
        quality = f"head Brier {head['in']['brier']:.3f} AUROC {head['in']['auroc']:.3f} ECE {head['in']['ece']:.3f}"
        interval = f"[{total['low']:.3f}, {total['high']:.3f}]"
        self.say(family, f"success {total['success']:.3f} {interval} of {total['episodes']} episodes; {quality}", 1.0)


def _short(number: float) -> str:
    """A count in few figures: 9500, 12.3k, 4.1M."""
    return f"{number / 1e6:.1f}M" if number >= 1e6 else f"{number / 1e3:.1f}k" if number >= 1e4 else f"{number:.0f}"


class Log:
    """Writes every iteration's metrics as a line of JSON, and shows them."""

    def __init__(self, path: Path, family: str, board: Board, every: float = 20.0):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.family, self.board, self.every = path, family, board, every
        self.shown = 0.0
        self.score = float("nan")

    def __call__(self, metrics: Metrics) -> None:
        with open(self.path, "a") as file:
            file.write(json.dumps({k: v if math.isfinite(v) else None for k, v in metrics.items()}) + "\n")
        self.score = metrics.get("best_score", self.score)
        line = time.perf_counter() - self.shown > self.every
        if line:
            self.shown = time.perf_counter()
        m = {name: metrics.get(name, float("nan")) for name in ("success", "return", "length", "steps_per_s", "steps")}
        text = (f"{_short(m['steps'])} steps  success {m['success']:.2f} (best test {self.score:.2f})  "
                f"return {m['return']:.2f}  length {m['length']:.0f}  {_short(m['steps_per_s'])}/s")  # fmt: skip
        self.board.say(self.family, text, metrics["progress"], line=line)
