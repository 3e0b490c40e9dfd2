"""What tests start from: reference data of one small county and people with roles. Everything is made by the real operations."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from kernel.accounts.models import User
from kernel.accounts.operations import create_user, person_of
from kernel.accounts.rules import Person
from kernel.audit import SYSTEM
from kernel.catalogue.operations import load_catalogue
from kernel.identity import resident_id_check_character
from kernel.regions.operations import load_divisions, load_points, read_divisions

NOW = datetime(2027, 3, 5, 2, 0, tzinfo=UTC)
COUNTY = "330324"  # Yongjia 永嘉县
TOWNSHIP = "330324110"  # Yantan 岩坦镇
SIBLING_TOWNSHIP = "330324111"  # Shatou 沙头镇
OTHER_COUNTY = "330381"  # Rui'an 瑞安市
PASSWORD = "correct horse 42"


def load_reference_data(session: Session) -> None:
    """Yongjia and Rui'an with all below them, categories and skills."""
    load_divisions(session, read_divisions(only=(COUNTY, OTHER_COUNTY)))
    load_points(session)
    load_catalogue(session)


def make_user(session: Session, login: str, *roles: tuple[str, str]) -> User:
    """An account whose password is PASSWORD."""
    return create_user(
        session, login=login, display_name=login, password=PASSWORD, roles=list(roles), actor=SYSTEM, now=NOW
    )


def make_person(session: Session, login: str, *roles: tuple[str, str]) -> Person:
    """The same, as the domain's rules see one."""
    return person_of(make_user(session, login, *roles))


def resident_id(*, born: str = "19600101", region: str = "330324", sequence: int = 0) -> str:
    """A resident ID of valid form that belongs to nobody: sequence 000 is never issued."""
    first = f"{region}{born}{sequence:03d}"
    return first + resident_id_check_character(first)
