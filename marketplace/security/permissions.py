"""One table says who may do what. Every route names one of these permissions or is public; a test lists them all.

A right always holds within the subtree of the region for which the role was granted. `own.*` rights hold for what belongs to the
person: a donor's own offerings, a household's own needs.
"""

_STAFF = ("administrator", "coordinator", "reviewer", "finance", "federation", "worker", "auditor")
_GIVERS = ("enterprise", "social_organisation", "volunteer")

PERMISSIONS: dict[str, tuple[str, ...]] = {
    "signed_in": (*_STAFF, *_GIVERS, "household"),
    "donor.read": ("administrator", "coordinator", "reviewer", "finance", "federation", "worker", "auditor"),
    "donor.write": ("coordinator", "federation"),
    "donor.export": ("coordinator", "federation", "auditor"),
    "offering.read": ("administrator", "coordinator", "reviewer", "finance", "federation", "worker", "auditor"),
    "offering.write": ("coordinator", "federation"),
    "offering.export": ("coordinator", "federation", "auditor"),
    "fund.read": ("coordinator", "reviewer", "finance", "federation", "auditor"),
    "fund.write": ("finance", "federation"),
    "household.read": ("coordinator", "reviewer", "worker", "auditor"),
    "household.write": ("coordinator", "worker"),
    "household.export": ("coordinator", "auditor"),
    "lead.read": ("coordinator", "reviewer", "worker", "auditor"),
    "lead.write": ("coordinator", "worker"),
    "monitoring.read": ("coordinator", "reviewer", "worker", "auditor"),
    "monitoring.write": ("coordinator", "worker"),
    "monitoring.import": ("coordinator",),
    "personal.reveal": ("coordinator", "worker"),
    "plan.read": ("coordinator", "reviewer", "worker", "auditor"),
    "plan.write": ("coordinator", "worker"),
    "plan.approve": ("coordinator", "reviewer"),
    "need.read": ("coordinator", "reviewer", "worker", "auditor"),
    "need.write": ("coordinator", "worker"),
    "need.export": ("coordinator", "auditor"),
    "visit.read": ("coordinator", "reviewer", "worker", "auditor"),
    "visit.write": ("coordinator", "worker"),
    "case.read": ("coordinator", "reviewer", "auditor"),
    "case.write": ("coordinator",),
    "case.confirm": ("coordinator", "reviewer"),
    "case.decision": ("coordinator", "reviewer", "worker", "auditor"),
    "project.read": _STAFF,
    "project.write": ("federation",),
    "shift.sign_up": ("volunteer",),
    "round.read": ("coordinator", "reviewer", "finance", "auditor"),
    "round.write": ("coordinator",),
    "round.review": ("reviewer", "coordinator"),
    "round.commit": ("finance", "coordinator"),
    "delivery.read": ("coordinator", "finance", "worker", "auditor"),
    "delivery.confirm": ("coordinator", "worker"),
    "policy.read": ("administrator", "coordinator", "reviewer", "auditor"),
    "policy.write": ("administrator",),
    "import.write": ("coordinator", "worker", "federation"),
    "audit.read": ("auditor", "administrator"),
    "user.read": ("administrator", "auditor"),
    "user.write": ("administrator",),
    "own.donor": _GIVERS,
    "own.household": ("household",),
    "own.volunteering": ("volunteer",),
}


def roles_with(permission: str) -> tuple[str, ...]:
    """The roles that hold `permission`. Raises KeyError for one that the table does not have: a typo must not open a door."""
    return PERMISSIONS[permission]
