"""Imports every model, so that foreign keys named as strings find their tables; used by the application and the migrations."""

import donors.funds.models as funds
import donors.models as donors
import donors.offerings.models as offerings
import households.models as households
import households.needs.models as needs
import households.policy.models as policies
import households.portrait.models as portraits
import kernel.accounts.models as accounts
import kernel.audit as audit
import kernel.catalogue.models as catalogue
import kernel.idempotency as idempotency
import kernel.outbox as outbox
import kernel.regions.models as regions
import marketplace.imports.models as imports
import matching.rounds.models as rounds
import matching.rounds.whatif_models as what_ifs
import projects.models as projects
import projects.volunteering.models as volunteering

MODULES = (
    accounts, audit, catalogue, donors, funds, households, idempotency, imports, needs,
    offerings, outbox, policies, portraits, projects, regions, rounds, volunteering, what_ifs,
)  # fmt: skip
