import threading
import time
from contextlib import closing
from random import Random

import pytest

from lightning_eda.tables.csv.parallel import in_order


def test_results_come_in_the_order_of_the_items():
    """Though the work on each takes another time."""
    random = Random(1)

    def work(number: int) -> int:
        time.sleep(random.random() / 500)
        return number * number

    assert list(in_order(iter(range(200)), work, threads=4)) == [number * number for number in range(200)]
    assert list(in_order(iter(()), work)) == []


def test_few_items_are_taken_ahead():
    """So that memory is bounded when the results are taken slowly."""
    taken: list[int] = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    with closing(in_order(items(), lambda number: number, threads=2)) as results:
        next(results)
        time.sleep(0.05)
        assert len(taken) <= 4


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_comes_in_its_place(threads):
    """Of an item or of its work, after the results before it."""

    def items():
        yield from range(5)
        raise OSError("source")

    def work(number: int) -> int:
        if number == 7:
            raise ValueError("work")
        return number

    for source, kind, count in ((items(), OSError, 5), (iter(range(20)), ValueError, 7)):
        found = []
        with pytest.raises(kind):
            for result in in_order(source, work, threads):
                found.append(result)
        assert found == list(range(count))


def test_no_thread_is_left_when_the_reader_stops():
    """Nor when it never reads to the end."""
    before = threading.active_count()
    with closing(in_order(iter(range(1000)), lambda number: number, threads=3)) as results:
        next(results)
    assert threading.active_count() == before
