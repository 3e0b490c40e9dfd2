"""Writing a plan up to the household's agreement: drafting, choosing measures, agreeing, dropping."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from households.consents.operations import locked
from households.consents.queries import head_of
from households.consents.rules import Giving, check_giving
from households.models import Household
from households.plans.models import PREPARED, Plan, PlanMeasure, PlanStep
from households.plans.queries import get_plan, plan_in_force, plan_in_preparation
from households.plans.rules import MeasureEntry, check_measures, next_status
from households.policy.models import PolicySet
from households.policy.queries import policy_of, policy_set_in_force
from households.portrait.portrait import Chosen, Suggested, portrait_of
from households.portrait.queries import PortraitOfRecord, known_on_record, portrait_on_record
from kernel import audit
from kernel.audit import Actor
from kernel.checking import plain
from kernel.clock import day_of
from kernel.crypto import vault_of
from kernel.database import constraint_of, new_id
from kernel.errors import Conflict, InvalidInput


def open_draft(
    session: Session, *, household_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Plan:
    """A new version to work at: the measures of the plan in force, or else those that the portrait suggests. One that is in
    preparation already is given back. Raises NotFound, Conflict (closed, no policy set, or somebody opened one at this moment).
    """
    household = locked(session, household_id, scope)
    if household.status != "active":
        raise Conflict("The household is closed; reopen it first")
    known = plan_in_preparation(session, household_id)
    if known is not None:
        return known
    made = portrait_of_household(session, household, now)
    plan = _new_version(session, household, made, actor, now)
    current = plan_in_force(session, household_id)
    if current is not None:
        catalogue = {measure.code for measure in policy_of(made.policy_set).measures}
        copied = [one for one in current.measures if one.measure_code in catalogue]
        plan.measures = [_copy(one, place) for place, one in enumerate(copied)]
    else:
        entries = [MeasureEntry(one.code) for one in made.portrait.suggested]
        _put(session, plan, household, made, entries, now)
    _flush(session)
    take_step(session, plan, household, "draft", actor, now)
    return plan


def write_measures(
    session: Session,
    *,
    plan_id: uuid.UUID,
    entries: Sequence[MeasureEntry],
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Plan:
    """The draft asks for exactly `entries`; a measure that stays keeps its line, so that its needs follow. Raises InvalidFields, NotFound,
    Conflict (somebody changed it since `version`), WrongPlanStep (it is no draft any more).
    """
    plan, household = _draft(session, plan_id, scope)
    require_version(plan, version)
    made = portrait_of_household(session, household, now)
    plan.policy_set_id, plan.basis = made.policy_set.id, basis_of(made)
    _put(session, plan, household, made, entries, now)
    plan.drafter_id, plan.updated_at = actor.id, now
    _flush(session)
    take_step(session, plan, household, "write", actor, now, measures=len(plan.measures))
    return plan


def choose_measures(
    session: Session,
    *,
    household_id: uuid.UUID,
    codes: Sequence[str],
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Plan:
    """The household's own choice among what is suggested: what it ticked is in the draft, what it left out is not; measures that its
    worker added without a suggestion stay. Opens a draft where none is. Raises InvalidInput, NotFound, Conflict, WrongPlanStep.
    """
    plan = open_draft(session, household_id=household_id, actor=actor, scope=scope, now=now)
    plan, household = _draft(session, plan.id, scope)
    made = portrait_of_household(session, household, now)
    suggested = {one.code for one in made.portrait.suggested}
    wanted = set(codes)
    unknown = sorted(wanted - suggested - {one.measure_code for one in plan.measures})
    if unknown:
        raise InvalidInput("%(code)s is not among the items suggested for you", field="codes", code=unknown[0])
    kept = [entry_of(one) for one in plan.measures if one.measure_code in wanted or one.measure_code not in suggested]
    known = {entry.measure_code for entry in kept}
    added = [MeasureEntry(code, chosen_by="household") for code in codes if code not in known]
    _put(session, plan, household, made, [*kept, *dict.fromkeys(added)], now)
    plan.policy_set_id, plan.basis = made.policy_set.id, basis_of(made)
    plan.updated_at = now
    _flush(session)
    take_step(session, plan, household, "choose", actor, now, measures=len(plan.measures))
    return plan


def agree(
    session: Session,
    *,
    plan_id: uuid.UUID,
    giving: Giving,
    version: int | None = None,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Plan:
    """Records that the household agrees to the draft; `version` is what it was shown (None: what is on paper, taken at its word).

    Raises InvalidFields, NotFound, Conflict (no measure, or changed since `version`), WrongPlanStep.
    """
    plan, household = locked_plan(session, plan_id, scope)
    status = next_status("agree", plan.status)
    require_version(plan, version)
    if not plan.measures:
        raise Conflict("The plan has no measure yet; choose at least one")
    checked = check_giving(giving, head=head_of(session, household.id), today=day_of(now))
    plan.status, plan.agreement_recorder_id, plan.updated_at = status, actor.id, now
    plan.agreed_way, plan.agreed_by, plan.agreed_giver = checked.way, checked.given_by, checked.giver
    plan.agreed_relation, plan.agreed_reference, plan.agreed_on = checked.relation, checked.reference, checked.given_on
    session.flush()
    take_step(session, plan, household, "agree", actor, now, way=checked.way, by=checked.given_by)
    return plan


def reopen_draft(
    session: Session, *, plan_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Plan:
    """An agreed or approved version becomes a draft again; the agreement is void. Raises InvalidInput, NotFound, WrongPlanStep."""
    plan, household = locked_plan(session, plan_id, scope)
    status = next_status("reopen", plan.status)
    words = required_reason(reason)
    back_to_draft(plan, status, now)
    session.flush()
    take_step(session, plan, household, "reopen", actor, now, reason=words)
    return plan


def drop_draft(
    session: Session, *, plan_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Plan:
    """A version in preparation is given up; the plan in force, if there is one, stays. Raises InvalidInput, NotFound, Conflict."""
    plan, household = locked_plan(session, plan_id, scope)
    if plan.status == "in_force":
        raise Conflict("This plan is in force; close it instead")
    plan.status, words = next_status("close", plan.status), required_reason(reason)
    plan.ended_at = plan.updated_at = now
    session.flush()
    take_step(session, plan, household, "close", actor, now, reason=words)
    return plan


def close_plans(
    session: Session, household: Household, *, reason: str | None = None, cause: str, actor: Actor, now: datetime
) -> None:
    """With the household its plans end; what becomes of its needs is for whoever closes it. `cause`: one of `CAUSES`."""
    for plan in session.scalars(
        sa.select(Plan).where(Plan.household_id == household.id, Plan.status.in_((*PREPARED, "in_force")))
    ):
        plan.status = next_status("close", plan.status)
        plan.ended_at = plan.updated_at = now
        session.flush()
        take_step(session, plan, household, "close", actor, now, reason=(reason or "")[:500], cause=cause)


# ---- what approval and objections use as well --------------------------------


def locked_plan(session: Session, plan_id: uuid.UUID, scope: tuple[str, ...]) -> tuple[Plan, Household]:
    """The plan and its household, which is locked first: all steps of one household's plans queue up."""
    plan = get_plan(session, plan_id, scope=scope)
    household = locked(session, plan.household_id, scope)
    session.refresh(plan)
    return plan, household


def portrait_of_household(session: Session, household: Household, now: datetime) -> PortraitOfRecord:
    """The portrait of today. Where nothing of the household is on file nothing is suggested, and its worker chooses from the catalogue.

    Raises Conflict where no policy set holds, since a plan is chosen from a policy's catalogue.
    """
    day = day_of(now)
    made = portrait_on_record(session, household, day=day)
    if made is not None:
        return made
    policy_set = policy_set_in_force(session, region_code=household.region_code, day=day)
    if policy_set is None:
        raise Conflict("No policy set holds for this region today, so there is no catalogue to choose measures from")
    portrait = portrait_of(known_on_record(household, day), policy_of(policy_set))
    # no income on file is not an income of nothing: what was recognised by people stands, and no measure follows by itself
    recognised = Chosen(household.status_category, ()), Chosen(household.risk_tier, ())
    portrait = replace(portrait, category=recognised[0], risk=recognised[1], main=household.main_type, suggested=())
    return PortraitOfRecord(day, policy_set, portrait)


def require_version(plan: Plan, version: int | None) -> None:
    """Raises Conflict where somebody changed the plan since `version` was read; None: not asked."""
    if version is not None and plan.version != version:
        raise Conflict("Somebody changed this plan meanwhile; look at it again and repeat your change")


def basis_of(made: PortraitOfRecord) -> dict[str, object]:
    """What a plan keeps of the portrait it was made from, and which of the indicators behind it nobody had recorded."""
    found = made.portrait
    return {
        "category": found.category.name, "main_type": found.main, "risk_tier": found.risk.name, "not_on_file": list(found.missing),
    }  # fmt: skip


def entry_of(measure: PlanMeasure) -> MeasureEntry:
    """A stored measure as an entry."""
    names = (
        "measure_code",
        "quantity",
        "tier",
        "weight",
        "every",
        "starts_on",
        "days",
        "deliver_to",
        "lat",
        "lon",
        "chosen_by",
    )
    return MeasureEntry(**{name: getattr(measure, name) for name in names})  # fmt: skip


def back_to_draft(plan: Plan, status: str, now: datetime) -> None:
    """Voids agreement and approval."""
    plan.status, plan.updated_at = status, now
    plan.agreed_way = plan.agreed_by = plan.agreed_giver = plan.agreed_relation = plan.agreed_reference = None
    plan.agreed_on = plan.agreement_recorder_id = plan.approver_id = plan.starts_on = None


def required_reason(reason: str) -> str:
    """The reason without spaces around it. Raises InvalidInput."""
    words = reason.strip()
    if not words:
        raise InvalidInput("Say why; it stays on record", field="reason")
    return plain(words, field="reason", lines=True)[:500]


def take_step(
    session: Session,
    plan: Plan,
    household: Household,
    step: str,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    cause: str | None = None,
    **detail: object,
) -> None:
    """Writes the step into the plan's story and on the trail. `reason`: somebody's words, which may name an illness and are sealed;
    `cause`: why the program took it (`CAUSES`)."""
    row = PlanStep(id=new_id(), plan_id=plan.id, at=now, actor_id=actor.id, step=step, cause=cause)
    if reason:
        row.reason_sealed = vault_of(session).seal(reason, table="plan_steps", row=row.id, column="reason")
    session.add(row)
    session.flush()
    audit.record(
        session, actor=actor, action=f"plan.{step}", subject_type="plan", subject_id=plan.id, now=now,
        region_code=household.region_code, household_id=household.id, version=plan.version_no, **detail,
    )  # fmt: skip


def _draft(session: Session, plan_id: uuid.UUID, scope: tuple[str, ...]) -> tuple[Plan, Household]:
    plan, household = locked_plan(session, plan_id, scope)
    if plan.status != "draft":
        raise Conflict("The household has agreed to this version; take it back to a draft first")
    return plan, household


def _new_version(session: Session, household: Household, made: PortraitOfRecord, actor: Actor, now: datetime) -> Plan:
    last = session.scalar(sa.select(sa.func.max(Plan.version_no)).where(Plan.household_id == household.id)) or 0
    plan = Plan(
        id=new_id(), household_id=household.id, version_no=last + 1, status="draft", policy_set_id=made.policy_set.id,
        basis=basis_of(made), drafter_id=actor.id, created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(plan)
    return plan


def _copy(measure: PlanMeasure, position: int) -> PlanMeasure:
    values = asdict(entry_of(measure))
    return PlanMeasure(
        id=new_id(), line_id=measure.line_id, position=position, category_code=measure.category_code,
        type=measure.type, reasons=measure.reasons, **values,
    )  # fmt: skip


def _put(
    session: Session,
    plan: Plan,
    household: Household,
    made: PortraitOfRecord,
    entries: Sequence[MeasureEntry],
    now: datetime,
) -> None:
    """Brings the draft's measures to what was checked; rows of measures that stay, or that the plan in force has, keep their line."""
    suggested = {one.code: one for one in made.portrait.suggested}
    checked = check_measures(
        entries,
        policy=policy_of(made.policy_set),
        suggested={code: one.quantity for code, one in suggested.items()},
        main_type=made.portrait.main or household.main_type,
        today=day_of(now),
    )
    known = {one.measure_code: one for one in plan.measures}
    current = plan_in_force(session, household.id)
    # unticked and ticked again it is the same measure: what it asked for is not asked for again
    lines = {one.measure_code: one.line_id for one in current.measures} if current is not None else {}
    wanted = {one.measure_code for one in checked}
    for code, row in known.items():
        if code not in wanted:
            plan.measures.remove(row)
    for place, one in enumerate(checked):
        row = known.get(one.measure_code)
        if row is None:
            row = PlanMeasure(id=new_id(), line_id=lines.get(one.measure_code) or new_id())
            plan.measures.append(row)
        for name, value in vars(one).items():
            setattr(row, name, value)
        row.position = place
        found = suggested.get(one.measure_code)
        row.reasons = _reasons(found) if found is not None else None


def _reasons(suggested: Suggested) -> list[dict[str, object]]:
    return [{**vars(reason), "missing": list(reason.missing)} for reason in suggested.reasons]


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        if constraint_of(error) in ("uq_plans_one_in_preparation", "uq_plans_household_id_version_no"):
            raise Conflict("A new version of this household's plan is in preparation already") from error
        raise


def policy_set_of(session: Session, plan: Plan) -> PolicySet:
    """The policy set whose catalogue a version was chosen from."""
    return session.get_one(PolicySet, plan.policy_set_id)
