"""Loading the catalogue from its files; safe to repeat."""

import csv
from pathlib import Path

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel.catalogue.models import Category, Skill

DATA = Path(__file__).parent / "data"


def load_catalogue(session: Session) -> None:
    """Writes categories and skills as the files have them; a code that the files no longer name stays, for old needs."""
    for model, name in ((Category, "categories.csv"), (Skill, "skills.csv")):
        with open(DATA / name, encoding="utf-8") as file:
            rows = [dict(row, position=position) for position, row in enumerate(csv.DictReader(file))]
        if model is Category:
            rows = [dict(row, single_source=row["single_source"] == "yes") for row in rows]
        statement = insert(model).values(rows)
        columns = {key: statement.excluded[key] for key in rows[0] if key != "code"}
        session.execute(statement.on_conflict_do_update(index_elements=[model.code], set_=columns))
