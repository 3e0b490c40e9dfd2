"""What was done, so that it can be done again: searches are counted in steps of work, and only the number of steps follows the clock.

A live run asks `more(stage)` before each step and gets yes while the stage's share of the time lasts; a replay gets yes exactly as often
as the recorded run did. Nothing else in the solver looks at the time, except the safety stop of an exact level (recorded with the
number of solutions it had seen).
"""

import threading
import time


class Work:
    def __init__(self, seconds, replay=None, clock=time.monotonic):
        """`seconds` by `clock` (wall clock, or `time.process_time`: then a busy machine changes no result); `replay` the `work` list of
        an earlier plan.
        """
        self.clock = clock
        self.begin, self.wall = clock(), time.monotonic()
        self.seconds = seconds
        self.record = []
        self.replay = None if replay is None else [dict(entry) for entry in replay]
        self.news = []
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.on_stop = None

    @property
    def replaying(self):
        return self.replay is not None

    def elapsed(self):
        return self.clock() - self.begin

    def busy(self):
        """How many times longer than by the run's clock it takes by the wall: above 1 where others use the machine."""
        return max(1.0, (time.monotonic() - self.wall) / max(0.1, self.elapsed()))

    def remaining(self):
        return self.seconds - self.elapsed()

    def recorded(self, stage):
        """The entry of `stage` in the replayed plan, or None."""
        return next((entry for entry in self.replay or [] if entry["stage"] == stage), None)

    def recorded_now(self, stage):
        """The entry of `stage` in this run, or None."""
        return next((entry for entry in self.record if entry["stage"] == stage), None)

    def note(self, stage, **done):
        self.record.append({"stage": stage, **done})

    def steps(self, stage, until, *, reserve=1.0, most=None):
        """Yields 0, 1, 2 … while `stage` may take another step; `until` second of the run by which the next step should be over.

        A step is expected to last as long as the longest of the last three, times `reserve`. Records the number of steps taken.
        """
        entry = {"stage": stage, "steps": 0}
        self.record.append(entry)
        old = self.recorded(stage)
        lasted = []
        while True:
            if self.replaying:
                if old is None or entry["steps"] >= old["steps"]:
                    return
            elif self.stop.is_set() or self.elapsed() + reserve * max(lasted[-3:], default=0.0) >= until:
                return
            if most is not None and entry["steps"] >= most:
                return
            begin = self.clock()
            entry["steps"] += 1
            yield entry["steps"] - 1
            lasted.append(self.clock() - begin)

    def tell(self, **news):
        """Hands a piece of progress to whoever watches (read by `engine` in the caller's own thread)."""
        with self.lock:
            self.news.append({**news, "seconds": self.elapsed()})

    def heard(self):
        with self.lock:
            news, self.news = self.news, []
        return news
