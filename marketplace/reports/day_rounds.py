"""What the staff's day pages show of rounds: those under way, what is late, and promises that wait for their delivery.

Every function takes `scope`, the region codes in whose subtrees the reader holds the right, and returns frozen rows. Each is one
statement over an index on the region code, so that a county with 6,000 needs is answered within 50 ms.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.models import Donor
from donors.offerings.models import Offering
from households.models import Household
from households.needs.models import Need
from kernel.catalogue.models import Category
from kernel.database import within
from kernel.regions.models import Region
from marketplace.reports.day_supply import ENDING, on_offer
from matching.rounds.models import Allocation, MatchRound

DELIVERY_DUE = timedelta(days=14)  # a promise not delivered by then is late
REVIEW_DUE = timedelta(days=3)  # a round that waits longer for its reviewer or committer is late
UNDER_WAY = ("draft", "frozen", "queued", "solving", "proposed", "approved")


@dataclass(frozen=True)
class RoundLine:
    """A round in a list; `since` is when it came into its present status, as far as that is kept."""

    id: uuid.UUID
    number: int
    name: str
    status: str
    region_name: str
    since: datetime
    expires_at: datetime | None
    progress: dict[str, Any] | None
    plan_status: str | None


def rounds_in(
    session: Session, *, scope: tuple[str, ...], statuses: tuple[str, ...] = UNDER_WAY, limit: int = 6
) -> list[RoundLine]:
    """The newest rounds in one of `statuses`."""
    since = sa.func.coalesce(
        MatchRound.ended_at,
        MatchRound.committed_at,
        MatchRound.approved_at,
        MatchRound.proposed_at,
        MatchRound.queued_at,
        MatchRound.frozen_at,
        MatchRound.created_at,
    )
    rows = session.execute(
        sa.select(
            MatchRound.id,
            MatchRound.number,
            MatchRound.name,
            MatchRound.status,
            Region.name,
            since,
            MatchRound.expires_at,
            MatchRound.progress,
            MatchRound.plan_status,
        )
        .join(Region, Region.code == MatchRound.region_code)
        .where(within(MatchRound.region_code, scope), MatchRound.status.in_(statuses))
        .order_by(MatchRound.number.desc())
        .limit(limit)
    )
    return [RoundLine(*row) for row in rows]


@dataclass(frozen=True)
class Late:
    """What should have happened already, counted."""

    needs: int
    deliveries: int
    rounds: int
    offerings_ending: int

    @property
    def any(self) -> bool:
        """Whether anything is late at all."""
        return bool(self.needs or self.deliveries or self.rounds or self.offerings_ending)


def what_is_late(session: Session, *, scope: tuple[str, ...], now: datetime, today: date) -> Late:
    """Open needs past their day, promises older than 14 days, rounds waiting for a person for 3 days, offerings ending within 7."""
    waiting = sa.func.coalesce(MatchRound.approved_at, MatchRound.proposed_at)
    return Late(
        *session.execute(
            sa.select(
                _count(Need, within(Need.region_code, scope), Need.status == "open", Need.due_on < today),
                sa.select(sa.func.count())
                .select_from(Allocation)
                .join(MatchRound, MatchRound.id == Allocation.round_id)
                .where(
                    within(Allocation.region_code, scope),
                    Allocation.status == "reserved",
                    MatchRound.committed_at < now - DELIVERY_DUE,
                )
                .scalar_subquery(),
                _count(
                    MatchRound,
                    within(MatchRound.region_code, scope),
                    MatchRound.status.in_(("proposed", "approved")),
                    waiting < now - REVIEW_DUE,
                ),
                _count(
                    Offering, within(Offering.region_code, scope), *on_offer(today), Offering.ends_on <= today + ENDING
                ),
            )
        ).one()
    )


def _count(model: Any, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(model).where(*conditions).scalar_subquery()


@dataclass(frozen=True)
class DeliveryLine:
    """A promise that waits for its delivery to be confirmed."""

    id: uuid.UUID
    quantity: int
    category: Category
    household_number: int
    head_name: str
    region_name: str
    donor_name: str
    round_number: int
    promised_at: datetime | None


def deliveries_waiting(session: Session, *, scope: tuple[str, ...], limit: int = 6) -> list[DeliveryLine]:
    """Promises not yet delivered, the oldest first."""
    rows = session.execute(
        sa.select(
            Allocation.id,
            Allocation.quantity,
            Category,
            Household.number,
            Household.head_name,
            Region.name,
            Donor.name,
            MatchRound.number,
            MatchRound.committed_at,
        )
        .join(Offering, Offering.id == Allocation.offering_id)
        .join(Category, Category.code == Offering.category_code)
        .join(Donor, Donor.id == Offering.donor_id)
        .join(Household, Household.id == Allocation.household_id)
        .join(Region, Region.code == Allocation.region_code)
        .join(MatchRound, MatchRound.id == Allocation.round_id)
        .where(within(Allocation.region_code, scope), Allocation.status == "reserved")
        .order_by(MatchRound.committed_at, Allocation.id)
        .limit(limit)
    )
    return [DeliveryLine(*row) for row in rows]


def count_deliveries_waiting(session: Session, *, scope: tuple[str, ...]) -> int:
    """How many promises wait for their delivery."""
    query = sa.select(_count(Allocation, within(Allocation.region_code, scope), Allocation.status == "reserved"))
    return session.scalar(query) or 0
