//! Business lines.

use tessera_kernel::{Checked, Code, Object, Problem, Segment, Tx};

/// Who a line is.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "business_line_header", everywhere, one)]
pub struct LineHeader {
    /// Name.
    #[field(max = 80, unique, list)]
    pub name: String,
}

/// A company code of a line, with all of its sales organisations and plants.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "business_line_company", everywhere, many(company_code))]
pub struct LineCompany {
    /// Company code.
    #[field(code = "company_code")]
    pub company_code: Code,
}

/// A sales area of a line.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(
    table = "business_line_sales_area",
    everywhere,
    many(sales_organisation, distribution_channel, division)
)]
pub struct LineSalesArea {
    /// Sales organisation.
    #[field(code = "sales_organisation")]
    pub sales_organisation: Code,
    /// Distribution channel.
    #[field(code = "distribution_channel")]
    pub distribution_channel: Code,
    /// Division.
    #[field(code = "division")]
    pub division: Code,
}

/// A part of the group that keeps its business to itself: company codes and sales areas.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "business_line", shared)]
pub struct BusinessLine {
    /// Who it is.
    pub header: LineHeader,
    /// Companies that belong to it as a whole.
    pub companies: Vec<LineCompany>,
    /// Sales areas that belong to it.
    pub sales_areas: Vec<LineSalesArea>,
}

impl Checked for BusinessLine {
    fn check(&self, _tx: &mut Tx<'_>) -> Result<(), Problem> {
        if self.header.name.trim().is_empty() {
            return Err(Problem::invalid("header.name", "is missing"));
        }
        Ok(())
    }
}
