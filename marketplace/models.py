"""Imports every model, so that foreign keys named as strings find their tables; used by the application and the migrations."""

import donors.funds.models as funds
import donors.models as donors
import donors.offerings.models as offerings
import households.attachments.models as attachments
import households.cases.models as cases
import households.consents.models as consents
import households.history.models as histories
import households.leads.models as leads
import households.life.models as lives
import households.models as households
import households.monitoring.models as monitoring
import households.needs.models as needs
import households.plans.models as plans
import households.policy.models as policies
import households.portrait.models as portraits
import households.visits.models as visits
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
    accounts, attachments, audit, cases, catalogue, consents, donors, funds, histories, households, idempotency, imports, leads, lives,
    monitoring, needs, offerings, outbox, plans, policies, portraits, projects, regions, rounds, visits, volunteering, what_ifs,
)  # fmt: skip
