import json
from typing import get_args

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import InputError
from monitor.events import Published, Warning, from_json, schema, to_json
from monitor.frames import Side

KINDS = get_args(Published)
CONTRACT = jsonschema.Draft202012Validator(schema())


@pytest.mark.parametrize("kind", KINDS, ids=lambda it: it.__name__)
@settings(max_examples=25)
@given(data=st.data())
def test_every_event_survives_json(kind: type, data: st.DataObject):
    event = data.draw(
        st.builds(
            kind, **({"summary": st.dictionaries(st.text(), st.integers())} if kind.__name__ == "CallEnded" else {})
        )
    )
    text = json.dumps(to_json(event), ensure_ascii=False)
    assert from_json(json.loads(text)) == event
    CONTRACT.validate(json.loads(text))


def test_a_note_says_from():
    kinds = {it.__name__: it for it in KINDS}
    data = to_json(kinds["Note"](call_id="c", at_ms=1, author="王主管", text="先道歉"))
    assert data["from"] == "王主管"
    assert "author" not in data


def test_names_of_the_contract():
    warning = Warning(
        call_id="c",
        at_ms=1,
        warning_id="w",
        status="confirmed",
        rule_id="r",
        title="t",
        severity="major",
        side=Side.AGENT,
        match="literal",
        from_ms=0,
        to_ms=1,
    )
    assert set(to_json(warning)) >= {
        "seq",
        "kind",
        "call_id",
        "at_ms",
        "seen_at",
        "warning_id",
        "status",
        "rule_id",
        "title",
        "category",
        "severity",
        "side",
        "quote",
        "phrase",
        "match",
        "score",
        "from_ms",
        "to_ms",
        "rewrite",
        "advice",
        "basis",
        "lag_ms",
    }


@pytest.mark.parametrize("data", [{}, {"kind": "no.such"}, {"kind": "warning", "at_ms": "soon"}])
def test_what_is_no_event_is_refused_with_a_code(data: dict):
    with pytest.raises(InputError) as caught:
        from_json(data)
    assert caught.value.code == "EVT-001"
