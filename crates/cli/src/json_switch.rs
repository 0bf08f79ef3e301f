//! The global `--json`, a switch everywhere but under `corpus import`, where it names files.
//!
//! clap hands the value of a global argument up and down the command line by its name, whatever
//! its type; the derived code would panic on the files. So the switch is read by hand: a value of
//! another type is the importers' and the switch is off. `smes --json corpus import ...` works
//! where no `--json FILE` follows.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

/// Whether one JSON document is wanted instead of text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JsonSwitch(pub(crate) bool);

impl FromArgMatches for JsonSwitch {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let switch = matches.try_get_one::<bool>("json").ok().flatten();
        Ok(Self(switch.copied().unwrap_or(false)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for JsonSwitch {
    fn augment_args(command: Command) -> Command {
        command.arg(
            Arg::new("json")
                .long("json")
                .global(true)
                .action(ArgAction::SetTrue)
                .help("Prints one JSON document on stdout instead of text"),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
