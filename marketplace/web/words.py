"""The words people read for the codes of the domain, and the tone a badge of each has. One table, so that one thing has one name."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from marketplace.web import care_words

WORDS: dict[str, dict[str, LazyString]] = {
    "role": {
        "administrator": _l("Administrator"),
        "coordinator": _l("County coordinator"),
        "reviewer": _l("Reviewer"),
        "finance": _l("Finance officer"),
        "federation": _l("Charity federation"),
        "worker": _l("Township or village worker"),
        "enterprise": _l("Donor enterprise"),
        "social_organisation": _l("Social organisation"),
        "volunteer": _l("Volunteer"),
        "household": _l("Household"),
        "auditor": _l("Auditor"),
    },
    "type": {
        "subsistence": _l("Subsistence"),
        "expenditure": _l("Expenditure"),
        "emergency": _l("Emergency"),
        "development": _l("Development"),
        "care": _l("Care"),
    },
    "tier": {
        "1": _l("Tier 1, most urgent"),
        "2": _l("Tier 2, urgent"),
        "3": _l("Tier 3, general"),
    },
    "tier_short": {"1": _l("Tier 1"), "2": _l("Tier 2"), "3": _l("Tier 3")},
    "status_category": {
        "extreme_poverty": _l("Extreme poverty support"),
        "subsistence_allowance": _l("Subsistence allowance"),
        "subsistence_edge": _l("Edge of the subsistence allowance"),
        "expenditure_hardship": _l("Hardship through expenditure"),
        "relative_low_income": _l("Relative low income"),
        "other": _l("Other"),
    },
    "risk_tier": {"high": _l("High risk"), "key": _l("Key risk"), "general": _l("General risk")},
    "relation": {
        "head": _l("Head of household"),
        "spouse": _l("Spouse"),
        "child": _l("Child"),
        "parent": _l("Parent"),
        "grandparent": _l("Grandparent"),
        "grandchild": _l("Grandchild"),
        "sibling": _l("Brother or sister"),
        "other": _l("Other"),
    },
    "sex": {"female": _l("Female"), "male": _l("Male")},
    "household_status": {"active": _l("Active"), "closed": _l("Closed")},
    "fill": {
        "any": _l("Any part helps"),
        "whole": _l("All or nothing"),
        "single": _l("All from one helper"),
    },
    "need_status": {
        "open": _l("Open"),
        "met": _l("Met"),
        "withdrawn": _l("Withdrawn"),
        "expired": _l("Past its date"),
    },
    "category_kind": {
        "goods": _l("Goods"),
        "money": _l("Money"),
        "hours": _l("Hours"),
        "service": _l("Services"),
        "job": _l("Jobs"),
        "place": _l("Places"),
    },
    "donor_kind": {
        "enterprise": _l("Donor enterprise"),
        "social_organisation": _l("Social organisation"),
        "volunteer": _l("Volunteer"),
    },
    "donor_status": {"active": _l("Active"), "suspended": _l("Suspended"), "closed": _l("Closed")},
    "offering_status": {"open": _l("Open"), "paused": _l("Paused"), "withdrawn": _l("Withdrawn")},
    "fund_kind": {
        "special_fund": _l("Special fund"),
        "donation": _l("Donation"),
        "charitable_trust": _l("Charitable trust"),
        "emergency_reserve": _l("Emergency reserve"),
        "public_programme": _l("Public programme"),
    },
    "fund_status": {"open": _l("Open"), "closed": _l("Closed")},
    "transaction_kind": {
        "donation": _l("Donation received"),
        "reserve": _l("Reserved"),
        "post": _l("Spent"),
        "release": _l("Released"),
        "correction": _l("Correction"),
    },
    "project_status": {"draft": _l("Draft"), "listed": _l("Listed"), "closed": _l("Closed")},
    "shift_status": {"open": _l("Open"), "cancelled": _l("Cancelled")},
    "sign_up_status": {"signed_up": _l("Signed up"), "cancelled": _l("Cancelled")},
    "round_status": {
        "draft": _l("Draft"),
        "frozen": _l("Pool frozen"),
        "queued": _l("Waiting for its turn"),
        "solving": _l("Computing"),
        "proposed": _l("Awaiting review"),
        "approved": _l("Awaiting commit"),
        "committed": _l("Committed"),
        "voided": _l("Voided"),
        "rejected": _l("Sent back"),
        "cancelled": _l("Cancelled"),
        "failed": _l("Failed"),
        "expired": _l("Lapsed"),
    },
    "what_if_status": {
        "queued": _l("Waiting for its turn"),
        "solving": _l("Computing"),
        "done": _l("Answered"),
        "failed": _l("Failed"),
        "cancelled": _l("Cancelled"),
    },
    "plan_status": {"optimal": _l("Proven best"), "feasible": _l("Good, not proven best")},
    "allocation_status": {
        "proposed": _l("Proposed"),
        "reserved": _l("Promised"),
        "delivered": _l("Delivered"),
        "declined": _l("Declined"),
        "voided": _l("Voided"),
        "dropped": _l("Dropped"),
    },
    "import_kind": {
        "donors": _l("Donors"),
        "offerings": _l("Offerings"),
        "households": _l("Households"),
        "needs": _l("Needs"),
    },
    "import_status": {"checked": _l("Checked"), "imported": _l("Imported"), "discarded": _l("Discarded")},
    "action": {
        "user.created": _l("Account opened"),
        "user.closed": _l("Account closed"),
        "user.reopened": _l("Account reopened"),
        "user.signed_in": _l("Signed in"),
        "user.sessions_ended": _l("Sessions ended"),
        "role.granted": _l("Role granted"),
        "token.issued": _l("API token issued"),
        "donor.registered": _l("Donor registered"),
        "donor.updated": _l("Donor changed"),
        "donor.suspended": _l("Donor put on hold"),
        "donor.resumed": _l("Donor resumed"),
        "donor.person_added": _l("Account tied to a donor"),
        "offering.registered": _l("Offering registered"),
        "offering.changed": _l("Offering changed"),
        "offering.paused": _l("Offering paused"),
        "offering.resumed": _l("Offering resumed"),
        "offering.withdrawn": _l("Offering withdrawn"),
        "fund.opened": _l("Fund opened"),
        "fund.closed": _l("Fund closed"),
        "donation.received": _l("Donation received"),
        "household.registered": _l("Household registered"),
        "household.changed": _l("Household changed"),
        "household.closed": _l("Household file closed"),
        "household.reopened": _l("Household reopened"),
        "household.revealed": _l("Personal numbers shown"),
        "household.consented": _l("Consent recorded"),
        "household.consent_withdrawn": _l("Consent withdrawn"),
        "household.opted_out": _l("Opted out of matching"),
        "household.opted_in": _l("Back in matching"),
        "household.indicators_set": _l("Indicators recorded"),
        "household.account_joined": _l("Account tied to a household"),
        "need.posted": _l("Need posted"),
        "need.changed": _l("Need changed"),
        "need.withdrawn": _l("Need withdrawn"),
        "need.expired": _l("Need past its date"),
        "project.drafted": _l("Project drafted"),
        "project.changed": _l("Project changed"),
        "project.listed": _l("Project listed"),
        "project.closed": _l("Project closed"),
        "project.fund_tied": _l("Fund tied to a project"),
        "project.needs_tied": _l("Needs tied to a project"),
        "project.offering_tied": _l("Offering tied to a project"),
        "shift.opened": _l("Shift opened"),
        "shift.cancelled": _l("Shift cancelled"),
        "shift.signed_up": _l("Signed up for a shift"),
        "shift.sign_up_cancelled": _l("Place on a shift given back"),
        "round.created": _l("Round created"),
        "round.frozen": _l("Round: pool frozen"),
        "round.drawn": _l("Round: seed drawn"),
        "round.queued": _l("Round: run asked for"),
        "round.solving": _l("Round: computing"),
        "round.proposed": _l("Round: plan proposed"),
        "round.approved": _l("Round: approved"),
        "round.rejected": _l("Round: sent back"),
        "round.committed": _l("Round: committed"),
        "round.voided": _l("Round: voided"),
        "round.cancelled": _l("Round: cancelled"),
        "round.failed": _l("Round: failed"),
        "round.expired": _l("Round: lapsed"),
        "round.what_if_asked": _l("Round: what-if asked"),
        "round.what_if_cancelled": _l("Round: what-if cancelled"),
        "round.what_if_taken_over": _l("Round: what-if taken over"),
        "round.claim_check_asked": _l("Round: check by solving again asked"),
        "delivery.confirmed": _l("Delivery confirmed"),
        "delivery.declined": _l("Delivery declined"),
        "import.checked": _l("Upload checked"),
        "import.imported": _l("Upload imported"),
        "import.discarded": _l("Upload discarded"),
        "list.exported": _l("List exported"),
        "demo.filled": _l("Demonstration filled"),
    },
    "region_level": {
        "1": _l("Province"),
        "2": _l("Prefecture"),
        "3": _l("County"),
        "4": _l("Township"),
        "5": _l("Village"),
    },
}

# neutral: nothing to do; info: under way; good: done; warn: somebody should look; bad: it failed or is urgent.
TONES: dict[str, dict[str, str]] = {
    "tier": {"1": "bad", "2": "warn", "3": "info"},
    "tier_short": {"1": "bad", "2": "warn", "3": "info"},
    "risk_tier": {"high": "bad", "key": "warn"},
    "household_status": {"active": "good"},
    "need_status": {"open": "info", "met": "good", "expired": "warn"},
    "donor_status": {"active": "good", "suspended": "warn"},
    "offering_status": {"open": "good", "paused": "warn"},
    "fund_status": {"open": "good"},
    "transaction_kind": {"donation": "good", "reserve": "info", "correction": "warn"},
    "project_status": {"draft": "warn", "listed": "good"},
    "shift_status": {"open": "good"},
    "sign_up_status": {"signed_up": "good"},
    "round_status": {
        "frozen": "info",
        "queued": "info",
        "solving": "info",
        "proposed": "warn",
        "approved": "warn",
        "committed": "good",
        "rejected": "bad",
        "failed": "bad",
        "expired": "bad",
    },
    "what_if_status": {"queued": "info", "solving": "info", "done": "good", "failed": "bad"},
    "plan_status": {"optimal": "good", "feasible": "info"},
    "allocation_status": {"proposed": "info", "reserved": "warn", "delivered": "good", "declined": "bad"},
    "import_status": {"checked": "info", "imported": "good"},
}

for _kind, _words in care_words.WORDS.items():
    WORDS.setdefault(_kind, {}).update(_words)
TONES.update(care_words.TONES)


def word(kind: str, code: object) -> str:
    """What people read for `code`; a code this table does not know is shown as it is rather than hidden."""
    if code is None or code == "":
        return "—"
    return str(WORDS[kind].get(str(code), str(code)))


def tone(kind: str, code: object) -> str:
    """The tone of a badge for `code`: neutral, info, good, warn or bad."""
    return TONES.get(kind, {}).get(str(code), "neutral")


def choices(kind: str, *, empty: str | None = None) -> list[tuple[str, str]]:
    """(code, word) pairs for a select field, in the order of the domain; `empty` is the text of a first, empty choice."""
    first = [("", empty)] if empty is not None else []
    return first + [(code, str(text)) for code, text in WORDS[kind].items()]
