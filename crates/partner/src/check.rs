//! What must be true of a partner, beyond the rules of its fields, its codes and references, and
//! the periods of its timed segments. Every finding is named with its path.

use tessera_kernel::{Checked, Code, Fault, FieldProblem, Problem, Tx};
use tessera_organisation::OrganisationSettings;

use crate::contact::{check_email, check_phone, check_web};
use crate::receivables::ReceivablesAccounts;
use crate::tax_number::{VAT, check_tax_number, check_vat};
use crate::{BusinessPartner, ContactKind, PartnerBank, PartnerSettings, SOLD_TO, iban};

impl Checked for BusinessPartner {
    fn check(&self, tx: &mut Tx<'_>) -> Result<(), Problem> {
        let organisation = tx.settings::<OrganisationSettings>()?;
        let accounts = &tx.settings::<PartnerSettings>()?.accounts;
        let mut findings = Findings(Vec::new());
        self.check_general(organisation, &mut findings);
        self.check_contact_points(&mut findings);
        self.check_numbers(&mut findings);
        self.check_companies(organisation, accounts, &mut findings);
        self.check_sales_areas(organisation, &mut findings);
        self.check_function_defaults(organisation, &mut findings);
        self.check_credit(organisation, &mut findings);
        if findings.0.is_empty() { Ok(()) } else { Err(Fault::Invalid(findings.0).into()) }
    }
}

struct Findings(Vec<FieldProblem>);

impl Findings {
    fn note(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldProblem::new(path, message));
    }

    fn expect(&mut self, path: &str, outcome: Result<(), String>) {
        if let Err(message) = outcome {
            self.note(path, message);
        }
    }
}

impl BusinessPartner {
    fn check_general(&self, organisation: &OrganisationSettings, findings: &mut Findings) {
        if self.general.name.trim().is_empty() {
            findings.note("general.name", "must not be empty");
        }
        let language = self.general.language;
        let known = Code::parse(language.code()).map_err(|error| error.to_string());
        let known = known.and_then(|code| organisation.languages.require(code).map(|_| ()));
        findings.expect("general.language", known);
    }

    fn check_contact_points(&self, findings: &mut Findings) {
        for (position, point) in self.contact_points.iter().enumerate() {
            let outcome = match point.kind {
                ContactKind::Phone | ContactKind::Mobile => check_phone(&point.value),
                ContactKind::Email => check_email(&point.value),
                ContactKind::Web => check_web(&point.value),
            };
            findings.expect(&format!("contact_points[{position}].value"), outcome);
        }
    }

    fn check_numbers(&self, findings: &mut Findings) {
        for (position, bank) in self.banks.iter().enumerate() {
            check_bank(bank, &format!("banks[{position}]"), findings);
        }
        for (position, tax) in self.tax_numbers.iter().enumerate() {
            let check = if tax.kind == VAT { check_vat } else { check_tax_number };
            findings.expect(&format!("tax_numbers[{position}].number"), check(&tax.number));
        }
    }

    fn check_companies(
        &self,
        organisation: &OrganisationSettings,
        accounts: &ReceivablesAccounts,
        findings: &mut Findings,
    ) {
        for (position, record) in self.companies.iter().enumerate() {
            // An unknown company was found with the other codes.
            let Some(company) = organisation.company_codes.get(record.company_code) else {
                continue;
            };
            let account = record.reconciliation_account;
            let outcome = accounts.check(company.chart_of_accounts, account);
            findings.expect(&format!("companies[{position}].reconciliation_account"), outcome);
        }
    }

    fn check_sales_areas(&self, organisation: &OrganisationSettings, findings: &mut Findings) {
        for (position, area) in self.sales_areas.iter().enumerate() {
            let path = format!("sales_areas[{position}]");
            let (selling, channel) = (area.sales_organisation, area.distribution_channel);
            let allowed = organisation.sales_area(selling, channel, area.division);
            findings.expect(&path, allowed.map(|_| ()));
            let plants = organisation.plants_for(selling, channel);
            if let Some(plant) = area.delivering_plant.filter(|plant| !plants.contains(plant)) {
                let message = format!("{plant} does not deliver for {selling}/{channel}");
                findings.note(format!("{path}.delivering_plant"), message);
            }
        }
    }

    fn check_function_defaults(
        &self,
        organisation: &OrganisationSettings,
        findings: &mut Findings,
    ) {
        for (position, default) in self.function_defaults.iter().enumerate() {
            let path = format!("function_defaults[{position}]");
            let allowed = organisation.sales_area(
                default.sales_organisation,
                default.distribution_channel,
                default.division,
            );
            findings.expect(&path, allowed.map(|_| ()));
            if default.function == SOLD_TO {
                let message = "the sold-to is always the partner itself: remove this record";
                findings.note(format!("{path}.function"), message);
            }
        }
    }

    fn check_credit(&self, organisation: &OrganisationSettings, findings: &mut Findings) {
        for (position, credit) in self.credit.iter().enumerate() {
            let area = organisation.credit_control_areas.get(credit.credit_control_area);
            if let (Some(area), Some(limit)) = (area, credit.limit)
                && limit.currency() != area.currency
            {
                let message = format!(
                    "must be in {}, the currency of the credit control area {}",
                    area.currency, credit.credit_control_area
                );
                findings.note(format!("credit[{position}].limit"), message);
            }
        }
    }
}

fn check_bank(bank: &PartnerBank, path: &str, findings: &mut Findings) {
    match (&bank.iban, &bank.account) {
        (None, None) => findings.note(path, "needs an iban or an account"),
        (Some(_), Some(_)) => findings.note(path, "has an iban and an account: give only one"),
        (Some(number), None) => {
            let outcome = iban::check(number);
            let outcome = outcome.and_then(|()| iban::check_country(number, bank.country));
            findings.expect(&format!("{path}.iban"), outcome);
        }
        (None, Some(account)) if account.trim().is_empty() => {
            findings.note(format!("{path}.account"), "must not be empty");
        }
        (None, Some(_)) => {}
    }
    if let Some(bic) = &bank.bic {
        findings.expect(&format!("{path}.bic"), iban::check_bic(bic));
    }
}
