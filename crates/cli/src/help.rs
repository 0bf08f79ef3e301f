//! `smes --help`: what it is, three commands to start with, the rest by stage.

use std::fmt::Write;

const START_HERE: &str = "\
Start here:
  smes serve --open                          talk with it, in the browser
  smes turn --text \"I can't sleep\"           one turn, in the terminal
  smes corpus import mesc --csv MESC.csv --out corpora/mesc";

/// The stages in the order of the work, each with its commands.
const STAGES: [(&str, &[&str]); 4] = [
    ("Talk", &["serve", "chat", "turn"]),
    ("Data", &["corpus", "clip", "transcribe", "cues"]),
    ("Models", &["models", "train"]),
    ("Measure", &["predict", "score", "evaluate", "rate"]),
];

/// The command with its subcommands listed by stage; those of no stage come last.
pub(crate) fn by_stage(command: clap::Command) -> clap::Command {
    let mut text = String::new();
    let mut rest: Vec<&clap::Command> = command.get_subcommands().collect();
    for (stage, names) in STAGES {
        let (here, others) = rest
            .into_iter()
            .partition(|one| names.contains(&one.get_name()));
        rest = others;
        list(&mut text, stage, here);
    }
    list(&mut text, "Other", rest);
    let template = format!(
        "{{about}}\n\nUsage: {{usage}}\n\n{START_HERE}\n\n{text}Options:\n{{options}}{{after-help}}"
    );
    command.help_template(template)
}

fn list(text: &mut String, stage: &str, commands: Vec<&clap::Command>) {
    if commands.is_empty() {
        return;
    }
    let _ = writeln!(text, "{stage}:");
    for command in commands {
        let about = command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "  {:<12} {}",
            command.get_name(),
            about.trim_end_matches('.')
        );
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_command_is_listed_once_after_those_to_start_with() {
        let mut command = by_stage(crate::Cli::command());
        let names: Vec<String> = command
            .get_subcommands()
            .map(|one| one.get_name().to_owned())
            .collect();
        let help = command.render_help().to_string();
        for name in names {
            let lines = help
                .lines()
                .filter(|line| line.starts_with(&format!("  {name} ")));
            assert_eq!(lines.count(), 1, "{name}\n{help}");
        }
        let at = |words: &str| {
            help.find(words)
                .unwrap_or_else(|| panic!("{words}\n{help}"))
        };
        assert!(at("Start here:") < at("Talk:") && at("Talk:") < at("Measure:"));
        assert!(at("Measure:") < at("--quiet") && at("--quiet") < at("Exit codes:"));
    }
}
