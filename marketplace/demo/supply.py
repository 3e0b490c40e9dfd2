"""Who gives in the demonstration: 420 enterprises, 150 social organisations and 570 volunteers that do not exist."""

import uuid
from dataclasses import dataclass
from datetime import date
from random import Random

from donors.rules import DonorEntry, checked_donor
from marketplace.demo import figures
from marketplace.demo.keys import Keys
from marketplace.demo.people import Numbers, born_at_age, enterprise_names, organisation_names, person_name
from marketplace.demo.places import Places, Village, jittered

FEDERATION_NAME = "永嘉县慈善总会（演示）"
# Share of the volunteers with each skill. Assumption.
SKILL_SHARES = {
    "nursing": 0.16, "tutoring": 0.32, "counselling": 0.12, "driving": 0.30, "legal": 0.05, "repair": 0.10,
    "electrician": 0.04, "first_aid": 0.15, "sign_language": 0.015, "wenzhou_dialect": 0.60, "cooking": 0.20,
    "social_work": 0.12,
}  # fmt: skip
REACH_M = (2_000, 3_000, 3_000, 5_000, 5_000, 8_000, 12_000)


@dataclass(frozen=True)
class Giver:
    """One donor, checked, at home in a village."""

    id: uuid.UUID
    entry: DonorEntry
    village: Village


def build_givers(draw: Random, keys: Keys, numbers: Numbers, places: Places, *, today: date) -> list[Giver]:
    """Enterprises, then organisations (the first is the county's charity federation), then volunteers."""
    kinds = (
        ["enterprise"] * figures.ENTERPRISES
        + ["social_organisation"] * figures.SOCIAL_ORGANISATIONS
        + ["volunteer"] * figures.VOLUNTEERS
    )
    names = {"enterprise": enterprise_names(), "social_organisation": organisation_names()}
    for several in names.values():
        draw.shuffle(several)
    names["social_organisation"][0] = FEDERATION_NAME
    homes = places.of_supply(draw, len(kinds))
    givers = []
    taken = {kind: 0 for kind in names}
    for number, (kind, village) in enumerate(zip(kinds, homes, strict=True)):
        lat, lon = jittered(draw, village)
        if kind == "volunteer":
            entry = _volunteer(draw, numbers, village, lat, lon, today)
        else:
            entry = DonorEntry(
                kind=kind,
                name=names[kind][taken[kind]],
                region_code=village.code,
                uscc=numbers.uscc(kind),
                contact_name=person_name(draw, sex=draw.choice(("female", "male")), age=draw.randint(26, 60)),
                phone=numbers.phone(),
                lat=lat,
                lon=lon,
                consent_public=draw.random() < 0.7,
            )
            taken[kind] += 1
        givers.append(Giver(keys.of("donor", number), checked_donor(entry, today=today), village))
    return givers


def _volunteer(draw: Random, numbers: Numbers, village: Village, lat: float, lon: float, today: date) -> DonorEntry:
    age = draw.randint(19, 69)
    skills = tuple(skill for skill, share in SKILL_SHARES.items() if draw.random() < share)
    return DonorEntry(
        kind="volunteer",
        name=person_name(draw, sex="female", age=age),
        region_code=village.code,
        phone=numbers.phone(),
        resident_id=numbers.resident_id(born_at_age(draw, age, today=today)),
        lat=lat,
        lon=lon,
        skills=skills,
        reach_m=draw.choice(REACH_M),
        max_households=draw.choice((1, 1, 2, 2, 3, 4)),
        consent_public=draw.random() < 0.5,
    )
