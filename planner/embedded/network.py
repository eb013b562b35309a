"""The network: a tuned MiniLM reads the command; clause queries read its meaning off; a step query ranks what to do next.

    command tokens -> encoder (MiniLM, 6 x 384) -> H [B, T, 384]
    clauses   K queries over H               -> verb, count, different, places, objects (one logit per candidate text)
    step      1 query over H, clauses, scene, history -> the clause at hand, one score per candidate skill text

Objects, places, facts and skills enter as sentence vectors of the *frozen* MiniLM, so any text can be one. An object's
logit is the product of a clause's vector with it, plus the best match between a token of the command and it (as in late
interaction, Khattab and Zaharia 2020, arXiv 2004.12832), weighted by how much the clause looks at that token. A second
such product is for what is left out ("a fruit, but no apple"), learned from labels of its own, and is taken off. A third one
tells which object a place is next to ("beside the apple"). A skill's score is the first kind of product with the step's vector, and
how well its text fits what the clause at hand is about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from planner.embedded.clauses import MARKS, MOST_CLAUSES, VERBS

COUNT_KINDS = 2 + len(MARKS)  # one, all, or the number at a mark


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes beside the encoder's."""

    width: int = 384  # of the encoder
    inner: int = 256  # of both decoders
    heads: int = 8
    layers: int = 2
    feedforward: int = 768
    match: int = 128  # of the products with objects and places
    dropout: float = 0.1


@dataclass
class Parse:
    """Logits over the meaning of B commands, for O objects and P places; K clauses."""

    verb: Tensor  # float [B, K, len(VERBS)]
    count: Tensor  # float [B, K, COUNT_KINDS]
    different: Tensor  # float [B, K]
    source: Tensor  # float [B, K, P]
    place: Tensor  # float [B, K, P]
    things: Tensor  # float [B, K, O]
    left_out: Tensor  # float [B, K, O]; taken off `things` already
    near: Tensor  # float [B, K, O]: next to which object, for a place that is next to one

    def floats(self) -> Parse:
        """The same in single precision."""
        return Parse(*(value.float() for value in vars(self).values()))


@dataclass
class Encoded:
    """What the later parts need of the commands."""

    tokens: Tensor  # float [B, T, inner]
    mask: Tensor  # bool [B, T] True = a token
    clauses: Tensor  # float [B, K, inner]

    def part(self, rows: Any) -> Encoded:
        """Some of the commands."""
        return Encoded(self.tokens[rows], self.mask[rows], self.clauses[rows])


class Matcher(nn.Module):
    """Logits of candidates by a query vector and by the tokens the query looks at; cosines times learned scales."""

    def __init__(self, c: NetworkConfig, bias: float = -2.0):
        super().__init__()
        self.candidate = nn.Sequential(nn.Linear(c.width, c.inner), nn.GELU(), nn.Linear(c.inner, 2 * c.match))
        self.query = nn.Linear(c.inner, c.match)
        self.token = nn.Linear(c.inner, c.match)
        self.look = nn.Linear(c.inner, c.match)
        self.seen = nn.Linear(c.inner, c.match)
        self.bias = nn.Parameter(torch.tensor(bias))
        self.scales = nn.Parameter(torch.full((3,), math.log(8.0)))

    def forward(self, queries: Tensor, tokens: Tensor, mask: Tensor, candidates: Tensor) -> Tensor:
        """Queries [B, K, inner], tokens [B, T, inner], candidates [O, width] -> logits [B, K, O]."""
        unit = functional.normalize
        scale = self.scales.exp().clamp(max=30.0)
        whole, part = self.candidate(candidates * candidates.shape[-1] ** 0.5).float().chunk(2, -1)
        direct = unit(self.query(queries).float(), dim=-1) @ unit(whole, dim=-1).T * scale[0]
        match = unit(self.token(tokens).float(), dim=-1) @ unit(part, dim=-1).T * scale[1]  # [B, T, O]
        look = (
            unit(self.look(queries).float(), dim=-1)
            @ unit(self.seen(tokens).float(), dim=-1).transpose(1, 2)
            * scale[2]
        )
        weights = look.float().masked_fill(~mask[:, None], -1e4).softmax(-1)  # [B, K, T]
        peak = match.float().amax(1, keepdim=True).detach()  # [B, 1, O]; cosines keep what is below it above e^-60
        late = (weights @ (match.float() - peak).exp()).float().log() + peak  # log-sum-exp over T without [B, K, T, O]
        return direct + late + self.bias


class PlannerNetwork(nn.Module):
    """Everything but the frozen sentence vectors."""

    def __init__(self, encoder: nn.Module, config: NetworkConfig | None = None):
        super().__init__()
        c = self.config = config or NetworkConfig()
        self.encoder = encoder
        self.narrow = nn.Sequential(nn.Linear(c.width, c.inner), nn.LayerNorm(c.inner))
        self.queries = nn.Parameter(torch.randn(MOST_CLAUSES, c.inner) * 0.5)
        self.reader = _decoder(c)
        self.verb = nn.Linear(c.inner, len(VERBS))
        self.count = nn.Linear(c.inner, COUNT_KINDS)
        self.different = nn.Linear(c.inner, 1)
        self.source, self.place, self.things = Matcher(c), Matcher(c), Matcher(c)
        self.left_out = Matcher(c, bias=-4.0)  # seldom is anything
        self.near = Matcher(c)
        self.text = nn.Linear(c.width, c.inner)  # facts and history
        self.kind = nn.Parameter(torch.randn(4, c.inner) * 0.1)  # token, clause, fact, history
        self.amount = nn.Embedding(8, c.inner)  # of a fact: 0..7
        self.order = nn.Embedding(32, c.inner)  # of a history entry, counted from the last
        self.step = nn.Parameter(torch.randn(1, c.inner) * 0.5)
        self.stepper = _decoder(c)
        self.skills = Matcher(c)
        self.now = nn.Linear(c.inner, c.inner)  # which clause is being carried out
        self.fitting = nn.Parameter(torch.tensor(0.3))  # weight of what that clause is about

    def read(self, ids: Tensor, mask: Tensor) -> Encoded:
        """Token ids int [B, T] and mask [B, T] -> the commands read."""
        hidden = self.encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        tokens = self.narrow(hidden)
        queries = self.queries.expand(len(ids), -1, -1)
        clauses = self.reader(queries, tokens, memory_key_padding_mask=~mask)
        return Encoded(tokens, mask, clauses)

    def parse(self, encoded: Encoded, objects: Tensor, places: Tensor) -> Parse:
        """The meaning, over candidates objects [O, width] and places [P, width]."""
        q, tokens, mask = encoded.clauses, encoded.tokens, encoded.mask
        things, left_out = self._wanted(encoded, objects)
        return Parse(
            self.verb(q), self.count(q), self.different(q).squeeze(-1), self.source(q, tokens, mask, places),
            self.place(q, tokens, mask, places), things, left_out, self.near(q, tokens, mask, objects),
        )  # fmt: skip

    def _wanted(self, encoded: Encoded, candidates: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [B, K, O] of candidates [O, width]: to be what a clause is about, and to be left out of it."""
        left_out = self.left_out(encoded.clauses, encoded.tokens, encoded.mask, candidates)
        things = self.things(encoded.clauses, encoded.tokens, encoded.mask, candidates)
        return things - 2.0 * functional.softplus(left_out), left_out

    def rank(self, encoded: Encoded, facts: Tensor, amounts: Tensor, fact_mask: Tensor, history: Tensor,
             history_mask: Tensor, skills: Tensor) -> Tensor:  # fmt: skip
        """Scores [B, S] of skills [S, width], given facts [B, F, width] with amounts int [B, F] and history [B, L, width]
        (latest last; padded on the left); masks are True where there is something."""
        order = torch.arange(history.shape[1] - 1, -1, -1, device=history.device).clamp(max=31)
        memory = torch.cat([
            encoded.tokens + self.kind[0], encoded.clauses + self.kind[1],
            self.text(facts) + self.amount(amounts.clamp(0, 7)) + self.kind[2],
            self.text(history) + self.order(order) + self.kind[3],
        ], 1)  # fmt: skip
        some = torch.ones(encoded.clauses.shape[:2], dtype=torch.bool, device=facts.device)
        mask = torch.cat([encoded.mask, some, fact_mask, history_mask], 1)
        step = self.stepper(self.step.expand(len(memory), 1, -1), memory, memory_key_padding_mask=~mask)
        now = (self.now(step) @ encoded.clauses.transpose(1, 2)).float() / math.sqrt(self.config.inner)
        about = now.softmax(-1) @ self._wanted(encoded, skills)[0]
        return (self.skills(step, memory, mask, skills) + self.fitting * about).squeeze(1)


class DecoderLayer(nn.TransformerDecoderLayer):
    """PyTorch's, for few queries over a long memory: a query goes through the weights of keys, and what it looked at through
    those of values, instead of the whole memory through both. The same sums in another order, and faster."""

    def _mha_block(
        self, x: Tensor, mem: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None, is_causal: bool = False
    ) -> Tensor:
        attention = self.multihead_attn
        (b, k, width), heads = x.shape, attention.num_heads
        of_query, of_key, of_value = attention.in_proj_weight.chunk(3)
        # the bias of keys adds the same to all logits of a query
        query_bias, _, value_bias = attention.in_proj_bias.chunk(3)
        query = functional.linear(x, of_query, query_bias).view(b, k, heads, -1)
        look = torch.einsum("bkhd,hdw->bkhw", query, of_key.view(heads, -1, width)).reshape(b, k * heads, width)
        logits = (look @ mem.transpose(1, 2)).float() / math.sqrt(width // heads)
        if key_padding_mask is not None:
            logits = logits.masked_fill(key_padding_mask[:, None], -torch.inf)
        weights = functional.dropout(logits.softmax(-1), attention.dropout, self.training)
        seen = (weights @ mem).view(b, k, heads, width)
        values = torch.einsum("bkhw,hdw->bkhd", seen, of_value.view(heads, -1, width)).reshape(b, k, width) + value_bias
        out: Tensor = self.dropout2(attention.out_proj(values))
        return out


def _decoder(c: NetworkConfig) -> nn.TransformerDecoder:
    layer = DecoderLayer(
        c.inner, c.heads, c.feedforward, c.dropout, activation="gelu", batch_first=True, norm_first=True
    )
    return nn.TransformerDecoder(layer, c.layers, nn.LayerNorm(c.inner))


def trained_parts(network: PlannerNetwork) -> dict[str, Tensor]:
    """Everything that training changes: all but the encoder's word embeddings, which the MiniLM package carries."""
    return {name: value for name, value in network.state_dict().items() if not frozen(name)}


def frozen(name: str) -> bool:
    """Whether a parameter keeps MiniLM's value: its word and position tables, and the pooler that nothing uses."""
    return name.startswith(("encoder.embeddings.", "encoder.pooler."))


def freeze(network: PlannerNetwork) -> list[dict[str, Any]]:
    """Freeze what is not trained; optimiser groups of the encoder and of the rest."""
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(not frozen(name))
    inside = [p for p in network.encoder.parameters() if p.requires_grad]
    outside = [p for n, p in network.named_parameters() if not n.startswith("encoder.") and p.requires_grad]
    return [{"params": inside, "name": "encoder"}, {"params": outside, "name": "new"}]
