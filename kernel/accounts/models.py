"""People who sign in, the roles they hold within a subtree of regions, and the tokens of programs that act for them."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.database import Base, Code, new_id

ROLES = (
    "administrator", "coordinator", "reviewer", "finance", "federation", "worker",
    "enterprise", "social_organisation", "volunteer", "household", "auditor",
)  # fmt: skip


class User(Base):
    """One person's account. `session_epoch` is raised to end every session at its next request."""

    __tablename__ = "users"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    login: Mapped[str] = mapped_column(Code, unique=True)
    display_name: Mapped[str]
    password_hash: Mapped[str]
    locale: Mapped[str] = mapped_column(default="zh_Hans_CN")
    active: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=0)
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    grants: Mapped[list["RoleGrant"]] = relationship(lazy="selectin", order_by="RoleGrant.role")
    __table_args__ = (sa.CheckConstraint("login ~ '^[a-z0-9][a-z0-9._-]{1,39}$'", name="login_form"),)


class RoleGrant(Base):
    """A role held within the subtree of one region."""

    __tablename__ = "role_grants"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"), index=True)
    role: Mapped[str]
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"))
    granted_at: Mapped[datetime]
    __table_args__ = (
        sa.UniqueConstraint("user_id", "role", "region_code"),
        sa.CheckConstraint(f"role IN {ROLES}", name="role_known"),
    )


class ApiToken(Base):
    """A program's token: 32 random bytes shown once, kept as SHA-256."""

    __tablename__ = "api_tokens"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"), index=True)
    name: Mapped[str]
    digest: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
