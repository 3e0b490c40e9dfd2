"""Plans, consents and objections of the demonstration: needs come from plans in force where the policy's catalogue has a measure for them.

Nothing here changes what a round sees: needs stay as they were asked for, consents stand where families consented, and an objection is
open only at households that are outside the rounds already.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from households.consents.models import Consent
from households.consents.texts import texts_in_force
from households.needs.rules import CheckedNeed
from households.plans.models import Objection, Plan, PlanMeasure, PlanNeed, PlanStep
from households.plans.rules import add_months, period_starts, review_months
from households.policy.document import Measure, Policy
from households.policy.models import PolicySet
from households.policy.queries import policy_of
from households.portrait.facts import INDICATORS, Known
from households.portrait.portrait import Portrait, portrait_of
from kernel.clock import day_of
from kernel.crypto import vault_of
from marketplace.demo.families import Family
from marketplace.demo.keys import Keys
from marketplace.demo.writing import copy_rows

Home = tuple[uuid.UUID, Family]
Rows = dict[str, list[dict[str, Any]]]

SHARE_CONSENT, PHOTO_CONSENT = 0.6, 0.25  # assumptions
DRAFTS, AGREED = 90, 60
"""Families without a plan in force whose plan is being drafted, or waits for approval"""
MONTHLY = ("companionship_hours", "care_hours", "counselling_hours")
OBJECTIONS = (
    ("粮油我家够用，更需要有人陪老人去医院。", "open", None),
    ("孩子的助学金填少了一个人。", "upheld", "已核对，增加一名在校学生，下一版计划调整。"),
    ("不想让邻居来送东西。", "upheld", "改为送到村委会，由家里人自取。"),
    ("为什么没有现金救助？", "rejected", "您家已享受低保金，现金救助用于突发困难；如有变化请随时告诉我们。"),
)
_STEPS = ("draft", "write", "agree", "approve", "start")


def write_plans(
    session: Session,
    draw: Random,
    keys: Keys,
    families: Sequence[Home],
    needs: Sequence[CheckedNeed],
    policy_set: PolicySet,
    users: Mapping[str, uuid.UUID],
    *,
    now: datetime,
) -> dict[str, int]:
    """Writes all rows; how many there are by table. `needs` in the order in which they were written, by which their ids go."""
    rows: Rows = {name: [] for name in ("plans", "measures", "links", "steps", "objections")}
    policy = policy_of(policy_set)
    maker = _Maker(draw, keys, policy, policy_set.id, users, now, rows)
    asked: dict[uuid.UUID, list[tuple[uuid.UUID, CheckedNeed]]] = {}
    for number, need in enumerate(needs):
        asked.setdefault(need.household_id, []).append((keys.of("need", number), need))
    left = []
    for household_id, family in families:
        linked = _linked(policy, asked.get(household_id, []))
        if linked:
            maker.in_force(household_id, family, linked)
        else:
            left.append((household_id, family))
    prepared = 0
    for household_id, family in left:
        if prepared < DRAFTS + AGREED and maker.prepared(household_id, family, agreed=prepared >= DRAFTS):
            prepared += 1
    outside = [home for home in families if home[1].opted_out]
    maker.objections(session, outside[:1], left[-len(OBJECTIONS) + 1 :])
    consents = _consents(draw, keys, families, users["worker"], now=now)
    counts = {"consents": copy_rows(session, Consent, consents)}
    for name, model in (
        ("plans", Plan),
        ("measures", PlanMeasure),
        ("links", PlanNeed),
        ("steps", PlanStep),
        ("objections", Objection),
    ):
        counts[model.__tablename__] = copy_rows(session, model, rows[name])
    return counts  # fmt: skip


def _linked(
    policy: Policy, asked: Sequence[tuple[uuid.UUID, CheckedNeed]]
) -> list[tuple[Measure, uuid.UUID, CheckedNeed]]:
    """The needs that a measure of the catalogue asks for, with that measure: rather one of the need's type, each once."""
    found, used = [], set()
    for need_id, need in asked:
        fitting = [one for one in policy.measures if one.category == need.category_code and one.code not in used]
        fitting.sort(key=lambda one: need.type not in one.types)
        if fitting:
            used.add(fitting[0].code)
            found.append((fitting[0], need_id, need))
    return found


def _consents(
    draw: Random, keys: Keys, families: Sequence[Home], recorder: uuid.UUID, *, now: datetime
) -> list[dict[str, Any]]:
    """What families agreed to on paper, on the day of the visit."""
    texts, rows = texts_in_force(), []
    for number, (household_id, family) in enumerate(families):
        days, lots = draw.randint(5, 360), (0.0, draw.random(), draw.random())
        if not family.checked.entry.consented:
            continue
        at = now - timedelta(days=days)
        for purpose, lot, chance in zip(
            ("match", "share", "photos"), lots, (1, SHARE_CONSENT, PHOTO_CONSENT), strict=True
        ):
            if lot < chance:
                rows.append({
                    "id": keys.of("consent", len(rows)), "household_id": household_id, "purpose": purpose,
                    "text_version": texts[purpose].version, "way": "paper", "given_by": "self",
                    "giver": family.checked.head.entry.name, "reference": f"同意书 {number + 1:05d}", "given_on": day_of(at),
                    "recorded_at": at, "recorder_id": recorder,
                })  # fmt: skip
    return rows


class _Maker:
    """Gathers the rows of plans, household by household."""

    def __init__(
        self,
        draw: Random,
        keys: Keys,
        policy: Policy,
        policy_set_id: uuid.UUID,
        users: Mapping[str, uuid.UUID],
        now: datetime,
        rows: Rows,
    ) -> None:
        self.draw, self.keys, self.policy, self.policy_set_id = draw, keys, policy, policy_set_id
        self.users, self.now, self.rows, self.today = users, now, rows, day_of(now)
        self.measures = {one.code: one for one in policy.measures}

    def in_force(
        self, household_id: uuid.UUID, family: Family, linked: Sequence[tuple[Measure, uuid.UUID, CheckedNeed]]
    ) -> None:
        """A plan in force whose measures are the household's needs; one in nine had a version before, one in twelve has the next drafted."""
        lot, portrait = self.draw.random(), _portrait(family, self.policy)
        started = self.now - timedelta(days=self.draw.randint(22, 200))
        review_on = add_months(day_of(started), review_months(portrait.facts, self.policy))
        before = lot < 1 / 9
        if before:
            self._version(household_id, family, portrait, "reviewed", 1, started - timedelta(days=180), ended=started)
            for place, (measure, _need_id, need) in enumerate(linked[:1]):
                self._measure(measure.code, place, portrait, need)
        self._version(household_id, family, portrait, "in_force", 1 + before, started, review_on=review_on)
        for place, (measure, need_id, need) in enumerate(linked):
            period = max(day_of(started), self.today - timedelta(days=21))
            every = "monthly" if need.category_code in MONTHLY and self.draw.random() < 0.5 else "once"
            row = self._measure(measure.code, place, portrait, need, every=every, starts_on=period)
            if every == "monthly":  # the next period begins once the present one has ended
                row["next_on"] = period_starts(period, every, self.today)[1]
            self.rows["links"].append(
                {"need_id": need_id, "measure_id": row["id"], "line_id": row["line_id"], "period_from": period}
            )
        if lot > 11 / 12:
            kept = self.rows["measures"][-len(linked) :]
            self._version(household_id, family, portrait, "draft", 2 + before, self.now - timedelta(days=2))
            for row in kept:
                key = self.keys.of("plan-measure", len(self.rows["measures"]))
                self.rows["measures"].append(
                    {**row, "id": key, "plan_id": self.rows["plans"][-1]["id"], "next_on": None}
                )
            codes = {row["measure_code"] for row in kept}
            for place, one in enumerate(one for one in portrait.suggested if one.code not in codes):
                self._measure(one.code, len(kept) + place, portrait, quantity=one.quantity)

    def prepared(self, household_id: uuid.UUID, family: Family, *, agreed: bool) -> bool:
        """A first plan of what the portrait suggests; False where it suggests nothing."""
        portrait = _portrait(family, self.policy)
        if not portrait.suggested:
            return False
        at = self.now - timedelta(days=self.draw.randint(1, 20))
        self._version(household_id, family, portrait, "agreed" if agreed else "draft", 1, at)
        for place, one in enumerate(portrait.suggested[:5]):
            self._measure(one.code, place, portrait, quantity=one.quantity)
        return True

    def objections(self, session: Session, outside: Sequence[Home], answered: Sequence[Home]) -> None:
        """One open objection, of a household that no round sees anyway, and some that were heard."""
        vault = vault_of(session)
        for number, ((household_id, _family), (words, status, answer)) in enumerate(
            zip((*outside, *answered), OBJECTIONS, strict=True)
        ):
            key, raised = self.keys.of("objection", number), self.now - timedelta(days=9 + number * 7)
            self.rows["objections"].append({
                "id": key, "household_id": household_id, "words_sealed": vault.seal(words, table="objections", row=key, column="words"),
                "raised_at": raised, "status": status,
                "answer_sealed": vault.seal(answer, table="objections", row=key, column="answer") if answer else None,
                "hearer_id": self.users["reviewer"] if answer else None, "ended_at": raised + timedelta(days=4) if answer else None,
            })  # fmt: skip

    def _version(
        self, household_id: uuid.UUID, family: Family, portrait: Portrait, status: str, number: int, at: datetime,
        *, review_on: date | None = None, ended: datetime | None = None,
    ) -> None:  # fmt: skip
        key, drafted = self.keys.of("plan", len(self.rows["plans"])), at - timedelta(days=6)
        agreed, approved = status != "draft", status in ("in_force", "reviewed")
        self.rows["plans"].append({
            "id": key, "household_id": household_id, "version_no": number, "status": status, "policy_set_id": self.policy_set_id,
            "basis": Jsonb({"category": portrait.category.name, "main_type": portrait.main, "risk_tier": portrait.risk.name, "not_on_file": list(portrait.missing)}),
            "drafter_id": self.users["worker"], "agreed_way": "paper" if agreed else None, "agreed_by": "self" if agreed else None,
            "agreed_giver": family.checked.head.entry.name if agreed else None,
            "agreed_reference": f"计划书 {len(self.rows['plans']) + 1:05d}" if agreed else None,
            "agreed_on": day_of(drafted + timedelta(days=2)) if agreed else None,
            "agreement_recorder_id": self.users["worker"] if agreed else None,
            "approver_id": self.users["coordinator2"] if approved else None, "starts_on": day_of(at) if approved else None,
            "review_on": review_on, "in_force_at": at if approved else None, "ended_at": ended, "created_at": drafted,
            "updated_at": ended or at,
        })  # fmt: skip
        steps = _STEPS if approved else _STEPS[:3] if agreed else _STEPS[:2]
        for place, step in enumerate((*steps, *(("replace",) if ended else ()))):
            who = {"approve": "coordinator2", "start": "coordinator2", "replace": "coordinator2"}.get(step, "worker")
            moment = at if step in ("approve", "start") else drafted + timedelta(days=place)
            self.rows["steps"].append(
                {
                    "id": self.keys.of("plan-step", len(self.rows["steps"])),
                    "plan_id": key,
                    "at": ended if step == "replace" else moment,
                    "actor_id": self.users[who],
                    "step": step,
                }
            )

    def _measure(
        self, code: str, place: int, portrait: Portrait, need: CheckedNeed | None = None, *, quantity: int | None = None,
        every: str = "once", starts_on: date | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        measure, key = self.measures[code], self.keys.of("plan-measure", len(self.rows["measures"]))
        suggested = next((one for one in portrait.suggested if one.code == code), None)
        days = measure.days
        if need is not None and need.due_on is not None:
            days = max(1, (need.due_on - (starts_on or self.today)).days)
        row = {
            "id": key, "plan_id": self.rows["plans"][-1]["id"], "line_id": self.keys.of("plan-line", len(self.rows["measures"])),
            "position": place, "measure_code": code, "category_code": measure.category,
            "type": need.type if need is not None else portrait.main if portrait.main in measure.types else measure.types[0],
            "quantity": need.quantity if need is not None else quantity, "tier": need.tier if need is not None else measure.tier,
            "weight": need.weight if need is not None else measure.weight, "every": every, "starts_on": starts_on,
            "days": min(days, 31) if every == "monthly" else days, "next_on": None,
            "reasons": Jsonb([vars(reason) for reason in suggested.reasons]) if suggested is not None else None,
        }  # fmt: skip
        self.rows["measures"].append(row)
        return row


def _portrait(family: Family, policy: Policy) -> Portrait:
    values = {code: int(value) for code, value in family.indicators.items() if code in INDICATORS}
    return portrait_of(Known(len(family.checked.members), values), policy)
