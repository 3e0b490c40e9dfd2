"""The problem as integer arrays, in the one shape all parts of the solver share.

One *column* per compatible pair, in the order of `matching.pairs` (need id, offering id). A column counts *steps*: for a need filled
from a single offering one step is the whole quantity (so the column is 0 or 1), for every other need one step is one unit. All
coefficients below are per step. Money is whole fen, distance whole metres, points as in the contract (u_n = 1000·weight div quantity).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

ANY, WHOLE, SINGLE = 0, 1, 2
FILLS = {"any": ANY, "whole": WHOLE, "single": SINGLE}
NO_LIMIT = np.int64(2**62)


class Plain(NamedTuple):
    """Fields of the columns as lists, for code that goes from one column to the next: a list's number is had in a tenth of the time."""

    need: list[int]
    offering: list[int]
    load: list[int]
    cost: list[int]
    worth: list[int]
    payers: list[int]
    high: list[int]


@dataclass(frozen=True)
class Instance:
    """Shapes: P columns, N needs, O offerings, H households, T townships, F funds, K payer classes, L limits."""

    need: np.ndarray  # (P,) int64 row of the need
    offering: np.ndarray  # (P,) int64 row of the offering
    step: np.ndarray  # (P,) units per step
    load: np.ndarray  # (P,) capacity taken per step
    cost: np.ndarray  # (P,) fen per step
    points: np.ndarray  # (P,) points per step
    worth: np.ndarray  # (P,) fen per step against the household cap
    distance: np.ndarray  # (P,) metres per step
    lottery: np.ndarray  # (P,) draw per step
    payers: np.ndarray  # (P,) payer class, -1 where nothing is to be paid
    low: np.ndarray  # (P,) fewest steps (pins)
    high: np.ndarray  # (P,) most steps, tightened by every row the column meets alone
    fill: np.ndarray  # (N,)
    steps_wanted: np.ndarray  # (N,) 1 for a single need, else its quantity
    quantity: np.ndarray  # (N,) units
    tier: np.ndarray  # (N,) 0, 1, 2
    unit_points: np.ndarray  # (N,)
    household: np.ndarray  # (N,)
    township: np.ndarray  # (N,)
    capacity: np.ndarray  # (O,)
    max_needs: np.ndarray  # (O,) NO_LIMIT where absent
    household_cap: np.ndarray  # (H,) NO_LIMIT where absent
    township_points: np.ndarray  # (T,) D_g
    fund_amount: np.ndarray  # (F,)
    classes: tuple[tuple[int, ...], ...]  # (K,) the funds that may pay a column of this class
    breadth: np.ndarray  # (F,) how many classes a fund may pay
    limit_max: np.ndarray  # (L,)
    limit_members: tuple[np.ndarray, ...]  # (L,) column rows, only those that cost something
    by_need: np.ndarray  # (N+1,) columns of need n: by_need[n]:by_need[n+1]
    offering_order: np.ndarray  # (P,) columns sorted by offering
    by_offering: np.ndarray  # (O+1,) into offering_order
    pinned: np.ndarray  # rows of pinned columns
    block: np.ndarray  # (N,) number of the need's category
    need_ids: tuple[str, ...]
    offering_ids: tuple[str, ...]
    fund_ids: tuple[str, ...]
    household_ids: tuple[str, ...]
    limit_ids: tuple[str, ...]
    floor_percent: int
    tolerance_permille: int

    @property
    def size(self):
        return len(self.need)

    @cached_property
    def plain(self):
        return Plain(*(getattr(self, name).tolist() for name in Plain._fields))

    def columns_of_need(self, need):
        return np.arange(self.by_need[need], self.by_need[need + 1])

    def columns_of_offering(self, offering):
        return self.offering_order[self.by_offering[offering] : self.by_offering[offering + 1]]

    def columns_of_needs(self, needs):
        return ranges(self.by_need, np.asarray(needs))

    def columns_of_offerings(self, offerings):
        return self.offering_order[ranges(self.by_offering, np.asarray(offerings))]


def ranges(start, rows):
    """All positions start[r]:start[r+1] of the given rows, one after another."""
    first, count = start[rows], start[rows + 1] - start[rows]
    if not len(rows) or not count.sum():
        return np.zeros(0, np.int64)
    offset = np.repeat(first - np.concatenate(([0], np.cumsum(count)[:-1])), count)
    return offset + np.arange(count.sum())


def build_instance(problem, pairs):
    """Arrays of `problem` over its compatible `pairs`; pins become bounds of their columns. Raises UnplacedPin.

    Needs, offerings, funds, limits, households and townships are numbered by their ids, so the order of rows in a file decides nothing.
    """
    needs, need_rank = _by_id(problem.needs)
    offerings, offering_rank = _by_id(problem.offerings)
    funds, fund_rank = _by_id(problem.funds)
    limit_order = sorted(range(len(problem.limits)), key=lambda k: problem.limits[k].id)
    need, offering = need_rank[np.asarray(pairs.need, np.int64)], offering_rank[np.asarray(pairs.offering, np.int64)]
    if len(need) and (np.diff(need * len(offerings) + offering) <= 0).any():
        raise ValueError("pairs are not sorted by (need id, offering id)")
    fill = np.array([FILLS[n.fill] for n in needs], np.int64)
    quantity = np.array([n.quantity for n in needs], np.int64)
    unit_points = np.array([n.unit_points for n in needs], np.int64)
    steps_wanted = np.where(fill == SINGLE, 1, quantity)
    household, caps = _households(problem, needs)
    township = np.asarray(pairs.township, np.int64)[np.argsort(need_rank)]
    step = np.where(fill == SINGLE, quantity, 1)[need]
    load = np.asarray(pairs.load, np.int64)
    cost = np.asarray(pairs.unit_cost_fen, np.int64) * step
    worth = np.array([n.unit_worth_fen for n in needs], np.int64)[need] * step
    capacity = np.array([o.capacity for o in offerings], np.int64)
    fund_amount = np.array([f.amount_fen for f in funds], np.int64)
    classes, payers = _payer_classes(pairs, cost, fund_rank)
    breadth = np.bincount(
        np.array([f for funds_of in classes for f in funds_of], np.int64), minlength=len(funds)
    ).astype(np.int64)
    limit_max = np.array([problem.limits[k].max_fen for k in limit_order], np.int64)
    members = tuple(_paid(pairs.limit_members[k], cost) for k in limit_order)
    max_needs = np.array([NO_LIMIT if o.max_needs is None else o.max_needs for o in offerings], np.int64)
    high = _tight_high(
        steps_wanted[need],
        load,
        capacity[offering],
        worth,
        caps[household][need],
        cost,
        payers,
        classes,
        fund_amount,
        limit_max,
        members,
    )
    high[max_needs[offering] == 0] = 0
    low, high, pinned = _pin_bounds(problem, needs, offerings, need, offering, fill, quantity, high)
    order = np.argsort(offering, kind="stable")
    town_points = np.zeros(len(pairs.townships), np.int64)
    np.add.at(town_points, township, unit_points * quantity)
    return Instance(
        need=need, offering=offering, step=step, load=load, cost=cost, points=unit_points[need] * step, worth=worth,
        distance=np.asarray(pairs.distance_m, np.int64) * step, lottery=np.asarray(pairs.lottery, np.int64) * step,
        payers=payers, low=low, high=high, fill=fill, steps_wanted=steps_wanted, quantity=quantity,
        tier=np.array([n.tier - 1 for n in needs], np.int64), unit_points=unit_points, household=household, township=township,
        capacity=capacity, max_needs=max_needs, household_cap=caps, township_points=town_points,
        fund_amount=fund_amount, classes=classes, breadth=breadth, limit_max=limit_max, limit_members=members,
        by_need=np.searchsorted(need, np.arange(len(needs) + 1)), offering_order=order,
        by_offering=np.searchsorted(offering[order], np.arange(len(offerings) + 1)), pinned=pinned,
        floor_percent=problem.policy.floor_percent, tolerance_permille=problem.policy.tolerance_permille,
        block=np.unique(np.array([n.category for n in needs], dtype=object).astype(str), return_inverse=True)[1] if needs else np.zeros(0, np.int64),
        need_ids=tuple(n.id for n in needs), offering_ids=tuple(o.id for o in offerings), fund_ids=tuple(f.id for f in funds),
        household_ids=tuple(sorted({n.household for n in needs})), limit_ids=tuple(problem.limits[k].id for k in limit_order),
    )  # fmt: skip


COLUMNS = (
    "need",
    "offering",
    "step",
    "load",
    "cost",
    "points",
    "worth",
    "distance",
    "lottery",
    "payers",
    "low",
    "high",
)


def narrowed(instance, columns):
    """The instance over these `columns` (ascending, the pinned ones among them) alone."""
    i, place = instance, np.full(instance.size, -1)
    place[columns] = np.arange(len(columns))
    own = {name: getattr(i, name)[columns] for name in COLUMNS}
    order = np.argsort(own["offering"], kind="stable")
    members = tuple(place[rows][place[rows] >= 0] for rows in i.limit_members)
    return replace(
        i, **own, limit_members=members, pinned=place[i.pinned], offering_order=order,
        by_need=np.searchsorted(own["need"], np.arange(len(i.fill) + 1)),
        by_offering=np.searchsorted(own["offering"][order], np.arange(len(i.capacity) + 1)),
    )  # fmt: skip


def _by_id(rows):
    """The rows in order of id, and the place of each original row in that order."""
    order = sorted(range(len(rows)), key=lambda k: rows[k].id)
    rank = np.zeros(len(rows), np.int64)
    rank[order] = np.arange(len(rows))
    return [rows[k] for k in order], rank


def _households(problem, needs):
    """(household of each need, cap in fen of each household; NO_LIMIT: none), households in order of id."""
    names = sorted({n.household for n in needs})
    row = {name: h for h, name in enumerate(names)}
    caps = [problem.cap_fen(name) for name in names]
    return np.array([row[n.household] for n in needs], np.int64), np.array(
        [NO_LIMIT if c is None else c for c in caps], np.int64
    )


def _payer_classes(pairs, cost, fund_rank):
    """Columns with the same set of possible payers form a class: money then flows class → fund, not column → fund."""
    sets = [tuple(sorted(fund_rank[list(funds)].tolist())) for funds in pairs.payer_sets]
    used = np.bincount(pairs.payer_class[cost > 0], minlength=len(sets)) > 0
    classes = tuple(sorted({sets[k] for k in np.flatnonzero(used).tolist()}))
    place = {funds: row for row, funds in enumerate(classes)}
    of_set = np.array([place.get(funds, -1) for funds in sets], np.int64)
    return classes, np.where(cost > 0, of_set[pairs.payer_class], -1)


def _paid(rows, cost):
    rows = np.asarray(rows)
    rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
    return rows[cost[rows] > 0]


def _tight_high(most, load, capacity, worth, cap, cost, payers, classes, fund_amount, limit_max, members):
    """The most steps one column can take when every other column is zero."""
    high = most.copy()
    for coefficient, room in ((load, capacity), (worth, cap)):
        some = coefficient > 0
        high[some] = np.minimum(high[some], room[some] // coefficient[some])
    if classes:
        purse = np.array([sum(int(fund_amount[f]) for f in funds) for funds in classes], np.int64)
        some = payers >= 0
        high[some] = np.minimum(high[some], purse[payers[some]] // cost[some])
    for rows, limit in zip(members, limit_max, strict=True):
        high[rows] = np.minimum(high[rows], limit // cost[rows])
    return high


class UnplacedPin(ValueError):
    """A pin asks for a quantity that its pair can never have, whatever else is delivered."""

    def __init__(self, pin, why):
        super().__init__(f"pin {pin.need}, {pin.offering}: quantity {pin.quantity} {why}")
        self.need, self.offering = pin.need, pin.offering


def _pin_bounds(problem, needs, offerings, need, offering, fill, quantity, high):
    low, high = np.zeros(len(need), np.int64), high.copy()
    need_row = {n.id: row for row, n in enumerate(needs)}
    offering_row = {o.id: row for row, o in enumerate(offerings)}
    key = need * max(1, len(offerings)) + offering
    pinned = []
    for pin in sorted(problem.pins, key=lambda pin: (pin.need, pin.offering)):
        n = need_row[pin.need]
        wanted = n * len(offerings) + offering_row[pin.offering]
        column = int(np.searchsorted(key, wanted))
        if column == len(key) or key[column] != wanted:
            if pin.quantity:
                raise UnplacedPin(pin, "is asked of a pair that is not compatible")
            continue
        steps = pin.quantity
        if fill[n] == SINGLE:
            if pin.quantity not in (0, int(quantity[n])):
                raise UnplacedPin(pin, f"of a need that takes all {quantity[n]} from one offering or nothing")
            steps = int(pin.quantity > 0)
        # a pin beyond what the pair can carry is refused by `pins`, which names the row that forbids it
        low[column] = high[column] = steps
        pinned.append(column)
    return low, high, np.array(pinned, np.int64)
