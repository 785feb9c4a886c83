"""Work on several items at once, with the results in the order of the items."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition
from typing import Generic, TypeVar, cast

Item = TypeVar("Item")
Result = TypeVar("Result")
END = object()
MOST_THREADS = 8


def usual_threads() -> int:
    """One for each processor, but at least two, one of which waits for bytes, and at most eight."""
    return min(MOST_THREADS, max(2, os.cpu_count() or 1))


class _Turns(Generic[Item]):
    """Hands out the items of an iterator in order to threads that come in any order."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._condition = Condition()
        self._turn = 0

    def take(self, ticket: int) -> Item | object:
        """The item of this ticket, or END; waits until those before it are taken."""
        with self._condition:
            self._condition.wait_for(lambda: self._turn == ticket)
            try:
                return next(self._items, END)
            finally:
                self._turn += 1
                self._condition.notify_all()


def in_order(
    items: Iterator[Item], work: Callable[[Item], Result], threads: int | None = None
) -> Generator[Result, None, None]:
    """The result of each item, in order, while the next items are made and worked on in threads.

    The items themselves are made in these threads too, one at a time. At most one more than `threads` are
    under way or waiting to be taken, so that memory is bounded. The first error, of an item or of its work,
    is raised in its place; the threads have ended when the iterator is closed.

    Args:
        items: What to work on.
        work: Called with each item; it must not depend on the others.
        threads: How many; None for `usual_threads`.
    """
    threads = threads or usual_threads()
    turns = _Turns(items)

    def step(ticket: int) -> Result | object:
        item = turns.take(ticket)
        return END if item is END else work(cast(Item, item))

    pool = ThreadPoolExecutor(threads, thread_name_prefix="csv")
    try:
        waiting: deque[Future[Result | object]] = deque(pool.submit(step, n) for n in range(threads + 1))
        tickets = threads + 1
        while (result := waiting.popleft().result()) is not END:
            yield cast(Result, result)
            waiting.append(pool.submit(step, tickets))
            tickets += 1
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
