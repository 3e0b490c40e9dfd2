"""Which counties clear what they share at one table: those of a prefecture, as long as they are not too many for one programme."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from matching.regional.partition import Partition

LARGEST = 250_000
"""Needs of a group that are still one linear programme; a larger one is left to prices"""
_PREFECTURE = 4
"""Characters of a county's code that its prefecture's code has (GB/T 2260)"""


@dataclass(frozen=True)
class Group:
    """`parts` of one prefecture; `capacity`: units of the offerings that stand in several of them and nowhere else."""

    parts: list[str]
    capacity: dict[str, int] = field(default_factory=dict)


def groups_of(cut: Partition) -> dict[str, Group]:
    """Name (`group-3399`) → group, for every prefecture in which counties share an offering."""
    members: dict[str, list[str]] = {}
    for part, county in cut.counties.items():
        members.setdefault(county[:_PREFECTURE], []).append(part)
    found = {}
    for code, parts in members.items():
        capacity = {o: row["capacity"] for o, row in cut.offerings.items() if _within(row["parts"], parts)}
        if capacity and sum(cut.needs[part] for part in parts) <= LARGEST:
            found[f"group-{code}"] = Group(parts, capacity)
    return found


def _within(some: Iterable[str], parts: list[str]) -> bool:
    return set(some) <= set(parts)
