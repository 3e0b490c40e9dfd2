"""Objections heard over the real database: who hears them, what an upheld one does, the list, and that no word of them lies in clear."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from households.consents import texts
from households.consents.operations import give_consent, give_consents, withdraw_consent
from households.consents.queries import consents_of, in_force
from households.consents.texts import ConsentText
from households.needs.operations import hold_many, release
from households.operations import close_household
from households.plans.approval import close_plan, review_plan
from households.plans.objections import hear_objection, object_to, read_words
from households.plans.queries import answer_of, held_back, list_objections, steps_of
from households.plans.rules import HearerIsAuthor
from households.plans.texts import open_words
from kernel.audit import SYSTEM
from kernel.errors import Conflict, InvalidInput
from tests import factories_plans as make
from tests.factories import COUNTY, NOW, make_person, resident_id
from tests.factories_demand import a_head, make_household, make_need
from tests.factories_plans import ON_PAPER, ON_SCREEN, by
from tests.integration.households.test_privacy import every_cell
from tests.integration.plans.test_plans import needs_of, people

assert people
DAY = timedelta(days=1)


@pytest.fixture
def hearer(session: Session):
    return make_person(session, "plan.hearer", ("reviewer", COUNTY))


def raised(session, household, **about):
    return object_to(session, household_id=household.id, words="我家不要", **about, **by(SYSTEM))


def heard(session, objection, who, *, upheld=True, **at):
    return hear_objection(session, objection_id=objection.id, upheld=upheld, answer="同意", **by(who, **at))


def test_an_upheld_objection_to_a_need_withdraws_it(session, people, hearer):  # promise 23
    worker, approver = people
    household = make.poor_household(session)
    make.plan_in_force(session, household, worker, approver)
    needs = needs_of(session, household)
    objection = raised(session, household, need_id=needs["cash_aid"].id)
    assert held_back(session, [need.id for need in needs.values()]) == [needs["cash_aid"].number]
    heard(session, objection, hearer)
    needs = needs_of(session, household)
    assert (needs["cash_aid"].status, needs["food_parcel"].status) == ("withdrawn", "open")
    kept = raised(session, household, need_id=needs["food_parcel"].id)
    heard(session, kept, hearer, upheld=False)
    assert needs_of(session, household)["food_parcel"].status == "open"
    assert held_back(session, [needs["food_parcel"].id]) == []


def test_an_objection_to_what_is_promised_is_not_upheld_before_the_promise_is_void(session, people, hearer):
    worker, approver = people
    household = make.poor_household(session)
    make.plan_in_force(session, household, worker, approver)
    need = needs_of(session, household)["cash_aid"]
    hold_many(session, [(need.id, 2)], NOW)
    objection = raised(session, household, need_id=need.id)
    with pytest.raises(Conflict, match="void or deliver that promise first") as refused:
        heard(session, objection, hearer)
    assert str(need.number) in refused.value.text and objection.status == "open"
    release(session, [(need.id, 2)], NOW)
    heard(session, objection, hearer)
    assert needs_of(session, household)["cash_aid"].status == "withdrawn"


def test_an_upheld_objection_to_the_plan_freezes_until_the_plan_has_ended(session, people, hearer):
    worker, approver = people
    household = make.poor_household(session)
    by_hand = make_need(session, household)
    plan = make.plan_in_force(session, household, worker, approver)
    heard(session, raised(session, household), hearer, now=NOW + DAY)
    assert held_back(session, [by_hand.id]) == [by_hand.number]
    at = {"rounds": {}, **by(worker, now=NOW + 2 * DAY)}
    review_plan(session, plan_id=plan.id, outcome="continue", words="无变化", **at)
    assert held_back(session, [by_hand.id]) == [by_hand.number]  # the same plan goes on: nothing was carried out
    close_plan(session, plan_id=plan.id, reason="按异议终止", **at)
    assert held_back(session, [by_hand.id]) == []


def test_the_plan_it_speaks_of_follows_from_the_need_whoever_asks(session, people):  # promise 14
    worker, approver = people
    household = make.poor_household(session)
    first = make.plan_in_force(session, household, worker, approver)
    need = needs_of(session, household)["cash_aid"]
    assert raised(session, household, need_id=need.id).plan_id == first.id
    assert raised(session, household).plan_id == first.id
    other = make.poor_household(session, a_head(name="王大海", resident_id=resident_id(born="19700202")))
    draft = make.agreed_plan(session, other, worker)
    objection = raised(session, other)
    assert objection.plan_id == draft.id  # none is in force: the newest
    with pytest.raises(HearerIsAuthor):
        heard(session, objection, worker)


def test_where_no_plan_is_named_everybody_who_wrote_one_is_involved(session, people, hearer):
    worker, approver = people
    household = make.poor_household(session)
    objection = raised(session, household)
    assert objection.plan_id is None
    make.plan_in_force(session, household, worker, approver)
    for author in (worker, approver):
        with pytest.raises(HearerIsAuthor):
            heard(session, objection, author)
    heard(session, objection, hearer)


def test_the_list_goes_on_past_a_page(session, hearer):
    homes = [make_household(session, a_head(resident_id=resident_id(born=f"1940010{n}"))) for n in (1, 2, 3)]
    ids = [
        object_to(session, household_id=one.id, words="不要", **by(SYSTEM, now=NOW + place * DAY)).id
        for place, one in enumerate(homes)
    ]

    def walk(status):
        found, after = [], None
        while True:
            page = list_objections(session, scope=(COUNTY,), status=status, after=after, limit=1)
            found += [row.objection.id for row in page.rows]
            after = page.next_after
            if after is None:
                return found

    assert walk("open") == ids and walk(None) == ids[::-1]  # who waits longest first; the newest first otherwise
    for bad in ("x", "2027-03-05_x", "2027-03-05T00:00:00_" + str(ids[0])):
        with pytest.raises(InvalidInput):
            list_objections(session, scope=(COUNTY,), after=bad)


def test_no_word_about_a_plan_a_consent_or_an_objection_lies_in_clear(session, people, hearer):  # promise 19
    worker, approver = people
    household = make.poor_household(session)
    plan = make.plan_in_force(session, household, worker, approver)
    words = {name: f"儿子患少见病，{name}" for name in ("异议", "答复", "复核", "撤回", "关闭")}
    objection = object_to(session, household_id=household.id, words=words["异议"], **by(SYSTEM))
    answer = {"upheld": False, "answer": words["答复"]}
    hear_objection(session, objection_id=objection.id, **answer, **by(hearer))
    review_plan(
        session, plan_id=plan.id, outcome="continue", words=words["复核"], rounds={}, **by(worker, now=NOW + DAY)
    )
    give_consent(session, household_id=household.id, purpose="share", giving=ON_PAPER, **by(worker))
    withdraw_consent(session, household_id=household.id, purpose="share", words=words["撤回"], **by(worker))
    assert read_words(session, objection_id=objection.id, **by(hearer)) == words["异议"]
    assert answer_of(session, objection) == words["答复"]
    close_household(session, household_id=household.id, reason=words["关闭"], **by(worker, now=NOW + 2 * DAY))
    session.commit()
    assert "少见病" not in every_cell(session)
    told = open_words(session, subject="plan", subject_id=plan.id, purpose="复核计划", **by(worker))
    assert [one.text for one in told] == [words["复核"], words["关闭"]]
    (said,) = open_words(session, subject="consents", subject_id=household.id, purpose="回访核实", **by(worker))
    assert said.text == words["撤回"]
    assert [row.step.cause for row in steps_of(session, plan.id)][-1] == "household_closed"


# ---- the version of the words ----


@pytest.fixture
def two_versions(monkeypatch: pytest.MonkeyPatch):
    """A second version of the words of one purpose, as a release would bring it."""
    known = texts._all()
    newer = ConsentText("match", "2028-1", "新文本", "New words")
    monkeypatch.setattr(texts, "_all", lambda: (*known, newer))
    return known[0].version, newer.version


def test_a_paper_is_recorded_under_the_words_that_are_printed_on_it(session, two_versions):  # promise 22
    old, new = two_versions
    household = make_household(session, consented=False)
    give = {"household_id": household.id, "purpose": "match"}
    with pytest.raises(InvalidInput, match=f"{old}, {new}") as refused:
        give_consent(session, giving=ON_PAPER, **give, **by(SYSTEM))
    assert refused.value.field == "version"
    with pytest.raises(InvalidInput, match="no version"):
        give_consent(session, giving=ON_PAPER, text_version="1999-1", **give, **by(SYSTEM))
    with pytest.raises(InvalidInput, match="have changed"):
        give_consent(session, giving=ON_SCREEN, text_version=old, **give, **by(SYSTEM))
    assert give_consent(session, giving=ON_PAPER, text_version=old, **give, **by(SYSTEM)).text_version == old
    # to the newer words the household may agree anew, and not back to the old ones
    later = by(SYSTEM, now=NOW + DAY)
    assert give_consent(session, giving=ON_SCREEN, **give, **later).text_version == new
    give_consent(session, giving=ON_PAPER, text_version=old, **give, **later)
    kept = consents_of(session, household_id=household.id, scope=(COUNTY,))
    assert in_force(kept)["match"].text_version == new and len(kept) == 2
    assert household.consented_at == NOW + DAY


def test_nothing_else_than_the_paper_needs_a_version(session):
    household = make_household(session, consented=False)
    given = give_consent(session, household_id=household.id, purpose="match", giving=ON_PAPER, **by(SYSTEM))
    assert given.text_version == texts.texts_in_force()["match"].version
    with pytest.raises(InvalidInput, match="no version"):
        give_consents(
            session, household_id=household.id, purposes=["share"], giving=ON_PAPER, versions={"share": "x"}, **by(SYSTEM)
        )  # fmt: skip
