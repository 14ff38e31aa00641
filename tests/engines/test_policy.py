"""Caps on what is decoded."""

from monitor.engines.policy import DecodePolicy


def test_the_cap_on_tokens_grows_with_the_audio() -> None:
    policy = DecodePolicy(tokens_least=8, tokens_per_s=10)
    assert [policy.tokens_most(ms) for ms in (0, 1_000, 12_000)] == [8, 18, 128]
