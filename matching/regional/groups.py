"""Which counties clear what they share at one table: those of a prefecture, as long as they are not too many for one programme."""

from dataclasses import dataclass, field

from matching.regional.allotment import share_out
from matching.regional.partition import Partition

LARGEST = 250_000
"""Needs of a group that are still one linear programme; of a larger one the even shares stand"""
_PREFECTURE = 4
"""Characters of a county's code that its prefecture's code has (GB/T 2260)"""


@dataclass(frozen=True)
class Group:
    """`parts` of one prefecture; `capacity`: units of every offering that stands in several of them, and their even part of one that stands elsewhere
    too.
    """

    parts: list[str]
    needs: int
    capacity: dict[str, int] = field(default_factory=dict)


def groups_of(cut: Partition) -> dict[str, Group]:
    """Name (`group-3399`) → group, for every prefecture in which counties share an offering. What groups have together is what there is."""
    members: dict[str, list[str]] = {}
    for part, county in cut.counties.items():
        members.setdefault(county[:_PREFECTURE], []).append(part)
    found = {f"group-{code}": Group(parts, sum(cut.needs[part] for part in parts)) for code, parts in members.items()}
    home = {part: code for code, group in found.items() for part in group.parts}
    for o, row in cut.offerings.items():
        needs: dict[str, float] = {}
        pins: dict[str, int] = {}
        for part in row["parts"]:
            needs[home[part]] = needs.get(home[part], 0.0) + cut.needs[part]
            pins[home[part]] = pins.get(home[part], 0) + cut.pinned.get(o, {}).get(part, [0])[0]
        rest = share_out(needs, row["capacity"] - sum(pins.values()))
        for code in needs:
            found[code].capacity[o] = rest.get(code, 0) + pins[code]
    return {
        code: group
        for code, group in found.items()
        if len(group.parts) > 1 and group.capacity and group.needs <= LARGEST
    }
