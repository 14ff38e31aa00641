"""Traditional to Simplified."""

import pytest

from monitor.engines.simplified import simplified


@pytest.mark.parametrize(
    ("text", "simple"),
    [("這是不為我做啊?", "这是不为我做啊?"), ("请稍等", "请稍等"), ("VIP 客戶", "VIP 客户"), ("", "")],
)
def test_every_character_is_simplified_and_nothing_else(text: str, simple: str) -> None:
    assert simplified(text) == simple
