"""The words people read for visits, problems, reviews and case conferences, and the tones of their badges."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

WORDS: dict[str, dict[str, LazyString]] = {
    "visit_status": {"planned": _l("Planned"), "done": _l("Done"), "dropped": _l("Called off")},
    "visit_way": {"home": _l("At home"), "telephone": _l("By telephone")},
    "problem_kind": {
        "safety": _l("Danger in the home"),
        "health": _l("Health"),
        "care": _l("Care and company"),
        "living": _l("Food and daily life"),
        "housing": _l("The house"),
        "benefits": _l("Benefits not received"),
        "work_school": _l("Work or school"),
        "other": _l("Something else"),
    },
    "problem_status": {"open": _l("Unresolved"), "resolved": _l("Resolved")},
    "problem_step": {
        "opened": _l("Found"),
        "assigned": _l("Given to somebody else"),
        "escalated": _l("Sent to the county"),
        "resolved": _l("Resolved"),
        "reopened": _l("Opened again"),
    },
    "review_outcome": {
        "unchanged": _l("Nothing changed"),
        "facts_changed": _l("The facts changed"),
        "category_changed": _l("The status category changed"),
        "leaves": _l("The household leaves"),
    },
    "case_reason": {
        "above_cap": _l("More is needed than the usual cap allows"),
        "several_units": _l("Several units must act together"),
        "unresolved_problem": _l("A problem could not be resolved"),
        "disputed_facts": _l("The facts are disputed"),
        "other": _l("Another reason"),
    },
    "case_status": {
        "called": _l("Awaiting a decision"),
        "decided": _l("Awaiting confirmation"),
        "confirmed": _l("Confirmed"),
        "revoked": _l("Revoked"),
    },
    "action": {
        "visit.done": _l("Visit recorded"),
        "visit.nobody_home": _l("Visit: nobody at home"),
        "problem.opened": _l("Problem found"),
        "problem.assigned": _l("Problem given to somebody else"),
        "problem.escalated": _l("Problem sent to the county"),
        "problem.resolved": _l("Problem resolved"),
        "problem.reopened": _l("Problem opened again"),
        "review.done": _l("Review recorded"),
        "case.called": _l("Case conference called"),
        "case.changed": _l("Case conference: minutes corrected"),
        "case.decided": _l("Case conference: decision recorded"),
        "case.confirmed": _l("Case conference: decision confirmed"),
        "case.sent_back": _l("Case conference: decision sent back"),
        "case.revoked": _l("Case conference: decision revoked"),
    },
}

TONES: dict[str, dict[str, str]] = {
    "visit_status": {"planned": "info", "done": "good"},
    "problem_status": {"open": "warn", "resolved": "good"},
    "review_outcome": {"facts_changed": "info", "category_changed": "warn", "leaves": "warn"},
    "case_status": {"called": "info", "decided": "warn", "confirmed": "good"},
}
