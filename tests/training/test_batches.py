"""Batches made ready in the background: in order, one ahead, and with the errors of those that make them."""

import threading
from collections.abc import Iterator

import pytest

from mnistnet.training.batches import in_background


def test_results_come_in_order_each_made_while_the_one_before_is_used() -> None:
    asked: list[int] = []
    makers = set()

    def items() -> Iterator[int]:
        for number in range(5):
            asked.append(number)
            yield number

    def make(number: int) -> int:
        makers.add(threading.current_thread())
        return number * number

    for number, result in enumerate(in_background(make, items())):
        assert result == number * number
        assert asked == list(range(min(number + 2, 5)))
    assert makers.isdisjoint({threading.main_thread()})
    assert list(in_background(make, [])) == []


def test_an_error_in_the_background_comes_to_the_caller() -> None:
    results = in_background(lambda number: 1 // number, [1, 0])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_leaving_the_loop_ends_the_thread() -> None:
    threads = set(threading.enumerate())
    results = in_background(lambda number: number, range(100))
    assert next(results) == 0
    (own,) = set(threading.enumerate()) - threads
    del results
    own.join(10)
    assert not own.is_alive()
