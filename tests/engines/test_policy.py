"""Caps on what is decoded."""

from monitor.engines.policy import DecodePolicy


def test_the_cap_on_tokens_grows_with_the_audio() -> None:
    policy = DecodePolicy(tokens_least=8, tokens_per_s=10)
    assert [policy.tokens_most(ms) for ms in (0, 1_000, 12_000)] == [8, 18, 128]


def test_a_passage_needs_fewer_beams_than_a_sentence_and_a_partial_one() -> None:
    policy = DecodePolicy(partial_beams=1, final_beams=5, passage_beams=3, passage_ms=20_000)
    assert [policy.beams(ms, partial=False) for ms in (6_000, 19_980, 20_000, 30_000)] == [5, 5, 3, 3]
    assert [policy.beams(ms, partial=True) for ms in (6_000, 30_000)] == [1, 1]
