"""Reading the catalogue of categories and skills."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.catalogue.models import Category, Skill
from kernel.errors import InvalidInput


def all_categories(session: Session) -> list[Category]:
    """Every category, in the order people know."""
    return list(session.scalars(sa.select(Category).order_by(Category.position)))


def all_skills(session: Session) -> list[Skill]:
    """Every skill, in the order people know."""
    return list(session.scalars(sa.select(Skill).order_by(Skill.position)))


def require_categories(session: Session, codes: list[str], *, field: str = "category_code") -> None:
    """Raises InvalidInput naming the first code that is no category."""
    known = set(session.scalars(sa.select(Category.code).where(Category.code.in_(codes))))
    for code in codes:
        if code not in known:
            raise InvalidInput("There is no category %(code)s; see the list of categories", field=field, code=code)


def require_skills(session: Session, codes: list[str], *, field: str = "skills") -> None:
    """Raises InvalidInput naming the first code that is no skill."""
    known = set(session.scalars(sa.select(Skill.code).where(Skill.code.in_(codes))))
    for code in codes:
        if code not in known:
            raise InvalidInput("There is no skill %(code)s; see the list of skills", field=field, code=code)
