"""What a round's page sums up beside `queries`: what a commit would reserve, by category and by fund."""

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.models import Fund, LedgerAccount
from donors.offerings.models import Offering
from kernel.catalogue.models import Category
from matching.rounds.models import Allocation, AllocationCharge


@dataclass(frozen=True, slots=True)
class CategoryReserve:
    """What a commit reserves of one category: units, lines, offerings touched, fen."""

    category: Category
    units: int
    lines: int
    offerings: int
    fen: int


@dataclass(frozen=True, slots=True)
class FundReserve:
    """What a commit reserves of one fund, beside what the fund has available now, in fen."""

    fund_id: uuid.UUID
    number: int
    name: str
    fen: int
    available_fen: int


def reserve_by_category(session: Session, round_id: uuid.UUID) -> list[CategoryReserve]:
    """What the round's lines take of each category of offerings."""
    query = (
        sa.select(
            Category,
            sa.func.sum(Allocation.quantity),
            sa.func.count(),
            sa.func.count(Allocation.offering_id.distinct()),
            sa.func.sum(Allocation.cost_fen),
        )
        .join(Offering, Offering.id == Allocation.offering_id)
        .join(Category, Category.code == Offering.category_code)
        .where(Allocation.round_id == round_id)
        .group_by(Category)
        .order_by(Category.position)
    )
    return [CategoryReserve(row[0], *(int(value) for value in row[1:])) for row in session.execute(query)]


def reserve_by_fund(session: Session, round_id: uuid.UUID) -> list[FundReserve]:
    """What the round's lines take of each fund, beside what it has available now."""
    taken = (
        sa.select(AllocationCharge.fund_id, sa.func.sum(AllocationCharge.fen).label("fen"))
        .join(Allocation, Allocation.id == AllocationCharge.allocation_id)
        .where(Allocation.round_id == round_id)
        .group_by(AllocationCharge.fund_id)
        .subquery()
    )
    query = (
        sa.select(Fund.id, Fund.number, Fund.name, taken.c.fen, sa.func.coalesce(LedgerAccount.balance_fen, 0))
        .join(taken, taken.c.fund_id == Fund.id)
        .outerjoin(LedgerAccount, sa.and_(LedgerAccount.fund_id == Fund.id, LedgerAccount.kind == "available"))
        .order_by(Fund.number)
    )
    return [FundReserve(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in session.execute(query)]
