"""The rules in force: what they say, how they fare, trying a sentence on them."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from monitor.errors import InputError
from monitor.frames import Side
from monitor.rules.ledger import raw_span
from monitor.rules.match import Matcher
from monitor.sinks.findings import rule_figures
from monitor.text.reading import read
from monitor.web.api.asked import today
from monitor.web.auth import Reader, Supervisor, note
from monitor.web.parts import parts_of

router = APIRouter(prefix="/v1/rules", tags=["rules"])

_NO_FIGURES = {"warnings": 0, "calls": 0, "upheld": 0, "overturned": 0, "precision": None}


class Sentence(BaseModel):
    """A sentence to try."""

    text: str = Field(min_length=1, max_length=2_000)
    side: Side = Side.AGENT


@router.get("")
async def rules(request: Request, principal: Reader) -> dict[str, Any]:
    """Every rule; with its figures for those who may see all calls."""
    parts = parts_of(request)
    found = await asyncio.to_thread(parts.rulebook.rule_list)
    figures = {} if principal.role == "agent" else await parts.store.read(rule_figures, today())
    for rule in found:
        rule["figures"] = figures.get(rule["id"], _NO_FIGURES)
    return {"version": parts.rulebook.version, "rules": found, "faults": parts.rulebook.fault_list()}


@router.post("/reload")
async def reload(request: Request, principal: Supervisor) -> dict[str, Any]:
    """Read the rule files again. Running calls take the new set at their next utterance."""
    parts = parts_of(request)
    await parts.rulebook.reload(parts.live)
    note(request, principal, f"rules {parts.rulebook.version}")
    return {
        "version": parts.rulebook.version,
        "rules": len(parts.rulebook.matcher.ruleset.rules),
        "faults": parts.rulebook.fault_list(),
    }


@router.post("/try")
async def try_sentence(request: Request, principal: Reader, body: Sentence) -> dict[str, Any]:
    """What a sentence would be charged with, and by which way of matching."""
    return await asyncio.to_thread(_tried, parts_of(request).rulebook.matcher, body.text, body.side)


@router.get("/{rule_id}")
async def rule(request: Request, principal: Reader, rule_id: str) -> dict[str, Any]:
    """One rule."""
    parts = parts_of(request)
    found = parts.rulebook.matcher.ruleset.rules.get(rule_id)
    if found is None:
        raise InputError("there is no such rule", where=rule_id, code="API-002")
    figures = {} if principal.role == "agent" else await parts.store.read(rule_figures, today())
    return {**found.model_dump(mode="json"), "figures": figures.get(rule_id, _NO_FIGURES)}


def _tried(matcher: Matcher, text: str, side: Side) -> dict[str, Any]:
    reading = read(text)
    hits = []
    for hit in matcher.find(reading, side):
        start, end = raw_span(reading, hit)
        hits.append(
            {
                "rule_id": hit.rule.id,
                "title": hit.rule.title,
                "severity": hit.rule.severity,
                "match": hit.match,
                "phrase": hit.phrase,
                "quote": text[start:end],
                "start": start,
                "end": end,
                "score": round(hit.score, 3),
                "needs_audio": hit.needs_audio,
                "rewrite": hit.rewrite or hit.rule.rewrite,
                "advice": hit.rule.advice,
                "also": list(hit.also),
            }
        )
    syllables = [syllable.folded for syllable in reading.syllables]
    return {"hits": hits, "reading": {"plain": reading.plain, "syllables": syllables}}
