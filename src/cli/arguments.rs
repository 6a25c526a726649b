//! The command line: arguments and options as clap reads them, and the help that people see.
//!
//! This module looks nothing up and opens nothing. clap does not read the connection variables (`STREAMSCOPE_URL`,
//! `PG*`), because `--demo` takes precedence over them and clap would show their values.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use uuid::Uuid;

use super::selection::{MatchingArguments, Point};
use crate::message::ExpectedVersion;
use crate::store::read::DEFAULT_BATCH_SIZE;

const AFTER_HELP: &str = "\
Choosing a database:
  Pass --url, or set STREAMSCOPE_URL, DATABASE_URL or the variables that psql reads (PGHOST,
  PGSERVICE, …). The first of these that is set wins. Otherwise streamscope opens an embedded
  store in your data directory.

  Other users of this machine can see your command line, so keep passwords in ~/.pgpass,
  PGPASSWORD or one of the URL variables. For passwords that expire, set
  STREAMSCOPE_PASSWORD_COMMAND, which runs before each new connection.

Exit status:
  0  success
  1  other error
  2  usage error
  3  version conflict
  4  not found
  5  database unavailable
  6  unknown whether the message was written
  7  read-only

Examples:
  streamscope --demo                            explore sample data
  streamscope ns create shop                    create a namespace
  streamscope -n shop write account-1 Opened --data '{\"owner\": \"Ada\"}'
  streamscope -n shop get account-1
  streamscope -n shop get account --limit -1 | jq -r .type | sort | uniq -c";

const NS_HELP: &str = "\
Examples:
  streamscope ns list
  streamscope ns create shop --description 'orders and accounts'
  streamscope ns info shop
  streamscope ns migrate shop
  streamscope ns delete shop --confirm shop";

const NS_LIST_HELP: &str = "\
JSON keys: id, schema, flavour, version, outdated, description, created, hides_rows, closed, caution

Examples:
  streamscope ns list
  streamscope ns list --format json | jq -r .id";

const NS_CREATE_HELP: &str = "\
JSON keys: id, schema, description, token

Examples:
  streamscope ns create shop
  streamscope ns create shop --schema message_store    for clients of Message DB
  streamscope ns create shop --description 'orders and accounts' --format json | jq -r .token";

const NS_DELETE_HELP: &str = "\
JSON keys: id, messages

Examples:
  streamscope ns delete shop
  streamscope ns delete shop --confirm shop";

const NS_INFO_HELP: &str = "\
The number of messages is an estimate from the server's statistics.

JSON keys: those of `ns list`, categories, estimate

Examples:
  streamscope ns info shop
  streamscope ns info shop --format json | jq .estimate";

const NS_MIGRATE_HELP: &str = "\
JSON keys: id, from, to, renamed_from

Examples:
  streamscope ns migrate
  streamscope ns migrate shop";

const CATEGORIES_HELP: &str = "\
The numbers of messages are estimates from the server's statistics.

JSON keys: category, estimate

Examples:
  streamscope -n shop categories
  streamscope -n shop categories --format json | jq -r .category";

const STREAMS_HELP: &str = "\
Streams are listed by name, each with its version (the position of its last message) and the
time of its last message.

JSON keys: stream, version, gpos, time

Examples:
  streamscope -n shop streams account
  streamscope -n shop streams --prefix account-12 --limit 20
  streamscope -n shop streams account --after account-129";

const GET_HELP: &str = "\
A name with a hyphen is a stream, read by position. Any other name is a category, read by global
position. If it does not exist, get prints nothing and exits with status 0.
If --limit cuts the result, standard error shows the --from value to continue with.

JSON keys: id, stream, type, pos, gpos, data, meta, time
In JSON output, data and metadata are exactly as the server prints them. Text output cuts data to
the width of the terminal and omits metadata.

Examples:
  streamscope -n shop get account-1
  streamscope -n shop get account-1 --from 10 --limit 5
  streamscope -n shop get account --from -2h --type Withdrawn --where '$.amount > 100'
  streamscope -n shop get account --limit -1 > account.ndjson
  streamscope -n shop get account --consumer-group-member 0 --consumer-group-size 3
  streamscope -n shop get account:command --correlation order | head";

const LAST_HELP: &str = "\
If the stream has no messages, or none of the given type, the exit status is 4.

JSON keys: id, stream, type, pos, gpos, data, meta, time

Examples:
  streamscope -n shop last account-1
  streamscope -n shop last account-1 --type Deposited --format json | jq .data";

const VERSION_HELP: &str = "\
The version is the position of the last message, printed as a bare number, or -1 if the stream
does not exist.

Examples:
  streamscope -n shop version account-1
  V=$(streamscope -n shop version account-1)
  streamscope -n shop write account-1 Deposited --expected-version \"$V\"";

const WRITE_HELP: &str = "\
JSON is checked before anything is sent. Errors show the line and column.

JSON keys: id, stream, pos, gpos

Examples:
  streamscope -n shop write account-1 Deposited --data '{\"amount\": 11}'
  jq -n '{amount: 11}' | streamscope -n shop write account-1 Deposited --data -
  streamscope -n shop write account-1 Opened --expected-version none
  streamscope -n shop write account-1 Closed --metadata '{\"correlationStreamName\": \"order-7\"}'";

const TAIL_HELP: &str = "\
Prints each message once, in order of global position, as soon as it is final: nothing can appear
below it any more. If the server goes away, tail reconnects and continues where it was.
When tail ends, and on SIGUSR1, standard error shows the --from value to continue with.

JSON keys: id, stream, type, pos, gpos, data, meta, time

Examples:
  streamscope -n shop tail
  streamscope -n shop tail account --from start --until now > account.ndjson
  streamscope -n shop tail account --from -2h --type Withdrawn --where '$.amount > 100' | jq -c .data
  streamscope -n shop tail account --consumer-group-member 0 --consumer-group-size 3
  streamscope -n shop tail order:command --limit 1 --exit-when-idle 5s";

const EXPORT_HELP: &str = "\
An export contains every message that is visible when it starts, and waits until all of them are
final. Several names make one export, in order of global position.

A file is written as FILE.part and renamed to FILE when it is complete. --resume continues after the
last complete line of FILE.part. Pass the same names and options again: --resume refuses a part file
from a different export. On SIGUSR1, standard error shows the progress.

Times: 2026-03-01, \"2026-03-01 12:00\", 12:00 (today), now, or -30m, -2h and -3d (ago). They are in UTC
unless they have an offset, as in 2026-03-01T12:00+01:00. With --since or --until, a large namespace
is first sampled at 1,000 positions. If its times rise with global positions, to within an hour, only
the part that can match is read. Otherwise the whole namespace is read.

JSON keys: id, stream, type, pos, gpos, data, meta, time

Examples:
  streamscope -n shop export -o shop.ndjson.zst
  streamscope -n shop export account order-7 --since 2026-03-01 --until 2026-04-01 -o march.ndjson.gz
  streamscope -n shop export -o shop.ndjson.zst --resume
  streamscope -n shop export account --type Opened | jq -r .stream";

const STATS_HELP: &str = "\
Shows what the summary views of Message DB show, for every kind of store. All selected messages are
read, which takes a while on a large store. The rate spans the time from the earliest to the latest.

JSON keys: category, type or stream; messages, percent, rate, from, to

Examples:
  streamscope -n shop stats
  streamscope -n shop stats types account
  streamscope -n shop stats streams account --limit 20
  streamscope -n shop stats categories --by types --format json";

const COMPLETIONS_HELP: &str = "\
Examples:
  streamscope completions bash > ~/.local/share/bash-completion/completions/streamscope
  streamscope completions zsh > ~/.zfunc/_streamscope
  streamscope completions fish > ~/.config/fish/completions/streamscope.fish";

const MAN_HELP: &str = "\
Examples:
  streamscope man | man -l -
  streamscope man ~/.local/share/man/man1";

/// The whole command line.
#[derive(Debug, Clone, Parser)]
#[command(name = "streamscope", version, about = "Browse, follow and write messages in Postgres message stores")]
#[command(after_help = AFTER_HELP, subcommand_value_name = "COMMAND")]
pub struct Arguments {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
    /// Where to open the screen: STREAM@POSITION, STREAM, CATEGORY, NS/, or NS/ followed by one of the first three. A
    /// bare name is a category or stream of the current namespace (-n) if it exists there, otherwise a namespace
    #[arg(value_name = "LOCATOR")]
    pub locator: Option<String>,
    /// The command; without one, the screen opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The command line without the locator, which could be mistaken for a command.
#[must_use]
pub fn commands() -> clap::Command {
    let command = clap::Command::new("streamscope").version(env!("CARGO_PKG_VERSION"));
    Command::augment_subcommands(Common::augment_args(command))
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Common {
    /// Connect to this database: postgres://user@host:port/database?sslmode=…, or any form that psql takes
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// Use an embedded store, kept in this directory
    #[arg(long, global = true, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub embedded: Option<PathBuf>,
    /// Use a temporary embedded store with sample data, deleted on exit
    #[arg(long, global = true)]
    pub demo: bool,
    /// Use this namespace; optional if the database has only one
    #[arg(short, long, global = true, value_name = "NS", env = "STREAMSCOPE_NAMESPACE", hide_env_values = true)]
    pub namespace: Option<String>,
    /// Refuse every write, and make the server refuse it too
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Print text (default on a terminal) or json, one object per line (default elsewhere)
    #[arg(long, global = true, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<Format>,
    /// Append a log to this file.
    #[arg(
        help = "Append a log to this file; STREAMSCOPE_LOG_LEVEL sets the level [default: info]",
        long,
        global = true,
        value_name = "FILE",
        env = "STREAMSCOPE_LOG",
        hide_env_values = true
    )]
    pub log: Option<PathBuf>,
}

impl Common {
    /// Returns the chosen namespace. An empty variable chooses none.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref().filter(|namespace| !namespace.is_empty())
    }
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns.
    Text,
    /// One object per line.
    Json,
}

/// A command and its arguments.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List, create, inspect, migrate and delete namespaces
    #[command(subcommand, after_help = NS_HELP)]
    Ns(NsCommand),
    /// List categories with their estimated numbers of messages
    #[command(after_help = CATEGORIES_HELP)]
    Categories,
    /// List the streams of a namespace or category
    #[command(after_help = STREAMS_HELP)]
    Streams(StreamsArguments),
    /// Print the messages of a stream or category
    #[command(after_help = GET_HELP)]
    Get(GetArguments),
    /// Print the last message of a stream
    #[command(after_help = LAST_HELP)]
    Last(LastArguments),
    /// Print the version of a stream
    #[command(after_help = VERSION_HELP)]
    Version(VersionArguments),
    /// Write a message
    #[command(after_help = WRITE_HELP)]
    Write(WriteArguments),
    /// Import messages: exported ones, or new ones
    #[command(after_help = super::import::HELP)]
    Import(super::import::ImportArguments),
    /// Measure how fast the store is from this machine
    #[command(subcommand, after_help = super::bench::HELP)]
    Bench(super::bench::BenchCommand),
    /// Follow a stream, category or namespace: each message once, in final order
    #[command(after_help = TAIL_HELP)]
    Tail(super::tail::TailArguments),
    /// Export messages as JSON lines to a file or standard output
    #[command(after_help = EXPORT_HELP)]
    Export(super::export::ExportArguments),
    /// Count messages by category, type or stream, with their rate over time
    #[command(after_help = STATS_HELP)]
    Stats(super::stats::StatsArguments),
    /// Print shell completions
    #[command(after_help = COMPLETIONS_HELP)]
    Completions {
        /// Shell: bash, elvish, fish, powershell or zsh
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one page per command to a directory
    #[command(after_help = MAN_HELP)]
    Man {
        /// Directory to write to: streamscope.1, streamscope-tail.1, …
        #[arg(value_hint = clap::ValueHint::DirPath)]
        directory: Option<PathBuf>,
    },
}

/// `streamscope ns …`
#[derive(Debug, Clone, Subcommand)]
pub enum NsCommand {
    /// List the namespaces in the database
    #[command(after_help = NS_LIST_HELP)]
    List,
    /// Create a namespace and print its token, which is shown only once
    #[command(after_help = NS_CREATE_HELP)]
    Create {
        /// ID of the namespace, 1 to 54 bytes
        id: String,
        /// What the namespace is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Schema to create, if clients expect a certain one such as `message_store` [default: `eventodb_` and the ID]
        #[arg(long, value_name = "NAME")]
        schema: Option<String>,
        /// Let this role read and write, with the rights that Message DB grants to `message_store`; may be repeated
        #[arg(long, value_name = "ROLE")]
        grant: Vec<String>,
    },
    /// Delete a namespace and all its messages
    #[command(after_help = NS_DELETE_HELP)]
    Delete {
        /// ID of the namespace
        id: String,
        /// The ID again, as confirmation; required if there is no terminal to ask on
        #[arg(long, value_name = "ID")]
        confirm: Option<String>,
    },
    /// Show the details and the estimated size of a namespace
    #[command(after_help = NS_INFO_HELP)]
    Info {
        /// ID of the namespace
        id: String,
    },
    /// Upgrade namespaces that an older streamscope created
    #[command(after_help = NS_MIGRATE_HELP)]
    Migrate {
        /// ID of the namespace; all outdated ones if omitted
        id: Option<String>,
    },
}

/// `streamscope streams …`
#[derive(Debug, Clone, Args)]
pub struct StreamsArguments {
    /// List only streams of this category
    pub category: Option<String>,
    /// List only streams whose names start with this
    #[arg(long, value_name = "PREFIX", allow_hyphen_values = true)]
    pub prefix: Option<String>,
    /// List only streams after this one, to continue an earlier list
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub after: Option<String>,
    /// List at most N streams; -1 for all
    #[arg(long, value_name = "N", default_value_t = 1_000, allow_negative_numbers = true,
          value_parser = clap::value_parser!(i64).range(-1..))]
    pub limit: i64,
}

/// `streamscope get …`
#[derive(Debug, Clone, Args)]
pub struct GetArguments {
    /// Stream (category-id) or category
    pub name: String,
    /// Where to start, inclusive: start, now, a time, a position (for a stream) or a global position (for a category)
    #[arg(
        long,
        value_name = "now|start|POSITION|TIME",
        alias = "position",
        overrides_with = "from",
        default_value = "start",
        allow_hyphen_values = true
    )]
    pub from: Point,
    /// Print at most N messages; -1 for all
    #[arg(long, value_name = "N", alias = "batch-size", overrides_with = "limit", default_value_t = DEFAULT_BATCH_SIZE,
          allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-1..))]
    pub limit: i64,
    /// Filters.
    #[command(flatten)]
    pub matching: MatchingArguments,
    /// Print only messages correlated with this category (correlationStreamName in metadata)
    #[arg(long, value_name = "CATEGORY")]
    pub correlation: Option<String>,
    /// Print only messages assigned to this consumer group member; the first is 0
    #[arg(long, value_name = "M", requires = "consumer_group_size", allow_negative_numbers = true)]
    pub consumer_group_member: Option<i64>,
    /// Number of members in the consumer group
    #[arg(long, value_name = "N", requires = "consumer_group_member", allow_negative_numbers = true)]
    pub consumer_group_size: Option<i64>,
}

/// `streamscope last …`
#[derive(Debug, Clone, Args)]
pub struct LastArguments {
    /// Stream (category-id)
    pub stream: String,
    /// Print the last message of this type
    #[arg(long = "type", value_name = "TYPE", allow_hyphen_values = true)]
    pub message_type: Option<String>,
}

/// `streamscope version …`
#[derive(Debug, Clone, Args)]
pub struct VersionArguments {
    /// Stream (category-id)
    pub stream: String,
}

/// `streamscope write …`
#[derive(Debug, Clone, Args)]
pub struct WriteArguments {
    /// Stream to write to (category-id)
    pub stream: String,
    /// Type of the message
    #[arg(value_name = "TYPE")]
    pub message_type: String,
    /// Data as JSON, or - to read it from standard input
    #[arg(long, value_name = "JSON|-", default_value = "{}", allow_hyphen_values = true)]
    pub data: String,
    /// Metadata as JSON; NULL if omitted
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub metadata: Option<String>,
    /// ID of the message; a new UUID v7 if omitted
    #[arg(long, value_name = "UUID")]
    pub id: Option<Uuid>,
    /// Version that the stream must have: any, none (or -1: it must not exist), or the position of its last message
    #[arg(long, value_name = "any|none|N", default_value_t = ExpectedVersion::Any, allow_hyphen_values = true)]
    pub expected_version: ExpectedVersion,
}
