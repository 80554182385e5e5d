//! Customizing of pricing, checked and compiled.

use hashbrown::HashMap;
use tessera_customizing::{Catalogue, Customizing, Diagnostics};
use tessera_kernel::Code;

use crate::program::{Program, compile, lookup_prefix};
use crate::{
    AccessSequence, ConditionClass, ConditionTable, ConditionType, KeyField, KeyFields,
    PricingError, PricingProcedure, ProcedureDetermination, TaxCode, checks, key,
};

/// What customizing says about pricing.
#[derive(Debug)]
pub struct PricingSettings {
    /// Condition types.
    pub condition_types: Catalogue<ConditionType>,
    /// Tables of condition records.
    pub condition_tables: Catalogue<ConditionTable>,
    /// Where records are looked for.
    pub access_sequences: Catalogue<AccessSequence>,
    /// Procedures.
    pub procedures: Catalogue<PricingProcedure>,
    /// Which procedure prices a document.
    pub determinations: Catalogue<ProcedureDetermination>,
    /// Tax codes.
    pub tax_codes: Catalogue<TaxCode>,
    programs: HashMap<Code, Program>,
}

/// What decides about the procedure of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcedureKey {
    /// Sales organisation.
    pub sales_organisation: Code,
    /// Distribution channel.
    pub distribution_channel: Code,
    /// Division.
    pub division: Code,
    /// Class of the document type.
    pub document_class: Option<Code>,
    /// Class of the customer.
    pub customer_class: Option<Code>,
}

impl PricingSettings {
    /// Reads, checks and compiles customizing.
    pub fn read(customizing: &Customizing, problems: &mut Diagnostics) -> Self {
        let mut settings = Self {
            condition_types: customizing.catalogue("condition_type", problems),
            condition_tables: customizing.catalogue("condition_table", problems),
            access_sequences: customizing.catalogue("access_sequence", problems),
            procedures: customizing.catalogue("pricing_procedure", problems),
            determinations: customizing.catalogue("procedure_determination", problems),
            tax_codes: customizing.catalogue("tax_code", problems),
            programs: HashMap::new(),
        };
        checks::check(&settings, &customizing.codes(), problems);
        let programs = settings.procedures.iter();
        settings.programs =
            programs.map(|(code, entry)| (code, compile(code, entry, &settings))).collect();
        settings
    }

    /// The procedure of a document: of the entries that fit, the one that names most fields; among
    /// equals the one that names the first field in the order of [`ProcedureKey`].
    ///
    /// [`PricingError::NoProcedure`] where none fits.
    pub fn procedure(&self, document: &ProcedureKey) -> Result<Code, PricingError> {
        let fits = |own: Option<Code>, value: Option<Code>| own.is_none() || own == value;
        self.determinations
            .iter()
            .map(|(_, entry)| entry)
            .filter(|entry| {
                fits(entry.sales_organisation, Some(document.sales_organisation))
                    && fits(entry.distribution_channel, Some(document.distribution_channel))
                    && fits(entry.division, Some(document.division))
                    && fits(entry.document_class, document.document_class)
                    && fits(entry.customer_class, document.customer_class)
            })
            .max_by_key(|entry| entry.specificity())
            .map(|entry| entry.procedure)
            .ok_or(PricingError::NoProcedure(*document))
    }

    pub(crate) fn program(&self, code: Code) -> Result<&Program, PricingError> {
        self.programs.get(&code).ok_or_else(|| {
            let lacking = format!("{code} is no pricing procedure that can be used");
            PricingError::Unknown(self.procedures.require(code).err().unwrap_or(lacking))
        })
    }

    /// What a condition type is for; nothing for one that customizing has lost.
    pub fn class_of(&self, condition_type: Code) -> Option<ConditionClass> {
        self.condition_types.get(condition_type).map(|entry| entry.class)
    }

    /// The text that a condition record is found by.
    ///
    /// [`PricingError::KeyIncomplete`] where a field of the table has no value.
    pub fn lookup(
        &self,
        condition_type: Code,
        condition_table: Code,
        fields: &KeyFields,
    ) -> Result<String, PricingError> {
        let mut text = String::new();
        let table = self.table(condition_table)?;
        let prefix = lookup_prefix(condition_type, condition_table);
        key::write_key(&mut text, &prefix, table.fields.iter().copied(), |field| fields.get(field))
            .map_err(|field| PricingError::KeyIncomplete { condition_table, field })?;
        Ok(text)
    }

    /// The part of the lookup that the fields of the header give.
    pub(crate) fn anchor(
        &self,
        condition_type: Code,
        condition_table: Code,
        fields: &KeyFields,
    ) -> Result<Option<String>, PricingError> {
        let table = self.table(condition_table)?;
        if !table.fields.iter().any(|field| field.is_of_item()) {
            return Ok(None);
        }
        let mut text = String::new();
        let prefix = lookup_prefix(condition_type, condition_table);
        key::write_key(&mut text, &prefix, header_fields(&table.fields), |field| fields.get(field))
            .map_err(|field| PricingError::KeyIncomplete { condition_table, field })?;
        Ok(Some(text))
    }

    pub(crate) fn table(&self, code: Code) -> Result<&ConditionTable, PricingError> {
        self.condition_tables.require(code).map_err(PricingError::Unknown)
    }
}

/// The fields of a table in which items of one document can't differ.
pub(crate) fn header_fields(fields: &[KeyField]) -> impl Iterator<Item = KeyField> + '_ {
    fields.iter().copied().filter(|field| !field.is_of_item())
}

impl ProcedureDetermination {
    /// How many fields it names, then which.
    pub(crate) fn specificity(&self) -> (usize, [bool; 5]) {
        let named = [
            self.sales_organisation.is_some(),
            self.distribution_channel.is_some(),
            self.division.is_some(),
            self.document_class.is_some(),
            self.customer_class.is_some(),
        ];
        (named.iter().filter(|named| **named).count(), named)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{code, settings_with};

    use super::*;

    #[test]
    fn the_determination_that_names_most_fields_decides() {
        let extra = "[procedure_determination.X]\nsales_organisation = \"2000\"\n\
             document_class = \"WEB\"\nprocedure = \"STD\"\n";
        let (settings, problems) = settings_with(extra);
        assert!(problems.is_empty(), "{problems}");
        let procedure = |organisation: &str, class: Option<&str>| {
            let document = ProcedureKey {
                sales_organisation: code(organisation),
                distribution_channel: code("10"),
                division: code("00"),
                document_class: class.map(code),
                customer_class: None,
            };
            settings.procedure(&document).unwrap()
        };
        assert_eq!(procedure("1000", None), code("STD"));
        assert_eq!(procedure("1000", Some("WEB")), code("WEB"));
        assert_eq!(procedure("2000", Some("WEB")), code("STD"));
    }

    #[test]
    fn an_unknown_procedure_is_refused_with_the_known_ones() {
        let (settings, _) = settings_with("");
        let refused = settings.program(code("NO")).unwrap_err().to_string();
        assert_eq!(refused, "NO is no pricing procedure; allowed are: STD, WEB");
    }
}
