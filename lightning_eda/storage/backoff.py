"""How often to try again and how long to pause: exponential, with full jitter, bounded."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True)
class Backoff:
    """Tries and pauses of one kind of request.

    The default of 12 tries is for a server that fails a third of all requests: 180 objects then all arrive
    but for a chance of 180 / 3**12, 1 in 3,000. A server that is down is given up after 16 s on average.

    Attributes:
        tries: Most tries, the first included.
        first_s: Longest pause after the first try, seconds; it doubles with each try.
        longest_s: Bound of every pause, seconds.
        sleep: What waits.
        random: Source of the jitter; unseeded, so that many clients do not come back in step.
    """

    tries: int = 12
    first_s: float = 0.1
    longest_s: float = 5.0
    sleep: Callable[[float], None] = time.sleep
    random: Random = field(default_factory=Random)

    def pause(self, tried: int) -> None:
        """Waits between two tries.

        Args:
            tried: How many tries have failed, from 1.
        """
        self.sleep(self.random.uniform(0, min(self.longest_s, self.first_s * 2.0 ** (tried - 1))))
