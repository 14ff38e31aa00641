"""Stage marks add up in the collector of their own thread, and only there."""

from threading import Thread

from monitor.engines.stages import merge, record, stage


def test_stages_are_collected_and_add_up() -> None:
    with record() as seconds:
        with stage("encode"):
            pass
        first = seconds["encode"]
        with stage("encode"), stage("inner"):
            pass
    assert seconds["encode"] > first > 0
    assert set(seconds) == {"encode", "inner"}


def test_a_stage_without_a_collector_is_nothing() -> None:
    with stage("encode"):
        pass


def test_another_thread_has_its_own_collector() -> None:
    def elsewhere() -> None:
        with stage("theirs"):
            pass

    with record() as seconds:
        thread = Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert seconds == {}


def test_a_failing_stage_still_counts() -> None:
    with record() as seconds:
        try:
            with stage("encode"):
                raise ValueError
        except ValueError:
            pass
    assert "encode" in seconds


def test_what_another_thread_collected_can_be_added() -> None:
    merge({"encode": 1.0})
    with record() as seconds:
        merge({"encode": 1.0, "words": 2.0})
        merge({"encode": 0.5})
    assert seconds == {"encode": 1.5, "words": 2.0}
