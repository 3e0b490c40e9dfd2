"""Reads the parts of a policy set that speak of monitoring and of visits."""

from typing import Any

from households.policy.document import RISK_TIERS, Words
from households.policy.monitoring import (
    CHANNELS,
    LEVELS,
    MEASURES,
    RECORD_STATES,
    WAYS,
    ChannelTerms,
    Comparison,
    LeadTerms,
    Monitoring,
)
from households.policy.reader import CODE, CODE_MEND, Reader, made
from households.policy.visiting import PROBLEM_KINDS, TierVisits, Visits

_MOST = 10**12
_ONCE = "Each of %(names)s must stand here once, and nothing else"


def read_monitoring(reader: Reader, place: str, value: Any) -> Monitoring | None:
    """The `monitoring` part; None where there is none, or where its faults are noted."""
    if value is None:
        return None
    read = reader.object(
        place, value, leads=lambda at, one: _leads(reader, at, one), calm_days=reader.whole(1, 3_650),
        rules=reader.list_of(lambda at, one: _comparison(reader, at, one)),
    )  # fmt: skip
    rules = read.get("rules", ()) if read else ()
    seen: dict[str, int] = {}
    for k, rule in enumerate(rules):
        first = k if rule is None else seen.setdefault(rule.id, k)
        if first != k:
            words = Words("This stands in %(place)s too; each once", place=f"{place}.rules[{first}]")
            reader.faults.append((f"{place}.rules[{k}].id", words))
    return made(Monitoring, read)


def _leads(reader: Reader, place: str, value: Any) -> LeadTerms | None:
    read = reader.object(
        place, value, channels=reader.list_of(lambda at, one: _channel(reader, at, one)),
        escalate_days=reader.whole(0, 365), alike=reader.whole(300, 1_000),
    )  # fmt: skip
    channels = [one.channel for one in (read or {}).get("channels", ()) if one is not None]
    if read is not None and "channels" in read and sorted(channels) != sorted(CHANNELS):
        reader.fault(f"{place}.channels", _ONCE, names=", ".join(CHANNELS))
    return made(LeadTerms, read)


def _channel(reader: Reader, place: str, value: Any) -> ChannelTerms | None:
    return made(ChannelTerms, reader.object(
        place, value, channel=reader.one_of(CHANNELS), level=reader.one_of(tuple(LEVELS)), due_days=reader.whole(1, 365)
    ))  # fmt: skip


def _comparison(reader: Reader, place: str, value: Any) -> Comparison | None:
    read = reader.object(
        place, value, id=reader.matching(CODE, CODE_MEND), name=reader.name, record=reader.one_of(tuple(RECORD_STATES)),
        states=reader.list_of(reader.text(60), least=1), within_days=reader.whole(1, 3_650), measure=reader.one_of(MEASURES),
        at_least=reader.whole(1, _MOST), unknown_at_least=reader.whole(1, _MOST), due_days=reader.whole(1, 365),
        way=reader.one_of(WAYS), age_from=reader.whole(0, 150), age_to=reader.whole(0, 150), grade_to=reader.whole(1, 4),
        optional=("unknown_at_least", "way", "age_from", "age_to", "grade_to"),
    )  # fmt: skip
    if read is None:
        return None
    known = RECORD_STATES.get(read.get("record", ""), ())
    for k, state in enumerate(read.get("states", ())):
        if state not in known:
            reader.fault(f"{place}.states[{k}]", "This must be one of %(known)s", known=", ".join(known))
    if read.get("age_from", 0) > read.get("age_to", 150):
        reader.fault(f"{place}.age_to", "This lies below age_from")
    if read.get("measure") == "amount_per_head" and read.get("record") != "medical_bill":
        reader.fault(f"{place}.measure", "Only medical bills have an amount; count records")
    name = read.pop("name", None)
    if name is not None:
        read |= {"name_zh": name.zh, "name_en": name.en}
    return made(Comparison, read)


def read_visits(reader: Reader, place: str, value: Any) -> Visits | None:
    """The `visits` part: every tier and every kind of problem once, and nothing else."""
    if value is None:
        return None
    days = reader.whole(1, 365)

    def tier(at: str, one: Any) -> TierVisits | None:
        return made(TierVisits, reader.object(
            at, one, every_days=reader.whole(1, 730), telephone_in_a_row=reader.whole(0, 100)
        ))  # fmt: skip

    return made(Visits, reader.object(
        place, value, again_days=days,
        tiers=lambda at, one: reader.object(at, one, **dict.fromkeys(RISK_TIERS, tier)),
        problem_days=lambda at, one: reader.object(at, one, **dict.fromkeys(PROBLEM_KINDS, days)),
    ))  # fmt: skip
