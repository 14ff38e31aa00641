import inspect

import pytest

from monitor import errors
from monitor.errors import EngineError, MonitorError, RuleErrors, RuleFault

EVERY = [it for _, it in inspect.getmembers(errors, inspect.isclass) if issubclass(it, MonitorError)]


@pytest.mark.parametrize("kind", EVERY, ids=lambda it: it.__name__)
def test_every_error_says_who_must_act_and_has_a_code(kind: type[MonitorError]):
    assert kind.__doc__
    assert kind.exit_status in (2, 3)
    assert kind.code[-4] == "-"
    assert kind.__name__ in (errors.__doc__ or "") or kind is RuleFault


def test_text_is_code_where_what_hint():
    error = MonitorError("no such file", where="a.wav", hint="look again", code="AUD-002")
    assert str(error) == "AUD-002 a.wav: no such file (look again)"
    assert error.code == "AUD-002"
    assert MonitorError.code == "MON-000"


def test_rule_errors_name_all_faults():
    faults = [RuleFault("no id", where="a.yaml:1"), RuleFault("no title", where="b.yaml:2", code="RULE-002")]
    assert str(RuleErrors(faults)) == "RULE-001 a.yaml:1: no id\nRULE-002 b.yaml:2: no title"


def test_engine_errors_say_whether_to_try_again():
    assert EngineError("busy", retryable=True).retryable
    assert not EngineError("gone").retryable
