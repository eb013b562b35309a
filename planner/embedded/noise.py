"""What people's typing does to a command: slips of the finger, lost articles, lost or doubled marks and capitals."""

from __future__ import annotations

import random
import re

KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEIGHBOURS = {c: row[max(k - 1, 0) : k] + row[k + 1 : k + 2] for row in KEYBOARD for k, c in enumerate(row)}
CHAT = {"please": "pls", "you": "u", "your": "ur", "thanks": "thx", "want": "wanna", "going to": "gonna", "and": "&",
        "could you": "cld u", "for me": "4 me", "something": "smth"}  # fmt: skip
HOMOPHONES = {"bring": "brign", "piece": "peice", "the": "teh", "receive": "recieve", "fetch": "fech", "through": "thru",
              "would": "wuold", "from": "form", "chips": "chps", "table": "tabel",
              "counter": "conter"}  # fmt: skip


def slip(word: str, draw: random.Random) -> str:
    """The word with one slip: two letters swapped, one lost, doubled, or a neighbour on the keyboard."""
    at = draw.randrange(len(word) - 1)
    kind = draw.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :] if at or draw.random() < 0.2 else word[0] + word[2:]
    if kind == 2:
        return word[: at + 1] + word[at:]
    return word[:at] + draw.choice(NEIGHBOURS.get(word[at], word[at]) or word[at]) + word[at + 1 :]


def misspell(text: str, draw: random.Random, slips: int) -> str:
    """The text with slips in some of its words of at least four letters."""
    parts = re.split(r"(\W+)", text)
    long = [k for k, part in enumerate(parts) if len(part) > 3 and part.isalpha()]
    for k in draw.sample(long, min(slips, len(long))):
        parts[k] = slip(parts[k], draw)
    return "".join(parts)


def disturb(text: str, draw: random.Random) -> str:
    """What a careless writer might have typed; most commands stay as they are."""
    if draw.random() < 0.25:
        text = text[0].upper() + text[1:] if draw.random() < 0.6 else text.upper() if draw.random() < 0.1 else text
    if draw.random() < 0.08:
        text = re.sub(r"\b(?:a|an|the) ", lambda m: m.group() if draw.random() < 0.3 else "", text)
    if draw.random() < 0.04:
        for plain, short in CHAT.items():
            text = re.sub(rf"\b{plain}\b", short, text) if draw.random() < 0.5 else text
    if draw.random() < 0.03:
        for right, wrong in HOMOPHONES.items():
            text = re.sub(rf"\b{right}\b", wrong, text)
    if draw.random() < 0.3:
        text = misspell(text, draw, 1 if draw.random() < 0.75 else 2)
    if draw.random() < 0.3:
        text = text.rstrip(".!?") + draw.choice(["", "", "!", "?", "..", " ."])
    if draw.random() < 0.05:
        text = text.replace(",", "")
    return text
