//! `tessera explain sales_document.create`

use std::process::ExitCode;

use clap::Args;
use tessera_kernel::Rule;

use crate::error::CommandError;

/// Prints the rules of a verb in the order in which they run, with the module that owns them.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// `object.verb`, like `delivery.post_goods_issue`; nothing: every verb.
    verb: Option<String>,
}

pub(crate) fn run(command: &Explain) -> Result<ExitCode, CommandError> {
    let composition = tessera_installation::compose(None)
        .map_err(tessera_installation::InstallationError::Customizing)?;
    let mut found = false;
    for module in composition.registry.modules() {
        let mut tell = |object: &str, verb: &str, help: &str, rules: &[Rule]| {
            let name = format!("{object}.{verb}");
            if command.verb.as_deref().is_none_or(|wanted| wanted == name) {
                found = true;
                print(&name, (module.name, module.owner), help, rules);
            }
        };
        for entry in &module.objects {
            let object = (entry.def)().name;
            let (create, change) = entry.rules;
            if entry.create.is_some() {
                tell(object, "create", "", create);
            }
            if entry.change.is_some() {
                // Rules of modules above run last.
                let above = composition.registry.change_rules(object).map(|above| above.rule);
                let rules: Vec<Rule> = change.iter().copied().chain(above).collect();
                tell(object, "change", "", &rules);
            }
        }
        for action in &module.actions {
            tell(action.object, action.name, action.help, action.rules);
        }
    }
    if found {
        return Ok(ExitCode::SUCCESS);
    }
    let verb = command.verb.as_deref().unwrap_or_default();
    Err(CommandError::Input(format!(
        "there is no verb {verb}: `tessera explain` without a verb lists them"
    )))
}

fn print(name: &str, (module, owner): (&str, &str), help: &str, rules: &[Rule]) {
    println!("{name}  (module {module}, owner {owner})");
    if !help.is_empty() {
        println!("  {help}");
    }
    for (number, rule) in (1..).zip(rules) {
        println!("  {number}. {}: {}", rule.name, rule.help);
    }
}
