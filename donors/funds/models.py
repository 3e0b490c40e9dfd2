"""Funds 资金 and their double-entry ledger. A fund's balance is the sum of its entries; the database keeps it and refuses a minus."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, Code, Codes, new_id

FUND_KINDS = ("special_fund", "donation", "charitable_trust", "emergency_reserve", "public_programme")
ACCOUNT_KINDS = ("source", "available", "reserved", "spent")
TRANSACTION_KINDS = ("donation", "reserve", "post", "release", "correction")


class Fund(Base):
    """Money held for a purpose. An absent earmark list means any; a present one is never empty."""

    __tablename__ = "funds"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=False), unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    categories: Mapped[list[str] | None] = mapped_column(Codes)
    regions: Mapped[list[str] | None] = mapped_column(Codes)
    types: Mapped[list[str] | None] = mapped_column(Codes)
    status: Mapped[str] = mapped_column(default="open")
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint(f"kind IN {FUND_KINDS}", name="kind_known"),
        sa.CheckConstraint("status IN ('open','closed')", name="status_known"),
        sa.CheckConstraint(
            "cardinality(categories) > 0 AND cardinality(regions) > 0 AND cardinality(types) > 0",
            name="earmarks_not_empty",
        ),
    )


class LedgerAccount(Base):
    """One account of a fund: `source` (where money came from, negative), `available`, `reserved`, `spent`.

    `balance_fen` is kept by a trigger on the entries; only `source` may be negative.
    """

    __tablename__ = "ledger_accounts"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    fund_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("funds.id"))
    kind: Mapped[str]
    balance_fen: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    __table_args__ = (
        sa.UniqueConstraint("fund_id", "kind"),
        sa.CheckConstraint(f"kind IN {ACCOUNT_KINDS}", name="kind_known"),
        sa.CheckConstraint("kind = 'source' OR balance_fen >= 0", name="never_overdrawn"),
    )


class LedgerTransaction(Base):
    """A set of entries that sum to zero. `reference` is unique: the same thing is never booked twice."""

    __tablename__ = "ledger_transactions"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    reference: Mapped[str] = mapped_column(unique=True)
    memo: Mapped[str]
    at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    __table_args__ = (sa.CheckConstraint(f"kind IN {TRANSACTION_KINDS}", name="kind_known"),)


class LedgerEntry(Base):
    """`amount_fen` moved into (positive) or out of (negative) one account. Never changed, never removed."""

    __tablename__ = "ledger_entries"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    transaction_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("ledger_transactions.id"), index=True)
    account_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("ledger_accounts.id"), index=True)
    amount_fen: Mapped[int] = mapped_column(sa.BigInteger)
    __table_args__ = (sa.CheckConstraint("amount_fen <> 0", name="amount_not_zero"),)


class Donation(Base):
    """Money received into a fund, from a registered donor or from somebody named only here."""

    __tablename__ = "donations"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=False), unique=True)
    fund_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("funds.id"), index=True)
    donor_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("donors.id"), index=True)
    giver_name: Mapped[str]
    amount_fen: Mapped[int] = mapped_column(sa.BigInteger)
    received_on: Mapped[date]
    transaction_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("ledger_transactions.id"), unique=True)
    created_at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("amount_fen > 0", name="amount_positive"),)
