"""Random problems in which something of everything is short, of a kind that is solved to the proven optimum in little time."""

from typing import Any

import numpy as np

from matching.fields import TYPES

_COUNTY, _TOWNS = "330399", ("330399100", "330399101", "330399102")
_SKILLS = ("nursing", "legal", "driving")


def scarce(seed: int, *, needs: int, money: bool = True, near: bool = False) -> dict[str, Any]:
    """A problem with this many needs and about half as many offerings; without `money` nothing costs anything; `near`: each offering
    serves one township, amounts can be split and nothing but capacity is short, so that hundreds of needs are still solved exactly."""
    draw = np.random.default_rng(seed)
    goods, hours = ("rice", "oil", "quilts"), ("care", "repair")
    regions = [{"code": _COUNTY, "parent": "", "lat": 28.3, "lon": 120.6}]
    regions += [
        {"code": code, "parent": _COUNTY, "lat": 28.2 + 0.1 * t, "lon": 120.5 + 0.08 * t}
        for t, code in enumerate(_TOWNS)
    ]
    goods = ("rice", "oil", "quilts", "coal", "meals", "paint") if near else goods
    tight = draw.uniform(0.3, 1.2)
    offerings = [_offering(draw, i, goods, hours, tight, money, near) for i in range(max(3, needs // 2))]
    purse = int(sum(o.get("unit_cost_fen", 0) * o["capacity"] for o in offerings) * draw.uniform(0.2, 0.8))
    policy = {
        "floor_percent": int(draw.choice((0, 50, 90))),
        "tolerance_permille": int(draw.choice((0, 1, 5))),
        "household_cap_fen": int(draw.choice((6_000, 12_000, 60_000))),
    }
    return {
        "format": "zhongfu-problem/1",
        "seed": seed,
        "regions": regions,
        "needs": [_need(draw, i, needs, goods, hours, 0.0 if near else 0.3) for i in range(needs)],
        "offerings": offerings,
        "funds": [
            {"id": "F0", "amount_fen": purse // 2},
            {"id": "F1", "amount_fen": purse // 3, "types": sorted({str(t) for t in draw.choice(TYPES, 3)})},
            {"id": "F2", "amount_fen": purse // 4, "categories": ["rice", "care"]},
        ],
        "limits": [
            {"id": "budget", "max_fen": int(purse * draw.uniform(0.6, 1.2))},
            {"id": "bought", "max_fen": int(purse * 0.3), "government_bought": True},
        ],
        "households": {} if near else {"H0": {"cap_fen": 3_000}},
        "forbids": [{"need": "N000", "offering": "O000"}],
        "policy": {"floor_percent": 0, "tolerance_permille": 0} if near else policy,
    }


def _need(
    draw: np.random.Generator, index: int, many: int, goods: tuple[str, ...], hours: tuple[str, ...], single: float
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": f"N{index:03d}",
        "household": f"H{draw.integers(0, max(2, many // 2))}",
        "region": str(draw.choice(_TOWNS)),
        "tier": int(draw.choice((1, 2, 3), p=(0.2, 0.4, 0.4))),
        "weight": int(draw.integers(1, 40)) * 10,
        "type": str(draw.choice(TYPES)),
        "unit_worth_fen": int(draw.choice((0, 500, 1_000))),
    }
    if draw.random() < single:
        row |= {"category": str(draw.choice(hours)), "quantity": int(draw.integers(1, 6)), "fill": "single"}
        if draw.random() < 0.3:
            row["requires"] = [str(draw.choice(_SKILLS))]
    else:
        row |= {"category": str(draw.choice(goods)), "quantity": int(draw.integers(1, 9))}
        if draw.random() < single / 2:
            row["fill"] = "whole"
        if draw.random() < 0.1:
            row["accepts"] = [str(draw.choice(goods))]
    if draw.random() < 0.2:
        row |= {"from": f"2027-02-{draw.integers(10, 20)}", "by": "2027-03-01"}
    return row


def _offering(
    draw: np.random.Generator,
    index: int,
    goods: tuple[str, ...],
    hours: tuple[str, ...],
    tight: float,
    money: bool,
    near: bool,
) -> dict[str, Any]:
    row: dict[str, Any] = {"id": f"O{index:03d}", "donor": f"D{index // 2}", "region": str(draw.choice(_TOWNS))}
    if not near and draw.random() < 0.35:
        row |= {"category": str(draw.choice(hours)), "capacity": int(draw.integers(1, 2 + int(12 * tight)))}
        row["provides"] = sorted({str(s) for s in draw.choice(_SKILLS, 2)})
        if draw.random() < 0.5:
            row["max_needs"] = int(draw.integers(1, 3))
        if draw.random() < 0.5:
            row["radius_m"] = int(draw.integers(2, 30)) * 1000
    else:
        row |= {"category": str(draw.choice(goods)), "capacity": int(draw.integers(1, 2 + int(14 * tight)))}
        if draw.random() < 0.4:
            row["areas"] = sorted({str(t) for t in draw.choice(_TOWNS, 2)})
        if draw.random() < 0.1:
            row["types"] = sorted({str(t) for t in draw.choice(TYPES, 2)})
        if money and draw.random() < 0.5:
            row["unit_cost_fen"] = int(draw.integers(1, 5)) * 1_000
            row["government_bought"] = bool(draw.random() < 0.3)
    if near:
        row["areas"] = [str(draw.choice(_TOWNS))]
        row.pop("radius_m", None)
    if draw.random() < 0.2:
        row["until"] = f"2027-02-{draw.integers(5, 25):02d}"
    return row
