//! First pass: which conditions apply to which item, and which of them count.

use crate::program::{Access, ConditionStep, Step};
use crate::records::{Finding, Found, Records};
use crate::requirement::Situation;
use crate::run::{Row, RowScale, Run, Slot, Source, header_value, key_value};
use crate::settings::header_fields;
use crate::trace::{AccessOutcome, Remark, Trace};
use crate::{
    Calculation, ConditionClass, InactiveReason, Missing, MissingReason, PricingError, Priority,
    Requirement, key,
};

impl<R: Records, T: Trace> Run<'_, R, T> {
    /// Finds the conditions of every line for every item.
    pub(crate) fn find_all(&mut self) -> Result<(), PricingError> {
        let program = self.program;
        for (position, step) in program.steps.iter().enumerate() {
            self.starts.push(self.rows.len());
            let Some(condition) = &step.condition else { continue };
            for item in 0..self.items.len() {
                self.find((position, item), step, condition)?;
            }
        }
        self.starts.push(self.rows.len());
        Ok(())
    }

    fn find(
        &mut self,
        at: (usize, usize),
        step: &Step,
        condition: &ConditionStep,
    ) -> Result<(), PricingError> {
        if let Some(requirement) = step.requirement
            && !self.holds(requirement, at.1)
        {
            self.trace.remark(at, Remark::RequirementNotMet(requirement));
            return Ok(());
        }
        let first = self.rows.len();
        if condition.cost {
            match self.items[at.1].cost {
                Some(cost) => self.rows.push(Row::cost(at, cost, self.header.currency)),
                None => self.trace.remark(at, Remark::NoCost),
            }
        } else {
            self.enter(at, condition);
            let entered = self.rows.len() > first;
            match (entered, condition.accesses.is_empty()) {
                (false, true) => self.trace.remark(at, Remark::NotEntered),
                (true, true) => {}
                (false, false) => self.search(at, condition)?,
                (true, false) => self.search_beside(at, condition, first)?,
            }
        }
        self.settle(at.1, step, condition, first);
        Ok(())
    }

    /// Whether a requirement holds for an item.
    pub(crate) fn holds(&self, requirement: Requirement, item: usize) -> bool {
        let (header, state, item) = (self.header, &self.states[item], &self.items[item]);
        requirement.holds(&Situation {
            value: |field| key_value(header, item, field),
            price_found: !state.price_rows.is_empty(),
            cost_known: item.cost.is_some(),
            weight_known: item.weight.is_some(),
            is_return: item.quantity.is_negative(),
        })
    }

    /// Takes what was entered for the item or for all of them.
    fn enter(&mut self, at: (usize, usize), condition: &ConditionStep) {
        let (header, item) = (self.header, &self.items[at.1]);
        if condition.header {
            for (position, entry) in header.manual.iter().enumerate() {
                if entry.condition_type == condition.code {
                    let mut row = Row::entered(at, condition, entry, item, header.currency);
                    if row.terms.calculation != Calculation::Percentage {
                        row.source = Source::HeaderAmount(position);
                    }
                    self.rows.push(row);
                }
            }
            return;
        }
        for entry in item.manual.iter().filter(|entry| entry.condition_type == condition.code) {
            self.rows.push(Row::entered(at, condition, entry, item, header.currency));
        }
    }

    /// What a record says where the condition was entered too: it wins, or sets limits.
    fn search_beside(
        &mut self,
        at: (usize, usize),
        condition: &ConditionStep,
        first: usize,
    ) -> Result<(), PricingError> {
        let searched = self.rows.len();
        self.search(at, condition)?;
        if condition.priority == Priority::Manual {
            self.rows.truncate(searched);
            self.trace.remark(at, Remark::ManualPriority);
        } else if self.rows.len() > searched {
            for row in &mut self.rows[first..searched] {
                row.inactive = Some(InactiveReason::AutomaticPriority);
            }
            self.trace.remark(at, Remark::AutomaticPriority);
        }
        Ok(())
    }

    /// Tries the accesses in order.
    fn search(
        &mut self,
        at: (usize, usize),
        condition: &ConditionStep,
    ) -> Result<(), PricingError> {
        let searched = self.rows.len();
        for access in &condition.accesses {
            if let Some(requirement) = access.requirement
                && !self.holds(requirement, at.1)
            {
                self.tell(at, access, AccessOutcome::RequirementNotMet(requirement));
                continue;
            }
            let found = match self.look(at.1, access)? {
                Ok(Finding::Rate(found)) => found,
                Ok(Finding::Nothing) => {
                    self.tell(at, access, AccessOutcome::NoRecord);
                    continue;
                }
                Ok(Finding::NotValid(record)) => {
                    self.tell(at, access, AccessOutcome::NotValid(record));
                    continue;
                }
                Ok(Finding::Deleted(record)) => {
                    self.tell(at, access, AccessOutcome::Deleted(record));
                    continue;
                }
                Err(field) => {
                    self.tell(at, access, AccessOutcome::Blank(field));
                    continue;
                }
            };
            self.tell(at, access, AccessOutcome::Found(found.record));
            self.check_limits(at.1, condition, &found, searched)?;
            self.take(at, condition, access, found);
            if access.exclusive {
                break;
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        at: (usize, usize),
        condition: &ConditionStep,
        access: &Access,
        found: Found,
    ) {
        let Found { record, rate, scale } = found;
        let origin = (record, access.number);
        let mut row = Row::found(at, condition, &rate, origin, self.header.currency);
        if !scale.is_empty() {
            let unit = rate.scale_unit.or(rate.per.map(|per| per.unit()));
            row.scale = Some(RowScale { lines: scale, unit, currency: rate.currency });
        }
        self.rows.push(row);
    }

    /// What an access finds for an item, or the key field that has no value.
    fn look(
        &mut self,
        item: usize,
        access: &Access,
    ) -> Result<Result<Finding, crate::KeyField>, PricingError> {
        if matches!(self.slots[access.slot], Slot::Unread) {
            self.slots[access.slot] = self.read_slot(access)?;
        }
        match &self.slots[access.slot] {
            Slot::Blank(field) => return Ok(Err(*field)),
            Slot::Nothing | Slot::Unread => return Ok(Ok(Finding::Nothing)),
            Slot::Same(finding) => return Ok(Ok(finding.clone())),
            Slot::Look => {}
        }
        if let Err(field) = self.write_key(item, access) {
            return Ok(Err(field));
        }
        Ok(Ok(self.records.find(&self.key, self.header.pricing_date)?))
    }

    /// Looks once for the document: at the record itself where no item can differ, else whether
    /// any record has what the header gives of the key.
    fn read_slot(&mut self, access: &Access) -> Result<Slot, PricingError> {
        let header = self.header;
        let fields = header_fields(&access.fields);
        let value = |field| header_value(header, field);
        if let Err(field) = key::write_key(&mut self.key, &access.prefix, fields, value) {
            return Ok(Slot::Blank(field));
        }
        if access.of_document {
            return Ok(Slot::Same(self.records.find(&self.key, header.pricing_date)?));
        }
        Ok(if self.records.any(&self.key)? { Slot::Look } else { Slot::Nothing })
    }

    fn write_key(&mut self, item: usize, access: &Access) -> Result<(), crate::KeyField> {
        let (header, item) = (self.header, &self.items[item]);
        let fields = access.fields.iter().copied();
        let value = |field| key_value(header, item, field);
        key::write_key(&mut self.key, &access.prefix, fields, value)
    }

    fn tell(&mut self, at: (usize, usize), access: &Access, outcome: AccessOutcome) {
        if T::ACTIVE {
            // Where a field has no value the key ends before it, which tells as much.
            let _ = self.write_key(at.1, access);
            self.trace.access(at, access, &self.key, outcome);
        }
    }

    /// Decides what counts: the last price wins, and what is required must be there.
    fn settle(&mut self, item: usize, step: &Step, condition: &ConditionStep, first: usize) {
        let state = &mut self.states[item];
        let counts = self.rows[first..].iter().any(|row| row.inactive.is_none());
        if !counts && condition.required {
            state.missing.push(Missing {
                step: step.number,
                condition_type: condition.code,
                reason: MissingReason::NotFound,
            });
        }
        if counts && condition.class == ConditionClass::Price {
            let earlier = std::mem::replace(&mut state.price_rows, first..self.rows.len());
            for row in &mut self.rows[earlier] {
                row.inactive.get_or_insert(InactiveReason::LaterPrice);
            }
        }
    }
}
