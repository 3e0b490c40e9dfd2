"""The words of leads and monitoring, kept beside those of the other areas in `marketplace.web.words`."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

LEAD_WORDS: dict[str, dict[str, LazyString]] = {
    "lead_channel": {
        "application": _l("Own application"),
        "home_visit": _l("Home visit"),
        "hotline": _l("Hotline 12345 or 12349"),
        "data_comparison": _l("Data comparison"),
        "tip_off": _l("Tip-off"),
    },
    "lead_status": {
        "open": _l("To be verified"),
        "registered": _l("Became a household"),
        "known": _l("Household on file"),
        "merged": _l("Merged"),
        "closed": _l("Closed"),
    },
    "lead_closing": {
        "no_hardship": _l("No hardship found"),
        "not_found": _l("Nobody found"),
        "moved_away": _l("Moved away"),
        "declined": _l("The family does not wish it"),
        "referred": _l("Passed on to another office"),
    },
    "lead_reason": {
        "resident_id": _l("Same resident ID"),
        "phone": _l("Same telephone"),
        "name": _l("Same name, same township"),
        "same_sound": _l("Name sounds the same"),
        "alike": _l("Name sounds alike"),
    },
    "lead_stage": {
        "received": _l("Report received"),
        "looked_into": _l("Being looked into"),
        "finished": _l("Finished"),
    },
    "record_source": {
        "medical_insurance": _l("Medical insurance"),
        "human_resources": _l("Human resources"),
        "education": _l("Education"),
        "disabled_federation": _l("Disabled persons' federation"),
        "emergency_management": _l("Emergency management"),
        "other": _l("Another department"),
    },
    "warning_status": {"open": _l("To be handled"), "handled": _l("Handled")},
    "warning_way": {"in": _l("May need help"), "out": _l("May need it less")},
    "warning_outcome": {
        "no_change": _l("No change for the household"),
        "facts_updated": _l("Indicators updated"),
        "event_recorded": _l("Event put on record"),
        "plan_to_change": _l("Plan to be changed"),
        "left_monitoring": _l("Left monitoring"),
        "wrong_data": _l("The data were wrong"),
    },
    "warning_event": {
        "fire": _l("Fire"),
        "accident": _l("Accident"),
        "disaster": _l("Natural disaster"),
        "job_loss": _l("Loss of work"),
        "death_of_earner": _l("Death of the earner"),
    },
}

LEAD_ACTIONS: dict[str, LazyString] = {
    "lead.recorded": _l("Lead recorded"),
    "lead.assigned": _l("Lead given to a person"),
    "lead.revealed": _l("Lead: sealed words shown"),
    "lead.registered": _l("Lead became a household"),
    "lead.known": _l("Lead tied to a household on file"),
    "lead.merged": _l("Lead merged into another"),
    "lead.took_in": _l("Lead took another in"),
    "lead.closed": _l("Lead closed"),
    "lead.reopened": _l("Lead opened again"),
    "lead.escalated": _l("Lead passed up to the county"),
    "monitoring.records_added": _l("Departments' records taken in"),
    "monitoring.entered": _l("Household entered monitoring"),
    "monitoring.left": _l("Household left monitoring"),
    "warning.raised": _l("Warning raised"),
    "warning.grew": _l("Warning: more came in"),
    "warning.handled": _l("Warning handled"),
}

LEAD_TONES: dict[str, dict[str, str]] = {
    "lead_status": {"open": "info", "registered": "good", "known": "good"},
    "lead_stage": {"received": "info", "looked_into": "info", "finished": "good"},
    "warning_status": {"open": "warn", "handled": "good"},
    "warning_way": {"in": "warn", "out": "good"},
}
