import pytest

from monitor.rules.lines import DuplicateKey, load

TEXT = """id: a
examples:
  hit:
    - 一
    - {say: 二,
       side: agent}
"""


def test_every_value_has_its_line() -> None:
    """However deep; what is not there has the line of what is around it."""
    document = load(TEXT)
    assert document.line(("id",)) == 1
    assert document.line(("examples", "hit", 1)) == 5
    assert document.line(("examples", "hit", 1, "side")) == 6
    assert document.line(("examples", "miss", 3)) == 2
    assert document.line(("nothing",)) == 1


def test_sequences_are_frozen() -> None:
    """Strict models take tuples."""
    assert load(TEXT).value["examples"]["hit"] == ("一", {"say": "二", "side": "agent"})


def test_a_key_twice_is_refused() -> None:
    """PyYAML would quietly take the last."""
    with pytest.raises(DuplicateKey) as error:
        load("a: 1\nb:\n  c: 1\n  c: 2\n")
    assert (error.value.key, error.value.line) == ("c", 4)


def test_an_empty_file_is_nothing() -> None:
    """Not an error here: the parser says what it misses."""
    assert load("").value is None
