//! `init`: writes a first configuration from a sample.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::Args;

use super::arguments::load_to_print;
use super::failure::{Failure, Finished};
use super::inspect::{SampleArguments, check_not_empty};
use crate::inspect::starter::{Connection, starter};
use crate::settings::{Address, RegistrySettings, SecurityProtocol, Settings};
use crate::source::format::Formats;

/// What is sampled, and where the configuration goes.
#[derive(Args, Clone, Debug)]
pub struct InitArguments {
    /// The file to write; it must not be there
    #[arg(long, value_name = "FILE", default_value = "paritywatch.toml")]
    to: PathBuf,
    /// Brokers to read topics from: host:port, separated by commas
    #[arg(long, value_name = "BROKERS", conflicts_with = "config")]
    brokers: Option<String>,
    /// How the connection to them is protected
    #[arg(long, value_name = "PROTOCOL", default_value = "ssl", value_parser = parse_protocol)]
    security_protocol: SecurityProtocol,
    /// A property for librdkafka, such as ssl.ca.location=/etc/ssl/ca.pem; may be given several times. No secrets: others see a command line
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = parse_property)]
    properties: Vec<(String, String)>,
    /// A configuration whose section [kafka] says how to connect, where that takes more
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address of the schema registry by which records in Avro or Protobuf are read; may be given several times
    #[arg(long = "registry", value_name = "URL", conflicts_with = "config")]
    registry: Vec<String>,
    #[command(flatten)]
    what: SampleArguments,
}

/// Writes the configuration. A file that is there is left alone.
///
/// # Errors
/// [`Failure::Io`] if a topic or file cannot be read, or the file cannot be written or is there; [`Failure::Configuration`] if the connection is
/// not described right; [`Failure::Data`] where there is no record at all.
pub fn run(arguments: &InitArguments) -> Result<Finished, Failure> {
    let to = &arguments.to;
    let there = || Failure::Io(format!("{}: expected no such file, found one: it is left as it is", to.display()));
    // Before anything is read; and once more when it is written.
    if to.symlink_metadata().is_ok() {
        return Err(there());
    }
    let kafka = arguments.kafka()?;
    let settings = match &arguments.config {
        Some(config) => load_to_print(config)?,
        None => arguments.settings(kafka.as_deref())?,
    };
    let mut samples =
        arguments.what.read(settings.kafka.as_ref(), &Formats::of_rules(&settings.formats), &settings.plan.event)?;
    check_not_empty(&samples)?;
    // What their schemas say is what the configuration will say.
    for sample in samples.iter_mut().filter(|sample| !sample.is_file) {
        sample.format = sample.framed_format().or(sample.format);
    }
    let reads_topics = samples.iter().any(|sample| !sample.is_file);
    let kafka = match &settings.kafka {
        Some(known) if arguments.config.is_some() => Some(format!(
            "brokers = {:?}\nsecurity_protocol = \"{}\"                # the rest of the connection: as in the file that was given\n",
            known.brokers,
            known.security_protocol.name()
        )),
        _ => kafka,
    };
    let registry = settings.kafka.as_ref().and_then(|kafka| kafka.registry.as_ref()).map(registry_text);
    let text = starter(
        &samples,
        &Settings::parse("", "init", std::iter::empty())?.plan,
        Connection { kafka: kafka.as_deref().filter(|_| reads_topics), registry: registry.as_deref() },
    );
    let written = OpenOptions::new().write(true).create_new(true).open(to).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    match written {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(there()),
        written => written.map_err(|error| Failure::file("write", to, &error))?,
    }
    println!("{}: written; what is open in it: paritywatch check-config {}", to.display(), to.display());
    Ok(Finished::Ok)
}

impl InitArguments {
    /// The keys of the section `[kafka]` but for topics; `None` without brokers.
    fn kafka(&self) -> Result<Option<String>, Failure> {
        let Some(brokers) = &self.brokers else {
            if self.config.is_none() && !self.what.topics().is_empty() {
                return Err(Failure::Usage(
                    "--topic: expected --brokers or --config beside it, found neither".to_owned(),
                ));
            }
            return Ok(None);
        };
        if self.what.topics().is_empty() {
            return Err(Failure::Usage("--brokers: expected --topic beside it, found none".to_owned()));
        }
        let mut text = format!("brokers = {brokers:?}\nsecurity_protocol = \"{}\"\n", self.security_protocol.name());
        if !self.properties.is_empty() {
            let of = |(name, value): &(String, String)| format!("{name:?} = {value:?}");
            let properties: Vec<String> = self.properties.iter().map(of).collect();
            text += &format!("properties = {{ {} }}\n", properties.join(", "));
        }
        Ok(Some(text))
    }

    /// The settings by which samples are read: those of the section `[kafka]`, and else the defaults.
    fn settings(&self, kafka: Option<&str>) -> Result<Settings, Failure> {
        let mut text =
            kafka.map_or_else(String::new, |kafka| format!("[kafka]\n{kafka}topics = {:?}\n", self.what.topics()));
        if !self.registry.is_empty() {
            if kafka.is_none() {
                return Err(Failure::Usage("--registry: expected --brokers beside it, found none".to_owned()));
            }
            text += &format!("[registry]\nurls = {:?}\n", self.registry);
        }
        Ok(Settings::parse(&text, "the command line", std::iter::empty())?)
    }
}

/// The keys of the section `[registry]`.
fn registry_text(registry: &RegistrySettings) -> String {
    let urls: Vec<&str> = registry.urls.iter().map(Address::url).collect();
    let mut text = format!("urls = {urls:?}\n");
    if !registry.user.is_empty() {
        text += &format!("user = {:?}\n", registry.user);
    }
    for (key, file) in [("password_file", &registry.password_file), ("ca_file", &registry.ca_file)] {
        if let Some(file) = file {
            text += &format!("{key} = {file:?}\n");
        }
    }
    text
}

fn parse_protocol(text: &str) -> Result<SecurityProtocol, String> {
    let found = SecurityProtocol::ALL.into_iter().find(|protocol| protocol.name() == text);
    found.ok_or_else(|| format!("expected plaintext, ssl, sasl_ssl or sasl_plaintext, found {text:?}"))
}

fn parse_property(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    // The text may hold a secret.
    pair.ok_or_else(|| "expected NAME=VALUE, found no =".to_owned())
}
