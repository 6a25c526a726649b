//! What can be given on the command line, as clap reads it, with the help that people see.
//!
//! Nothing is looked up or opened in here. Connection variables (`STREAMSCOPE_URL`, `PG*`) are not clap's: `--demo` must win over
//! them, and clap would show their values.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use uuid::Uuid;

use super::selection::{MatchingArguments, Point};
use crate::message::ExpectedVersion;
use crate::store::read::DEFAULT_BATCH_SIZE;

const AFTER_HELP: &str = "\
Which database:
  --url, else STREAMSCOPE_URL, else DATABASE_URL, else what psql takes (PGHOST, PGSERVICE, …),
  else a store of your own in your data directory. Keep passwords in ~/.pgpass, PGPASSWORD
  or one of the URL variables: other users of the machine can see the command line.
  For passwords that expire, STREAMSCOPE_PASSWORD_COMMAND is run for each new connection.

Exit status:
  0 done  1 other failure  2 usage  3 version conflict  4 not found  5 unavailable
  6 outcome of a write unknown  7 read-only

Examples:
  streamscope --demo                            look around in sample data
  streamscope ns create shop                    make a namespace
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
As json: {\"id\",\"schema\",\"flavour\",\"version\",\"outdated\",\"description\",\"created\"}

Examples:
  streamscope ns list
  streamscope ns list --format json | jq -r .id";

const NS_CREATE_HELP: &str = "\
As json: {\"id\",\"schema\",\"description\",\"token\"}

Examples:
  streamscope ns create shop
  streamscope ns create shop --schema message_store    for clients of Message DB
  streamscope ns create shop --description 'orders and accounts' --format json | jq -r .token";

const NS_DELETE_HELP: &str = "\
As json: {\"id\",\"messages\"}

Examples:
  streamscope ns delete shop
  streamscope ns delete shop --confirm shop";

const NS_INFO_HELP: &str = "\
The number of messages is an estimate from the server's statistics.
As json, what list prints and {\"categories\",\"estimate\"}

Examples:
  streamscope ns info shop
  streamscope ns info shop --format json | jq .estimate";

const NS_MIGRATE_HELP: &str = "\
As json: {\"id\",\"from\",\"to\",\"renamed_from\"}

Examples:
  streamscope ns migrate
  streamscope ns migrate shop";

const CATEGORIES_HELP: &str = "\
The number of messages is an estimate from the server's statistics.
As json: {\"category\",\"estimate\"}

Examples:
  streamscope -n shop categories
  streamscope -n shop categories --format json | jq -r .category";

const STREAMS_HELP: &str = "\
Streams come by name, each with its version (position of the last message) and its last activity.
As json: {\"stream\",\"version\",\"gpos\",\"time\"}

Examples:
  streamscope -n shop streams account
  streamscope -n shop streams --prefix account-12 --limit 20
  streamscope -n shop streams account --after account-129";

const GET_HELP: &str = "\
A name with a '-' is a stream, read by position; without, a category, read by global position.
One that does not exist has no messages: nothing is printed and the exit status is 0.
If there are more messages than --limit, standard error says where to go on.
As json: {\"id\",\"stream\",\"type\",\"pos\",\"gpos\",\"data\",\"meta\",\"time\"}
with data and meta exactly as the server prints them. As text, data is cut to the terminal's
width, and metadata is left out.

Examples:
  streamscope -n shop get account-1
  streamscope -n shop get account-1 --from 10 --limit 5
  streamscope -n shop get account --from -2h --type Withdrawn --where '$.amount > 100'
  streamscope -n shop get account --limit -1 > account.ndjson
  streamscope -n shop get account --consumer-group-member 0 --consumer-group-size 3
  streamscope -n shop get account:command --correlation order | head";

const LAST_HELP: &str = "\
Where the stream has no message, or none of the type, the exit status is 4.

Examples:
  streamscope -n shop last account-1
  streamscope -n shop last account-1 --type Deposited --format json | jq .data";

const VERSION_HELP: &str = "\
The version is the position of the last message, as a bare number, and -1 where there is no such stream.

Examples:
  streamscope -n shop version account-1
  V=$(streamscope -n shop version account-1)
  streamscope -n shop write account-1 Deposited --expected-version \"$V\"";

const WRITE_HELP: &str = "\
JSON is checked before anything is sent, and a mistake is told with its line and column.
As json: {\"id\",\"stream\",\"pos\",\"gpos\"}

Examples:
  streamscope -n shop write account-1 Deposited --data '{\"amount\": 11}'
  jq -n '{amount: 11}' | streamscope -n shop write account-1 Deposited --data -
  streamscope -n shop write account-1 Opened --expected-version none
  streamscope -n shop write account-1 Closed --metadata '{\"correlationStreamName\": \"order-7\"}'";

const TAIL_HELP: &str = "\
Each message is given once, in the order of global positions, as soon as nothing can appear below
it any more. As json: {\"id\",\"stream\",\"type\",\"pos\",\"gpos\",\"data\",\"meta\",\"time\"}
At the end, and on SIGUSR1, standard error says where another tail goes on. A server that goes away
is waited for.

Examples:
  streamscope -n shop tail
  streamscope -n shop tail account --from start --until now > account.ndjson
  streamscope -n shop tail account --from -2h --type Withdrawn --where '$.amount > 100' | jq -c .data
  streamscope -n shop tail account --consumer-group-member 0 --consumer-group-size 3
  streamscope -n shop tail order:command --limit 1 --exit-when-idle 5s";

const EXPORT_HELP: &str = "\
The end is fixed when it begins: all that is visible then, once nothing can appear below it any more.
A file is written as FILE.part and renamed when it is whole. --resume goes on behind the last whole
line of FILE.part; give the same names and options then. It is refused where FILE.part does not begin
and end with what they select in this namespace. Several names are one export, in the order of global
positions. SIGUSR1 has it say how far it is.

A time is 2026-03-01, \"2026-03-01 12:00\", 12:00 of today, now, or -30m, -2h, -3d ago; in UTC where no
offset is given (2026-03-01T12:00+01:00). For --since and --until a large namespace is looked into at 1,000 places first. Where times rise with
global positions, give or take an hour, only what can be of these times is read; else all of it.

Examples:
  streamscope -n shop export -o shop.ndjson.zst
  streamscope -n shop export account order-7 --since 2026-03-01 --until 2026-04-01 -o march.ndjson.gz
  streamscope -n shop export -o shop.ndjson.zst --resume
  streamscope -n shop export account --type Opened | jq -r .stream";

const STATS_HELP: &str = "\
What Message DB's summary views say, for every kind of store. All messages that are meant are read:
on a large store that takes a while. The rate is over the time from the earliest to the latest of them.
As json: {\"category\"|\"type\"|\"stream\",\"messages\",\"percent\",\"rate\",\"from\",\"to\"}

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
#[command(name = "streamscope", version, about = "Browse, follow and write the messages of Postgres message stores")]
#[command(after_help = AFTER_HELP, subcommand_value_name = "COMMAND")]
pub struct Arguments {
    /// What applies to every command.
    #[command(flatten)]
    pub common: Common,
    /// Where the screen opens: STREAM@POSITION, STREAM, CATEGORY, NS/ or NS/ and one of these. A bare name is a category
    /// or stream of the current namespace (-n) if it exists there, otherwise the namespace of that name
    #[arg(value_name = "LOCATOR")]
    pub locator: Option<String>,
    /// What to do; without one, the screen opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The command line without the place that can stand in front of a command.
#[must_use]
pub fn commands() -> clap::Command {
    let command = clap::Command::new("streamscope").version(env!("CARGO_PKG_VERSION"));
    Command::augment_subcommands(Common::augment_args(command))
}

/// What applies to every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database and output")]
pub struct Common {
    /// Database, as psql takes it: postgres://user@host:port/database?sslmode=…
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// A store of your own, inside the program, kept in this directory
    #[arg(long, global = true, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub embedded: Option<PathBuf>,
    /// A temporary store filled with sample data; gone when the program ends
    #[arg(long, global = true)]
    pub demo: bool,
    /// Namespace; may be left out where the database has only one
    #[arg(short, long, global = true, value_name = "NS", env = "STREAMSCOPE_NAMESPACE", hide_env_values = true)]
    pub namespace: Option<String>,
    /// Refuse every write, on the server too
    #[arg(long, global = true)]
    pub read_only: bool,
    /// text or json (one object a line); text on a terminal, json elsewhere
    #[arg(long, global = true, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<Format>,
    /// Append a log to this file, at the level of `STREAMSCOPE_LOG_LEVEL` (info)
    #[arg(
        help = "Append a log to this file, at the level of STREAMSCOPE_LOG_LEVEL (info)",
        long,
        global = true,
        value_name = "FILE",
        env = "STREAMSCOPE_LOG",
        hide_env_values = true
    )]
    pub log: Option<PathBuf>,
}

impl Common {
    /// The namespace that was asked for. An empty variable asks for none.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref().filter(|namespace| !namespace.is_empty())
    }
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns for people.
    Text,
    /// One object a line.
    Json,
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Namespaces: list, create, delete, info, migrate
    #[command(subcommand, after_help = NS_HELP)]
    Ns(NsCommand),
    /// List the categories with roughly how many messages each holds
    #[command(after_help = CATEGORIES_HELP)]
    Categories,
    /// List streams of the namespace, of a category, or with a prefix
    #[command(after_help = STREAMS_HELP)]
    Streams(StreamsArguments),
    /// Print the messages of a stream or of a category
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
    /// Bring in messages from a file: exports, or new ones
    #[command(after_help = super::import::HELP)]
    Import(super::import::ImportArguments),
    /// Measure how fast the store is from here
    #[command(subcommand, after_help = super::bench::HELP)]
    Bench(super::bench::BenchCommand),
    /// Follow a stream, a category or the namespace: each message once, in settled order
    #[command(after_help = TAIL_HELP)]
    Tail(super::tail::TailArguments),
    /// Export messages as json lines, to a file or standard output
    #[command(after_help = EXPORT_HELP)]
    Export(super::export::ExportArguments),
    /// Count messages by category, type or stream, with their rate over time
    #[command(after_help = STATS_HELP)]
    Stats(super::stats::StatsArguments),
    /// Print the completions of a shell
    #[command(after_help = COMPLETIONS_HELP)]
    Completions {
        /// bash, elvish, fish, powershell or zsh
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one for each command into a directory
    #[command(after_help = MAN_HELP)]
    Man {
        /// Directory for the pages: streamscope.1, streamscope-tail.1, …
        #[arg(value_hint = clap::ValueHint::DirPath)]
        directory: Option<PathBuf>,
    },
}

/// `streamscope ns …`
#[derive(Debug, Clone, Subcommand)]
pub enum NsCommand {
    /// List the namespaces of the database
    #[command(after_help = NS_LIST_HELP)]
    List,
    /// Make a namespace; its token is shown this one time
    #[command(after_help = NS_CREATE_HELP)]
    Create {
        /// Id of the namespace, 1 to 54 bytes
        id: String,
        /// What it is for
        #[arg(long, value_name = "T")]
        description: Option<String>,
        /// Schema to make, for clients that expect a certain one, such as `message_store`; if omitted, `eventodb_` and the id
        #[arg(long, value_name = "NAME")]
        schema: Option<String>,
        /// Role that may read and write there, with the rights that Message DB gives its role `message_store`; may be repeated
        #[arg(long, value_name = "ROLE")]
        grant: Vec<String>,
    },
    /// Delete a namespace with all its messages
    #[command(after_help = NS_DELETE_HELP)]
    Delete {
        /// Id of the namespace
        id: String,
        /// The id once more; asked for on a terminal, required elsewhere
        #[arg(long, value_name = "ID")]
        confirm: Option<String>,
    },
    /// Show what a namespace is and roughly how much it holds
    #[command(after_help = NS_INFO_HELP)]
    Info {
        /// Id of the namespace
        id: String,
    },
    /// Bring a namespace made by an older streamscope to this version; without ID, all of them
    #[command(after_help = NS_MIGRATE_HELP)]
    Migrate {
        /// Id of the namespace
        id: Option<String>,
    },
}

/// `streamscope streams …`
#[derive(Debug, Clone, Args)]
pub struct StreamsArguments {
    /// Only streams of this category
    pub category: Option<String>,
    /// Only streams whose name begins with this
    #[arg(long, value_name = "P", allow_hyphen_values = true)]
    pub prefix: Option<String>,
    /// Only streams after this one, to go on where a page ended
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub after: Option<String>,
    /// How many at most; -1 for all
    #[arg(long, value_name = "N", default_value_t = 1_000, allow_negative_numbers = true,
          value_parser = clap::value_parser!(i64).range(-1..))]
    pub limit: i64,
}

/// `streamscope get …`
#[derive(Debug, Clone, Args)]
pub struct GetArguments {
    /// A stream (category-id) or a category
    pub name: String,
    /// Where to begin (inclusive): start, now, a time, or a number, which is the position in a stream and the global position in a category
    #[arg(
        long,
        value_name = "now|start|POSITION|TIME",
        alias = "position",
        overrides_with = "from",
        default_value = "start",
        allow_hyphen_values = true
    )]
    pub from: Point,
    /// How many at most; -1 for all
    #[arg(long, value_name = "N", alias = "batch-size", overrides_with = "limit", default_value_t = DEFAULT_BATCH_SIZE,
          allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-1..))]
    pub limit: i64,
    /// Which messages.
    #[command(flatten)]
    pub matching: MatchingArguments,
    /// Only messages correlated with this category (metadata correlationStreamName)
    #[arg(long, value_name = "C")]
    pub correlation: Option<String>,
    /// Only the streams of this member of a consumer group, counted from 0
    #[arg(long, value_name = "M", requires = "consumer_group_size", allow_negative_numbers = true)]
    pub consumer_group_member: Option<i64>,
    /// How many members the consumer group has
    #[arg(long, value_name = "N", requires = "consumer_group_member", allow_negative_numbers = true)]
    pub consumer_group_size: Option<i64>,
}

/// `streamscope last …`
#[derive(Debug, Clone, Args)]
pub struct LastArguments {
    /// The stream
    pub stream: String,
    /// The last message of this type
    #[arg(long = "type", value_name = "T", allow_hyphen_values = true)]
    pub message_type: Option<String>,
}

/// `streamscope version …`
#[derive(Debug, Clone, Args)]
pub struct VersionArguments {
    /// The stream
    pub stream: String,
}

/// `streamscope write …`
#[derive(Debug, Clone, Args)]
pub struct WriteArguments {
    /// The stream, category-id
    pub stream: String,
    /// Type of the message
    #[arg(value_name = "TYPE")]
    pub message_type: String,
    /// Data as JSON, or - to read it from standard input
    #[arg(long, value_name = "JSON|-", default_value = "{}", allow_hyphen_values = true)]
    pub data: String,
    /// Metadata as JSON; NULL where left out
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub metadata: Option<String>,
    /// Id of the message; a new one (UUID v7) where left out
    #[arg(long, value_name = "UUID")]
    pub id: Option<Uuid>,
    /// Version that the stream must have: any, none (or -1: it must not exist), or a position
    #[arg(long, value_name = "any|none|N", default_value_t = ExpectedVersion::Any, allow_hyphen_values = true)]
    pub expected_version: ExpectedVersion,
}
