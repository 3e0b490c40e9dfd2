"""Checked entries as table rows: identifiers, sealed numbers and pinyin added, in the shape that COPY writes."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from donors.offerings.rules import OfferingEntry
from households.models import EVENT_KINDS
from households.needs.rules import CheckedNeed
from kernel.crypto import Vault
from kernel.pinyin import spelled
from marketplace.demo.families import Family
from marketplace.demo.keys import Keys
from marketplace.demo.supply import Giver

EVENT_SOURCE = "乡镇核实"
INDICATOR_SOURCE = "入户核查"


def donor_rows(vault: Vault, givers: Sequence[Giver], *, now: datetime) -> list[dict[str, Any]]:
    """Rows of `donors`; telephone and resident ID sealed to their row."""
    return [
        {
            "id": giver.id,
            "kind": giver.entry.kind,
            "name": giver.entry.name,
            **_spelled(giver.entry.name),
            "region_code": giver.entry.region_code,
            "uscc": giver.entry.uscc,
            "contact_name": giver.entry.contact_name,
            **_sealed(vault, "donors", giver.id, "phone", giver.entry.phone),
            **_sealed(vault, "donors", giver.id, "resident_id", giver.entry.resident_id),
            "lat": giver.entry.lat,
            "lon": giver.entry.lon,
            "skills": list(giver.entry.skills),
            "reach_m": giver.entry.reach_m,
            "max_households": giver.entry.max_households,
            "consent_public": giver.entry.consent_public,
            "created_at": now,
            "updated_at": now,
        }
        for giver in givers
    ]


def household_rows(
    vault: Vault, draw: Random, families: Sequence[tuple[uuid.UUID, Family]], *, now: datetime
) -> list[dict[str, Any]]:
    """Rows of `households`, registered over the past year; the telephone sealed."""
    rows = []
    for household_id, family in families:
        entry, head = family.checked.entry, family.checked.head.entry.name
        registered_at = now - timedelta(days=draw.randint(5, 360))
        rows.append(
            {
                "id": household_id,
                "region_code": entry.region_code,
                "head_name": head,
                **_spelled(head),
                "address": entry.address,
                "lat": entry.lat,
                "lon": entry.lon,
                **_sealed(vault, "households", household_id, "phone", family.checked.phone),
                "status_category": entry.status_category,
                "main_type": entry.main_type,
                "risk_tier": entry.risk_tier,
                "cap_fen": entry.cap_fen,
                "opted_out": family.opted_out,
                "created_at": registered_at,
                "updated_at": registered_at,
            }
        )
    return rows


def member_rows(vault: Vault, keys: Keys, families: Sequence[tuple[uuid.UUID, Family]]) -> list[dict[str, Any]]:
    """Rows of `members`; resident ID and diagnosis sealed."""
    rows: list[dict[str, Any]] = []
    for household_id, family in families:
        for position, member in enumerate(family.checked.members):
            key, entry = keys.of("member", len(rows)), member.entry
            number = member.resident_id.number if member.resident_id else None
            rows.append(
                {
                    "id": key,
                    "household_id": household_id,
                    "position": position,
                    "name": entry.name,
                    "relation": entry.relation,
                    "sex": member.sex,
                    "born_on": member.born_on,
                    **_sealed(vault, "members", key, "resident_id", number),
                    "disability_grade": entry.disability_grade,
                    "diagnosis_sealed": vault.seal(entry.diagnosis, table="members", row=key, column="diagnosis")
                    if entry.diagnosis
                    else None,
                    "able_to_work": entry.able_to_work,
                    "in_school": entry.in_school,
                }
            )
    return rows


def event_rows(
    keys: Keys, families: Sequence[tuple[uuid.UUID, Family]], *, now: datetime, today: date
) -> list[dict[str, Any]]:
    """Rows of `household_events`: the shock behind every family in an emergency, within the last eight weeks."""
    struck = [pair for pair in families if pair[1].checked.entry.main_type == "emergency"]
    # without anybody out of work a lost job is no shock by the rules
    kinds = [EVENT_KINDS, tuple(kind for kind in EVENT_KINDS if kind != "job_loss")]
    return [
        {
            "id": keys.of("event", number), "household_id": household_id,
            "kind": (of := kinds[not family.indicators.get("unemployed")])[number % len(of)],
            "happened_on": today - timedelta(days=3 + number * 7 % 56), "source": EVENT_SOURCE, "created_at": now,
        }
        for number, (household_id, family) in enumerate(struck)
    ]  # fmt: skip


def need_rows(draw: Random, keys: Keys, needs: Sequence[CheckedNeed], *, now: datetime) -> list[dict[str, Any]]:
    """Rows of `needs`, posted over the past three weeks."""
    rows = []
    for number, need in enumerate(needs):
        posted_at = now - timedelta(hours=draw.randint(1, 500))
        rows.append(
            {
                "id": keys.of("need", number),
                **vars(need),
                "accepts": list(need.accepts),
                "requires": list(need.requires),
                "posted_at": posted_at,
                "updated_at": posted_at,
            }
        )
    return rows


def offering_rows(keys: Keys, offers: Sequence[OfferingEntry], *, now: datetime) -> list[dict[str, Any]]:
    """Rows of `offerings`."""
    return [
        {
            "id": keys.of("offering", number),
            **vars(offer),
            "provides": list(offer.provides),
            "areas": list(offer.areas) if offer.areas else None,
            "types": list(offer.types) if offer.types else None,
            "fund_ids": list(offer.fund_ids) if offer.fund_ids else None,
            "created_at": now,
            "updated_at": now,
        }
        for number, offer in enumerate(offers)
    ]


def _sealed(vault: Vault, table: str, row: uuid.UUID, kind: str, value: str | None) -> dict[str, bytes | None]:
    return {
        f"{kind}_sealed": vault.seal(value, table=table, row=row, column=kind) if value else None,
        f"{kind}_index": vault.blind_index(kind, value) if value else None,
    }


def _spelled(name: str) -> dict[str, str]:
    pinyin, first_letters = spelled(name)
    return {"pinyin": pinyin, "initials": first_letters}
