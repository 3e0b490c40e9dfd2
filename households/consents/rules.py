"""Who may agree for a household, and what must be known of it. Pure functions; consents and plans are agreed to by the same rules."""

from dataclasses import dataclass
from datetime import date

from households.consents.models import GIVERS
from kernel.checking import Faults, checked_text
from kernel.errors import InvalidInput

ADULT_FROM = 18
"""Years of age. Source: Civil Code of the People's Republic of China 中华人民共和国民法典, article 17, 2020-05-28"""
LONGEST_NAME = 50
LONGEST_WORDS = 500
OLDEST_PAPER_YEARS = 20


@dataclass(frozen=True)
class Giving:
    """How a household agreed: on `paper` (with its reference and day) or on `screen`; by the person (`self`), a `guardian` of a minor,
    or a `proxy` of somebody who cannot read or decide. `giver`, `relation`: the name, and what they are to the household."""

    way: str
    given_by: str = "self"
    giver: str | None = None
    relation: str | None = None
    reference: str | None = None
    given_on: date | None = None


@dataclass(frozen=True)
class CheckedGiving:
    """An agreement with every value decided."""

    way: str
    given_by: str
    giver: str
    relation: str | None
    reference: str | None
    given_on: date


@dataclass(frozen=True)
class Head:
    """What the rules need to know of the head of a household."""

    name: str
    born_on: date

    def is_minor(self, today: date) -> bool:
        """Whether the head is under age on the day."""
        return age_on(self.born_on, today) < ADULT_FROM


def age_on(born_on: date, today: date) -> int:
    """Whole years."""
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))


def check_giving(giving: Giving, *, head: Head, today: date) -> CheckedGiving:
    """The agreement checked. Raises InvalidFields naming every fault.

    A head who is a minor cannot agree: a guardian does. On screen the day is today, and the person's name is the head's unless said.
    """
    faults = Faults()
    name = relation = reference = None
    if giving.way not in ("paper", "screen"):
        faults.add(InvalidInput("Choose one of the list", field="way"))
    if giving.given_by not in GIVERS:
        faults.add(InvalidInput("Choose one of the list", field="given_by"))
    elif giving.given_by != "guardian" and head.is_minor(today):
        faults.add(InvalidInput("The head of this household is a minor: a guardian must agree", field="given_by"))
    by_self = giving.given_by == "self"
    with faults.gathering():
        name = checked_text(giving.giver, field="giver", most=LONGEST_NAME, required=not by_self)
    with faults.gathering():
        relation = checked_text(giving.relation, field="relation", most=LONGEST_NAME, required=not by_self)
    with faults.gathering():
        reference = checked_text(giving.reference, field="reference", most=LONGEST_NAME, required=giving.way == "paper")
    day = giving.given_on
    if giving.way == "paper":
        if day is None:
            faults.add(InvalidInput("Write the day that stands on the paper", field="given_on"))
        elif day > today:
            faults.add(InvalidInput("The day on the paper lies in the future", field="given_on"))
        elif day.year < today.year - OLDEST_PAPER_YEARS:
            faults.add(InvalidInput("The day on the paper lies too far back; check the year", field="given_on"))
    faults.raise_any()
    return CheckedGiving(
        giving.way,
        giving.given_by,
        name or head.name,
        None if by_self else relation,
        reference if giving.way == "paper" else None,
        day if giving.way == "paper" and day is not None else today,
    )
