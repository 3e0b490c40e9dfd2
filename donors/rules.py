"""Rules of the supply side's people: what makes a donor's entry right. Pure."""

from dataclasses import dataclass, replace
from datetime import date

from donors.models import DONOR_KINDS
from kernel.checking import MOST_METRES, Faults, checked_point, checked_text, checked_whole
from kernel.errors import InvalidInput
from kernel.identity import masked, parse_phone, parse_resident_id, parse_uscc

VOLUNTEER = "volunteer"
YOUNGEST_ALONE = 18
MOST_HOUSEHOLDS = 200


@dataclass(frozen=True)
class DonorEntry:
    """What is handed in about a donor. `reach_m` in metres; a resident ID is a volunteer's only, a USCC an organisation's only."""

    kind: str
    name: str
    region_code: str
    uscc: str | None = None
    contact_name: str | None = None
    phone: str | None = None
    resident_id: str | None = None
    lat: float | None = None
    lon: float | None = None
    skills: tuple[str, ...] = ()
    reach_m: int | None = None
    max_households: int | None = None
    consent_public: bool = False


def masked_name(kind: str, name: str) -> str:
    """What lists and files that many read call a donor: an organisation by its name, a volunteer by the surname, ``周**``."""
    return masked(name, head=1, tail=0) if kind == VOLUNTEER else name


def checked_donor(entry: DonorEntry, *, today: date, id_known: bool = False) -> DonorEntry:
    """The entry, normalised. Raises InvalidFields with every fault.

    `id_known`: the resident ID is on file already and may be left out (an update).
    """
    faults = Faults()
    given: dict[str, object] = {}
    if entry.kind not in DONOR_KINDS:
        faults.add(
            InvalidInput(
                "A donor is an enterprise, a social_organisation or a volunteer; %(kind)s is none of them",
                field="kind",
                kind=entry.kind,
            )
        )
    with faults.gathering():
        given["name"] = checked_text(entry.name, field="name", most=120)
    with faults.gathering():
        checked_text(entry.region_code, field="region_code", most=60)
    with faults.gathering():
        given["contact_name"] = checked_text(entry.contact_name, field="contact_name", most=60, required=False)
    given["phone"] = None
    if (entry.phone or "").strip():
        with faults.gathering():
            given["phone"] = parse_phone(entry.phone or "")
    with faults.gathering():
        given["lat"], given["lon"] = checked_point(entry.lat, entry.lon)
    if entry.kind == VOLUNTEER:
        _check_volunteer(entry, given, faults, today=today, id_known=id_known)
    elif entry.kind in DONOR_KINDS:
        _check_organisation(entry, given, faults)
    faults.raise_any()
    return replace(entry, **given)  # type: ignore[arg-type]


def _check_volunteer(
    entry: DonorEntry, given: dict[str, object], faults: Faults, *, today: date, id_known: bool
) -> None:
    if (entry.uscc or "").strip():
        faults.add(InvalidInput("A volunteer has no unified social credit code; leave it out", field="uscc"))
    given["uscc"] = None
    given["resident_id"] = None
    if (entry.resident_id or "").strip():
        with faults.gathering():
            person = parse_resident_id(entry.resident_id or "", today=today)
            given["resident_id"] = person.number
            if _age(person.born_on, today) < YOUNGEST_ALONE:
                faults.add(
                    InvalidInput(
                        "Volunteers who are matched with households are at least %(age)s years old",
                        field="resident_id",
                        age=YOUNGEST_ALONE,
                    )
                )
    elif not id_known:
        faults.add(InvalidInput("A volunteer is registered with a resident ID", field="resident_id"))
    with faults.gathering():
        given["reach_m"] = checked_whole(entry.reach_m, field="reach_m", least=1, most=MOST_METRES, required=False)
    with faults.gathering():
        given["max_households"] = checked_whole(
            entry.max_households, field="max_households", least=1, most=MOST_HOUSEHOLDS, required=False
        )
    given["skills"] = tuple(dict.fromkeys(entry.skills))


def _check_organisation(entry: DonorEntry, given: dict[str, object], faults: Faults) -> None:
    if (entry.uscc or "").strip():
        with faults.gathering():
            given["uscc"] = parse_uscc(entry.uscc or "")
    else:
        faults.add(InvalidInput("An organisation is registered with its unified social credit code", field="uscc"))
    for field in ("resident_id", "reach_m", "max_households", "skills"):
        if getattr(entry, field):
            faults.add(InvalidInput("This is asked of volunteers only; leave it out for an organisation", field=field))


def _age(born_on: date, today: date) -> int:
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))
