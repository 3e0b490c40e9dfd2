"""What a case conference needs before it counts: several units, facts, a decision with its legal basis and period, and a second pair of eyes.

Hard cases are discussed by several units, and the decision may grant above the usual cap (厦门市委办公厅、市政府办公厅,
关于进一步加强困难群众精准帮扶工作的通知, 2018-03-23).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from kernel.checking import MOST_FEN, Faults, checked_period, checked_text, checked_whole
from kernel.errors import InvalidInput

REASONS = ("above_cap", "several_units", "unresolved_problem", "disputed_facts", "other")
STATUSES = ("called", "decided", "confirmed", "revoked")
UNITS = 2
"""A conference is one of several units: that is what the word means, not a figure to set"""
MOST_ROWS = 30
MOST_TEXT = 4_000


@dataclass(frozen=True)
class ParticipantEntry:
    """A person and the unit that the person speaks for."""

    unit: str
    name: str


@dataclass(frozen=True)
class CaseEntry:
    """A conference as it is called, or its minutes corrected before a decision."""

    reason: str
    held_on: date
    facts: str
    participants: tuple[ParticipantEntry, ...]


@dataclass(frozen=True)
class MeasureEntry:
    """A measure in words; `category_code` where the catalogue has it, `unit` and `due_on` where somebody answers for it until a day."""

    words: str
    category_code: str | None = None
    unit: str | None = None
    due_on: date | None = None


@dataclass(frozen=True)
class DecisionEntry:
    """What was decided. `extra_fen` above the usual cap, for each round of the period; 0 where nothing is granted above it."""

    decision: str
    measures: tuple[MeasureEntry, ...] = ()
    extra_fen: int = 0
    legal_basis: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None


def check_case(entry: CaseEntry, *, today: date) -> CaseEntry:
    """The entry with its texts cleaned. Raises InvalidFields with every fault."""
    faults, facts, people = Faults(), "", []
    if entry.reason not in REASONS:
        faults.add(InvalidInput("Choose why the conference is called", field="reason"))
    with faults.gathering():
        facts = checked_text(entry.facts, field="facts", most=MOST_TEXT, lines=True) or ""
    with faults.gathering():
        checked_period(entry.held_on, None, start_field="held_on")
    if entry.held_on > today:
        faults.add(InvalidInput("The day lies in the future", field="held_on"))
    for place, one in enumerate(entry.participants):
        with faults.gathering():
            unit = checked_text(one.unit, field=f"participants.{place}.unit", most=60) or ""
            name = checked_text(one.name, field=f"participants.{place}.name", most=60) or ""
            people.append(ParticipantEntry(unit, name))
    if len(entry.participants) > MOST_ROWS:
        faults.add(InvalidInput("At most %(most)s rows are possible here", field="participants", most=MOST_ROWS))
    if not faults.found and len({one.unit for one in people}) < UNITS:
        faults.add(InvalidInput("A case conference needs people of at least two units", field="participants"))
    faults.raise_any()
    return CaseEntry(entry.reason, entry.held_on, facts, tuple(people))


def check_decision(entry: DecisionEntry, *, held_on: date, categories: Iterable[str]) -> DecisionEntry:
    """The entry with its texts cleaned. Raises InvalidFields with every fault: above the cap only with a legal basis and a period."""
    faults, decision, basis, measures, known = Faults(), "", None, [], set(categories)
    with faults.gathering():
        decision = checked_text(entry.decision, field="decision", most=MOST_TEXT, lines=True) or ""
    with faults.gathering():
        basis = checked_text(entry.legal_basis, field="legal_basis", most=500, required=entry.extra_fen > 0)
    with faults.gathering():
        checked_whole(entry.extra_fen, field="extra_fen", least=0, most=MOST_FEN)
    with faults.gathering():
        checked_period(entry.valid_from, entry.valid_to, start_field="valid_from", end_field="valid_to")
    for name in ("valid_from", "valid_to"):
        if entry.extra_fen > 0 and getattr(entry, name) is None:
            faults.add(InvalidInput("Fill this in", field=name))
    if entry.valid_from is not None and entry.valid_from < held_on:
        faults.add(InvalidInput("A decision holds from the day of the conference at the earliest", field="valid_from"))
    if len(entry.measures) > MOST_ROWS:
        faults.add(InvalidInput("At most %(most)s rows are possible here", field="measures", most=MOST_ROWS))
    for place, one in enumerate(entry.measures):
        with faults.gathering():
            words = checked_text(one.words, field=f"measures.{place}.words", most=500) or ""
            unit = checked_text(one.unit, field=f"measures.{place}.unit", most=60, required=False)
            if one.category_code is not None and one.category_code not in known:
                raise InvalidInput(
                    "There is no category %(code)s", field=f"measures.{place}.category_code", code=one.category_code
                )
            measures.append(MeasureEntry(words, one.category_code, unit, one.due_on))
    faults.raise_any()
    return DecisionEntry(decision, tuple(measures), entry.extra_fen, basis, entry.valid_from, entry.valid_to)


def raised_cap(own_fen: int | None, usual_fen: int | None, extra_fen: int) -> int | None:
    """The most a household may receive in a round: its own cap, else the round's, and what case conferences granted above it.

    Where neither caps it (None) nothing needs to be granted. With `extra_fen` 0 it is its own cap, as it stands.
    """
    if not extra_fen:
        return own_fen
    usual = usual_fen if own_fen is None else own_fen
    return None if usual is None else usual + extra_fen
