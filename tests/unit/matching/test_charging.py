"""Who could still pay what: one network for all classes says the same as money shifted path by path."""

import random
from types import SimpleNamespace

import pytest

from matching.charging import FundFlow
from matching.solver.fund_rooms import fund_rooms


def funds(*amounts):
    return SimpleNamespace(funds=[SimpleNamespace(id=f"F{k}", amount_fen=fen) for k, fen in enumerate(amounts)])


def test_room_counts_what_other_classes_could_be_charged_elsewhere():
    flow = FundFlow(funds(100, 50), [(0,), (0, 1)])
    assert flow.add(1, 80)  # all from the first fund
    assert fund_rooms(flow) == [70, 70]  # 50 of these 80 can go to the second fund
    assert flow.spare == [20, 50]


@pytest.mark.parametrize("seed", range(30))
def test_rooms_of_all_classes_are_what_each_alone_is_told(seed):
    draw = random.Random(seed)
    count = draw.randint(1, 6)
    classes = [tuple(sorted(draw.sample(range(count), draw.randint(1, count)))) for _ in range(draw.randint(1, 7))]
    flow = FundFlow(funds(*(draw.randint(0, 500) for _ in range(count))), classes)
    for _ in range(draw.randint(0, 12)):
        flow.add(draw.randrange(len(classes)), draw.randint(1, 200))
    before = flow.snapshot()
    assert fund_rooms(flow) == [flow.room(c) for c in range(len(classes))]
    assert flow.snapshot() == before
