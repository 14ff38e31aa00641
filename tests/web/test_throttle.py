from monitor.web.throttle import ADDRESSES, FORGET_S, FREE, LONGEST_S, Throttle


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def failed(throttle: Throttle, times: int, address: str = "x") -> None:
    for _ in range(times):
        throttle.failed(address)


def test_a_few_mistakes_cost_nothing() -> None:
    throttle = Throttle(Clock())
    failed(throttle, FREE)
    assert throttle.wait_s("x") == 0


def test_each_further_one_doubles_the_wait_up_to_a_minute() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    failed(throttle, FREE)
    waits = []
    for _ in range(10):
        throttle.failed("x")
        waits.append(throttle.wait_s("x"))
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == LONGEST_S
    clock.now += LONGEST_S
    assert throttle.wait_s("x") == 0
    assert throttle.wait_s("y") == 0


def test_success_and_time_forgive() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    failed(throttle, FREE + 3)
    throttle.succeeded("x", "digest")
    assert throttle.wait_s("x") == 0
    assert throttle.proven("digest")
    assert not throttle.proven("other")
    failed(throttle, FREE + 3)
    clock.now += FORGET_S + 1
    throttle.failed("x")
    assert throttle.wait_s("x") == 0


def test_memory_is_bounded() -> None:
    throttle = Throttle(Clock())
    for number in range(ADDRESSES + 10):
        throttle.failed(str(number))
        throttle.succeeded("z", str(number))
    assert len(throttle._failures) == ADDRESSES
    assert len(throttle._proven) == ADDRESSES
