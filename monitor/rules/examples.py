"""Rules prove themselves: every example of every rule file, run.

A banned rule fires on its hits and stays silent on its misses; nothing that the rules themselves
recommend, and no ordinary sentence, breaks any rule. Timed rules play their tapes (see
:mod:`monitor.rules.tape`). ``monitor rules check`` and the tests run the same proofs.
"""

from collections.abc import Iterator

from monitor.frames import Side
from monitor.rules.hit import Hit
from monitor.rules.match import Matcher
from monitor.rules.model import BannedRule, Sentence
from monitor.rules.tape import Outcome
from monitor.rules.tape import prove as prove_timed
from monitor.rules.timed import TimedRule
from monitor.text.reading import read


def prove(matcher: Matcher) -> Iterator[Outcome]:
    """Every example of the matcher's rule set, rule by rule, and what came of it."""
    for rule in matcher.ruleset.rules.values():
        if isinstance(rule, BannedRule):
            yield from prove_banned(matcher, rule)
        elif isinstance(rule, TimedRule):
            yield from prove_timed(matcher.ruleset, rule)
    for number, sentence in enumerate(matcher.ruleset.ordinary, 1):
        yield Outcome("ordinary", f"sentence-{number}", sentence, _harmless(matcher, sentence))


def prove_banned(matcher: Matcher, rule: BannedRule) -> Iterator[Outcome]:
    """The examples of one banned rule, and its rewrites; a draft, which never fires, proves nothing."""
    if rule.status == "draft":
        return
    offered = dict.fromkeys([rule.rewrite])
    for number, example in enumerate(rule.examples.hit, 1):
        hits = charged(matcher, example)
        offered.update(dict.fromkeys(hit.rewrite for hit in hits))
        yield Outcome(rule.id, f"hit-{number}", example.text, _hit(hits, rule, example))
    for number, example in enumerate(rule.examples.miss, 1):
        fault = _named(charged(matcher, example), rule)
        yield Outcome(rule.id, f"miss-{number}", example.text, f"fires: {_told(fault)}" if fault else "")
    for number, rewrite in enumerate(filter(None, offered), 1):
        yield Outcome(rule.id, f"rewrite-{number}", rewrite, _harmless(matcher, rewrite))


def charged(matcher: Matcher, example: Sentence) -> list[Hit]:
    """What an example is charged with; there is no audio to ask."""
    return matcher.find(read(example.text), Side(example.side), ask=False)


def _hit(hits: list[Hit], rule: BannedRule, example: Sentence) -> str:
    """What is wrong with a hit that was charged with ``hits``; empty when it holds."""
    own = _named(hits, rule)
    if own is None:
        return f"does not fire; instead: {', '.join(map(_told, hits)) or 'nothing'}"
    quote = read(example.text).quote(own.start, own.end)
    if example.quote and quote != example.quote:
        return f"quotes {quote!r}, not {example.quote!r}"
    if example.rewrite and own.rewrite != example.rewrite:
        return f"offers {own.rewrite!r}, not {example.rewrite!r}"
    return ""


def _named(hits: list[Hit], rule: BannedRule) -> Hit | None:
    """The hit that is charged to ``rule``, or that names it beside a more severe one."""
    return next((hit for hit in hits if hit.rule.id == rule.id), None) or next(
        (hit for hit in hits if rule.id in hit.also), None
    )


def _harmless(matcher: Matcher, text: str) -> str:
    """What is wrong with a sentence on which nothing may fire."""
    hits = matcher.find(read(text), Side.AGENT, ask=False)
    return f"fires: {', '.join(map(_told, hits))}" if hits else ""


def _told(hit: Hit) -> str:
    return f"{hit.rule.id} by {hit.match} {hit.phrase!r}"
