//! Teams.

use tessera_kernel::{Checked, Object, Problem, Ref, Segment, Tx};

/// Teams above a team at most.
const DEPTH: usize = 32;

/// Who a team is.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "team_header", everywhere, one)]
pub struct TeamHeader {
    /// Name.
    #[field(max = 80, unique, list)]
    pub name: String,
    /// The team above.
    #[field(list, index)]
    pub parent: Option<Ref<Team>>,
}

/// People who are responsible for objects together.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "team", shared)]
pub struct Team {
    /// Who it is.
    pub header: TeamHeader,
}

impl Checked for Team {
    fn check(&self, tx: &mut Tx<'_>) -> Result<(), Problem> {
        let name = &self.header.name;
        if name.trim().is_empty() {
            return Err(Problem::invalid("header.name", "is missing"));
        }
        let mut above = self.header.parent;
        for _ in 0..DEPTH {
            let Some(team) = above else { return Ok(()) };
            let team = tx.load(team)?.value;
            if team.header.name == *name {
                let rule = "is this team itself, or one below it: a team can't be above itself";
                return Err(Problem::invalid("header.parent", rule));
            }
            above = team.header.parent;
        }
        let rule = format!("has more than {DEPTH} teams above it: there may be {DEPTH} at most");
        Err(Problem::invalid("header.parent", rule))
    }
}
