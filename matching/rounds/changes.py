"""What changed since the freeze, of all that a plan uses: each change in a sentence, so that nothing is dropped silently.

Live rows are stated by the same rules as at the freeze (`matching.pool`) and compared field by field. More stock, more money or a
longer wait than at the freeze breaks nothing and is no change; anything the plan's promises rest on is one.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.models import Fund
from donors.offerings.models import Offering
from households.models import Household
from households.needs.models import Need
from kernel.money import yuan_text
from matching.pool import (
    FundFacts,
    Held,
    NeedFacts,
    OfferingFacts,
    RoundScope,
    fund_row,
    need_row,
    offering_row,
    why_need_is_out,
    why_offering_is_out,
)
from matching.rounds.documents import problem_text
from matching.rounds.models import Allocation, AllocationCharge, MatchRound
from matching.rounds.rules import Sentence
from matching.rounds.waits import waited_of
from matching.snapshot import among, needs_in_scope, read_funds, read_offerings

_NEED_WORDS = {
    "withdrawn": "Need %(number)s was withdrawn",
    "met": "Need %(number)s was met meanwhile",
    "expired": "The last day of need %(number)s has passed",
    "household_closed": "The household of need %(number)s was closed",
    "consent_missing": "The household of need %(number)s withdrew its consent",
    "opted_out": "The household of need %(number)s opted out of automatic matching",
    "objection": "The household of need %(number)s objects; its objection is not heard yet, or was upheld and its plan is not changed yet",
    "promised": "Need %(number)s was promised in full by another round",
}
_OFFERING_WORDS = {
    "withdrawn": "Offering %(number)s (%(title)s) was withdrawn",
    "paused": "Offering %(number)s (%(title)s) was paused",
    "donor_suspended": "The donor of offering %(number)s (%(title)s) was suspended",
    "ended": "The last day of offering %(number)s (%(title)s) has passed",
    "nothing_left": "Nothing is left of offering %(number)s (%(title)s); the plan uses %(used)s",
}


@dataclass(frozen=True)
class PoolChange:
    """One thing that is not as it was: what (need, offering, donor, household, fund), which kind, and the sentence."""

    subject: str
    subject_id: uuid.UUID
    kind: str
    sentence: Sentence


@dataclass
class PlanUse:
    """What a plan takes, added up from its allocations."""

    need_units: dict[uuid.UUID, int] = field(default_factory=lambda: defaultdict(int))
    offering_units: dict[uuid.UUID, int] = field(default_factory=lambda: defaultdict(int))
    offering_needs: dict[uuid.UUID, set[uuid.UUID]] = field(default_factory=lambda: defaultdict(set))
    offering_households: dict[uuid.UUID, set[uuid.UUID]] = field(default_factory=lambda: defaultdict(set))
    fund_fen: dict[uuid.UUID, int] = field(default_factory=lambda: defaultdict(int))


def use_of(session: Session, round_id: uuid.UUID) -> PlanUse:
    """What the proposed allocations of a round take."""
    use = PlanUse()
    rows = session.execute(
        sa.select(Allocation.need_id, Allocation.offering_id, Allocation.household_id, Allocation.quantity).where(
            Allocation.round_id == round_id, Allocation.status == "proposed"
        )
    )
    for need_id, offering_id, household_id, quantity in rows:
        use.need_units[need_id] += quantity
        use.offering_units[offering_id] += quantity
        use.offering_needs[offering_id].add(need_id)
        use.offering_households[offering_id].add(household_id)
    charges = session.execute(
        sa.select(AllocationCharge.fund_id, sa.func.sum(AllocationCharge.fen))
        .join(Allocation, Allocation.id == AllocationCharge.allocation_id)
        .where(Allocation.round_id == round_id, Allocation.status == "proposed")
        .group_by(AllocationCharge.fund_id)
    )
    for fund_id, fen in charges:
        use.fund_fen[fund_id] = int(fen)
    return use


def changes_since_freeze(
    session: Session, match_round: MatchRound, *, scope: RoundScope, held: Held, today: date
) -> list[PoolChange]:
    """Every change that touches what the plan of a proposed or approved round uses; an empty list: it may be committed."""
    frozen = json.loads(problem_text(session, match_round.id, seed=None))
    use = use_of(session, match_round.id)
    found: list[PoolChange] = []
    waited = waited_of(session, use.need_units)
    needs = {
        need.id: need for need in needs_in_scope(session, scope, today=today, waited=waited, ids=list(use.need_units))
    }
    found += _need_changes(session, frozen, use, needs, scope, today)
    found += _household_changes(session, frozen, use, needs, scope)
    offerings = {one.id: one for one in read_offerings(session, ids=list(use.offering_units))}
    found += _offering_changes(session, frozen, use, offerings, held, today)
    found += _donor_changes(session, use, offerings)
    found += _fund_changes(
        session, frozen, use, {one.id: one for one in read_funds(session, scope, ids=list(use.fund_fen))}
    )
    return found


def _rows(frozen: dict[str, Any], table: str) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in frozen[table]}


def _differing(one: dict[str, Any], other: dict[str, Any], *, apart_from: Iterable[str]) -> list[str]:
    return sorted(name for name in {*one, *other} - set(apart_from) if one.get(name) != other.get(name))


def _need_changes(
    session: Session,
    frozen: dict[str, Any],
    use: PlanUse,
    needs: dict[uuid.UUID, NeedFacts],
    scope: RoundScope,
    today: date,
) -> list[PoolChange]:
    numbers = dict(session.execute(sa.select(Need.id, Need.number).where(among(Need.id, use.need_units))).all())
    rows, found = _rows(frozen, "needs"), []

    def say(need_id: uuid.UUID, kind: str, message: str, **values: Any) -> None:
        found.append(PoolChange("need", need_id, kind, Sentence(message, {"number": numbers[need_id], **values})))

    for need_id in sorted(use.need_units):
        need, before = needs[need_id], rows[str(need_id)]
        out = why_need_is_out(need, today=today)
        if out is not None:
            say(need_id, out, _NEED_WORDS[out])
            continue
        asked = before["quantity"]
        if need.remaining < use.need_units[need_id] or (need.fill != "any" and need.remaining != asked):
            say(
                need_id,
                "quantity",
                "Need %(number)s asks for %(now)s units now, not %(before)s",
                now=need.remaining,
                before=asked,
            )
        now = need_row(need, scope.waiting)
        changed = _differing(before, now, apart_from=("quantity", "weight"))
        if changed:
            say(need_id, "changed", "Need %(number)s was changed: %(fields)s", fields=", ".join(changed))
        # A weight that grew by waiting, or that follows from fewer open units, takes nothing from what the plan gives.
        elif need.remaining >= asked and now["weight"] < before["weight"]:
            say(need_id, "changed", "Need %(number)s was changed: %(fields)s", fields="weight")
    return found


def _household_changes(
    session: Session, frozen: dict[str, Any], use: PlanUse, needs: dict[uuid.UUID, NeedFacts], scope: RoundScope
) -> list[PoolChange]:
    """A cap that is lower now than what the plan gives."""
    worth: dict[uuid.UUID, int] = defaultdict(int)
    caps: dict[uuid.UUID, int | None] = {}
    for need in needs.values():
        worth[need.household_id] += need.unit_worth_fen * use.need_units[need.id]
        own = need.household_cap_fen
        caps[need.household_id] = scope.household_cap_fen if own is None else own
    over = {key: fen for key, fen in worth.items() if (cap := caps[key]) is not None and fen > cap}
    numbers = dict(session.execute(sa.select(Household.id, Household.number).where(among(Household.id, over))).all())
    return [
        PoolChange(
            "household",
            key,
            "cap",
            Sentence(
                "Household %(number)s may receive %(cap)s yuan now; the plan gives %(worth)s yuan",
                {"number": numbers[key], "cap": yuan_text(caps[key] or 0), "worth": yuan_text(fen)},
            ),
        )
        for key, fen in sorted(over.items())
    ]


def _offering_changes(
    session: Session,
    frozen: dict[str, Any],
    use: PlanUse,
    offerings: dict[uuid.UUID, OfferingFacts],
    held: Held,
    today: date,
) -> list[PoolChange]:
    names = {
        key: {"number": number, "title": title}
        for key, number, title in session.execute(
            sa.select(Offering.id, Offering.number, Offering.title).where(among(Offering.id, use.offering_units))
        )
    }
    rows, found = _rows(frozen, "offerings"), []
    fund_ids = {uuid.UUID(row["id"]) for row in frozen["funds"]}
    regions = {row["code"] for row in frozen["regions"]}
    for key in sorted(use.offering_units):
        offering, used, before = offerings[key], use.offering_units[key], rows[str(key)]

        def say(kind: str, message: str, key: uuid.UUID = key, **values: Any) -> None:
            found.append(PoolChange("offering", key, kind, Sentence(message, {**names[key], **values})))

        out = why_offering_is_out(offering, today=today)
        if out is not None:
            say(out, _OFFERING_WORDS[out], used=used)
            continue
        if offering.available < used:
            say(
                "quantity",
                "Offering %(number)s (%(title)s) has %(left)s units left; the plan uses %(used)s",
                left=offering.available,
                used=used,
            )
        for need_id in sorted(use.offering_needs[key]):
            if (need_id, key) in held.pairs:
                say(
                    "promised",
                    "Offering %(number)s (%(title)s) already promises something to the same need by another round",
                )
        if offering.max_needs is not None:
            free = offering.max_needs - held.offering_needs.get(key, 0)
            if len(use.offering_needs[key]) > free:
                say(
                    "max_needs",
                    "Offering %(number)s (%(title)s) may serve %(free)s more needs; the plan has it serve %(used)s",
                    free=max(0, free),
                    used=len(use.offering_needs[key]),
                )
        now = offering_row(
            offering, known_regions=regions | set(offering.areas or ()), fund_ids=fund_ids, max_needs=None
        )
        if isinstance(now, str):
            say("changed", "The terms of offering %(number)s (%(title)s) were changed: %(fields)s", fields=now)
        elif changed := _differing(before, now, apart_from=("capacity", "max_needs")):
            say(
                "changed",
                "The terms of offering %(number)s (%(title)s) were changed: %(fields)s",
                fields=", ".join(changed),
            )
    return found


def _donor_changes(session: Session, use: PlanUse, offerings: dict[uuid.UUID, OfferingFacts]) -> list[PoolChange]:
    """A volunteer who would carry more households at once than they said."""
    most = {one.donor_id: one.max_households for one in offerings.values() if one.max_households is not None}
    carried: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    rows = session.execute(
        sa.select(Offering.donor_id, Allocation.household_id)
        .join(Offering, Offering.id == Allocation.offering_id)
        .where(Allocation.status == "reserved", among(Offering.donor_id, most))
    )
    for donor_id, household_id in rows:
        carried[donor_id].add(household_id)
    for one in offerings.values():
        if one.donor_id in most:
            carried[one.donor_id] |= use.offering_households[one.id]
    return [
        PoolChange(
            "donor",
            donor_id,
            "max_households",
            Sentence(
                "A volunteer would carry %(count)s households at once; they said %(most)s",
                {"count": len(households), "most": most[donor_id]},
            ),
        )
        for donor_id, households in sorted(carried.items())
        if len(households) > (most[donor_id] or 0)
    ]


def _fund_changes(
    session: Session, frozen: dict[str, Any], use: PlanUse, funds: dict[uuid.UUID, FundFacts]
) -> list[PoolChange]:
    names = dict(session.execute(sa.select(Fund.id, Fund.name).where(among(Fund.id, use.fund_fen))).all())
    rows, found = _rows(frozen, "funds"), []
    regions = {row["code"] for row in frozen["regions"]}
    for key, fen in sorted(use.fund_fen.items()):
        fund, before = funds[key], rows[str(key)]

        def say(kind: str, message: str, key: uuid.UUID = key, **values: Any) -> None:
            found.append(PoolChange("fund", key, kind, Sentence(message, {"name": names[key], **values})))

        if fund.status != "open":
            say("closed", "The fund %(name)s was closed")
            continue
        if fund.available_fen < fen:
            say(
                "amount",
                "The fund %(name)s has %(left)s yuan left; the plan takes %(used)s yuan",
                left=yuan_text(fund.available_fen),
                used=yuan_text(fen),
            )
        now = fund_row(fund, known_regions=regions | set(fund.regions or ()))
        if changed := _differing(before, now, apart_from=("amount_fen",)):
            say("earmarks", "The earmarks of the fund %(name)s were changed: %(fields)s", fields=", ".join(changed))
    return found
