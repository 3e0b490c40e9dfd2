"""The constraints of one part of the needs as mixed-integer rows: the same business rules as `rows`, within the part's rooms."""

import numpy as np

from matching.solver.instance import NO_LIMIT, WHOLE
from matching.solver.mip import Rows
from matching.solver.relaxation import MONEY, POINTS


class Part:
    """`columns` of the instance in play, all other columns fixed; numbers 0..n-1 are these columns, then auxiliaries."""

    def __init__(self, instance, columns, room, objective):
        """`room` Rooms of this part; `objective` (n,) per column, maximised."""
        self.instance, self.columns, self.room = instance, columns, room
        i = self.instance
        self.high = i.high[columns].copy()
        self.rows = Rows([], [], [], [])
        self.own = self.rows.add_columns(i.low[columns], self.high, True, objective)
        self.each_need_is_filled_as_it_asks()
        self.no_offering_gives_more_than_it_has()
        self.no_offering_serves_more_needs_than_it_can()
        self.no_household_gets_more_than_its_cap()
        self.every_cost_is_paid_by_funds_that_may_pay()
        self.every_limit_holds()

    def each_need_is_filled_as_it_asks(self):
        """Any part counts, or all or nothing from several offerings, or all from one offering: as the need's `fill` says."""
        i = self.instance
        needs, row = np.unique(i.need[self.columns], return_inverse=True)
        whole = i.fill[needs] == WHOLE
        wanted = i.steps_wanted[needs].astype(float)
        self.rows.add_family(
            row, self.own, np.ones(len(row)), np.full(len(needs), -np.inf), np.where(whole, np.inf, wanted)
        )
        if whole.any():
            at = np.flatnonzero(whole)
            served = self.rows.add_columns(np.zeros(len(at)), np.ones(len(at)), True, np.zeros(len(at)))
            place = np.full(len(needs), -1)
            place[at] = np.arange(len(at))
            some = np.flatnonzero(place[row] >= 0)
            self.rows.add_family(
                np.concatenate((place[row[some]], np.arange(len(at)))), np.concatenate((self.own[some], served)),
                np.concatenate((np.ones(len(some)), -wanted[at])), np.zeros(len(at)), np.zeros(len(at)),
            )  # fmt: skip

    def no_offering_gives_more_than_it_has(self):
        """The load of all deliveries of an offering stays within its capacity."""
        i = self.instance
        self._within(i.offering[self.columns], i.load[self.columns], self.room.capacity)

    def no_offering_serves_more_needs_than_it_can(self):
        """An offering with `max_needs` delivers to at most that many needs."""
        i = self.instance
        offering = i.offering[self.columns]
        count = np.bincount(offering, self.high > 0, len(i.capacity))
        tight = (self.room.places < NO_LIMIT // 2) & (count > self.room.places)
        some = np.flatnonzero(tight[offering] & (self.high > 0))
        if not len(some):
            return
        counted = self.own[some].copy()
        many = np.flatnonzero(self.high[some] > 1)
        if len(many):
            serves = self.rows.add_columns(np.zeros(len(many)), np.ones(len(many)), True, np.zeros(len(many)))
            at = np.arange(len(many))
            self.rows.add_family(
                np.concatenate((at, at)), np.concatenate((counted[many], serves)),
                np.concatenate((np.ones(len(many)), -self.high[some[many]].astype(float))), np.full(len(many), -np.inf), np.zeros(len(many)),
            )  # fmt: skip
            counted[many] = serves
        self._rows_of(offering[some], counted, np.ones(len(some)), self.room.places.astype(float))

    def no_household_gets_more_than_its_cap(self):
        """What a household receives, at its worth in fen, stays within the household's cap."""
        i = self.instance
        self._within(i.household[i.need[self.columns]], i.worth[self.columns], self.room.household, MONEY)

    def every_cost_is_paid_by_funds_that_may_pay(self):
        """Each fen of cost is charged to a fund whose earmarks allow it, and no fund is charged more than its share."""
        i = self.instance
        payers = i.payers[self.columns]
        paid = np.flatnonzero(payers >= 0)
        if not len(paid):
            return
        classes, row = np.unique(payers[paid], return_inverse=True)
        pairs = [(k, fund) for k, c in enumerate(classes) for fund in i.classes[c]]
        of_class, of_fund = (np.array(x, np.int64) for x in zip(*pairs, strict=True))
        # a faint price on broad money leaves it to those whom no other fund may pay
        faint = 1e-6 * (1 + i.breadth[of_fund] / max(1, len(i.classes)))
        amounts = np.maximum(0, self.room.funds[of_fund]) / MONEY
        flow = self.rows.add_columns(np.zeros(len(pairs)), amounts, False, -faint)
        self.rows.add_family(
            np.concatenate((row, of_class)), np.concatenate((self.own[paid], flow)),
            np.concatenate((i.cost[self.columns[paid]] / MONEY, -np.ones(len(pairs)))), np.zeros(len(classes)), np.zeros(len(classes)),
        )  # fmt: skip
        self._rows_of(of_fund, flow, np.ones(len(pairs)), self.room.funds / MONEY)

    def every_limit_holds(self):
        """The cost of all allocations that a limit counts stays within its fen."""
        i = self.instance
        place = np.full(i.size, -1, np.int64)
        place[self.columns] = np.arange(len(self.columns))
        for members, most in zip(i.limit_members, self.room.limits.tolist(), strict=True):
            at = place[members]
            at = at[at >= 0]
            if len(at):
                self.rows.add_family(
                    np.zeros(len(at)), self.own[at], i.cost[self.columns[at]] / MONEY, [-np.inf], [most / MONEY]
                )

    def tier_keeps(self, tier, points):
        """The part's needs of `tier` keep at least these points."""
        i = self.instance
        at = np.flatnonzero(i.tier[i.need[self.columns]] == tier)
        if len(at) and points > 0:
            self.rows.add_family(
                np.zeros(len(at)), self.own[at], i.points[self.columns[at]] / POINTS, [points / POINTS - 1e-7], [np.inf]
            )

    def keeps(self, key, coefficients, least=None, most=None, scale=1.0):
        """Σ coefficients·steps per distinct `key` (n,) stays at or above `least` / at or below `most` (one number per key value)."""
        names, row = np.unique(key, return_inverse=True)
        some = np.flatnonzero(coefficients)
        lower = np.full(len(names), -np.inf) if least is None else np.asarray(least, float) / scale
        upper = np.full(len(names), np.inf) if most is None else np.asarray(most, float) / scale
        self.rows.add_family(row[some], self.own[some], coefficients[some] / scale, lower, upper)

    def solve(self, steps, **limits):
        """(steps with the part's columns replaced, the solver's Answer); the steps are None where nothing usable came back."""
        answer = self.rows.solve(**limits)
        if answer.x is None:
            return None, answer
        found = np.rint(answer.x[self.own]).astype(np.int64)
        joined = steps.copy()
        joined[self.columns] = found
        return joined, answer

    def _within(self, key, coefficient, room, scale=1.0):
        """Rows only where the part could use more than its room."""
        most = np.bincount(key, coefficient.astype(float) * self.high, len(room))
        tight = (room < NO_LIMIT // 2) & (most > room)
        some = np.flatnonzero(tight[key] & (coefficient > 0))
        self._rows_of(
            key[some], self.own[some], coefficient[some] / scale, np.where(room < NO_LIMIT // 2, room, 0) / scale
        )

    def _rows_of(self, key, columns, values, room):
        if not len(key):
            return
        names, row = np.unique(key, return_inverse=True)
        self.rows.add_family(row, columns, values, np.full(len(names), -np.inf), room[names])
