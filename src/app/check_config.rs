//! `check-config`: says whether a configuration is valid.

use std::path::PathBuf;

use clap::Args;

use super::arguments::{check_files, load};
use super::certificates;
use super::daemon::{check_keys, folder_remark};
use super::failure::{Failure, Finished};
use crate::server::Access;
use crate::settings::Settings;
use crate::source::kafka::try_client;

/// What to check.
#[derive(Args, Clone, Debug)]
pub struct CheckConfigArguments {
    /// The configuration file
    file: PathBuf,
    /// Do not look at the files and secrets that the configuration names: they are on another machine
    #[arg(long)]
    no_files: bool,
}

/// Prints what the configuration holds, and what is probably not meant.
///
/// # Errors
/// [`Failure::Configuration`] with every problem found, also with the files that it names. [`Failure::Io`] if such a file cannot be read.
pub fn run(arguments: &CheckConfigArguments) -> Result<Finished, Failure> {
    let settings = load(&arguments.file)?;
    if !arguments.no_files {
        check_files(&settings)?;
        if let Some(kafka) = &settings.kafka {
            try_client(kafka).map_err(Failure::configuration)?;
        }
        check_access(&settings)?;
        check_keys(&settings)?;
        let remarks = folder_remark(&settings).into_iter().chain(certificates::remarks(&settings));
        remarks.for_each(|remark| eprintln!("paritywatch: warning: {remark}"));
    }
    let plan = &settings.plan;
    println!(
        "{}: ok: {} rules, {} profiles, {} dimensions, configuration {}",
        arguments.file.display(),
        plan.rules.len(),
        plan.profiles.len(),
        plan.dimensions.len(),
        plan.config_hash
    );
    for remark in settings.remarks() {
        println!("{}: warning: {remark}", arguments.file.display());
    }
    Ok(Finished::Ok)
}

/// Looks at the web configurations, and at the files that they name.
fn check_access(settings: &Settings) -> Result<(), Failure> {
    for server in settings.listeners() {
        let access = Access::open(server).map_err(Failure::configuration)?;
        access.warnings().iter().for_each(|warning| eprintln!("paritywatch: warning: {warning}"));
        if access.certificate_ended() {
            let key = format!("{}.web_config", server.logins.section());
            return Err(Failure::Configuration(format!("the certificate of {key} has ended")));
        }
    }
    Ok(())
}
