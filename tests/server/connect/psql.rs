//! Gives the same connection settings to streamscope and to `psql`, and compares the outcomes.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use streamscope::store::connect::Environment;
use streamscope::store::session::Sessions;
use streamscope::store::{Options, Settings};

use super::cluster::Cluster;
use crate::support::program::{User, outcome};

/// Describes the connection: role, database, server, TLS and settings.
const WHO: &str = "select current_user || '|' || current_database() || '|' || coalesce(inet_server_addr()::text, 'socket') \
                   || '|' || current_setting('search_path') || '|' || coalesce(ssl, false)::text \
                   || '|' || current_setting('work_mem') || '|' \
                   || replace(replace(current_setting('application_name'), 'psql', 'default'), 'streamscope', 'default') \
                   from pg_stat_ssl where pid = pg_backend_pid()";

/// The connection settings of one comparison.
struct Case {
    url: Option<String>,
    variables: Vec<(&'static str, String)>,
    home: PathBuf,
}

impl Case {
    fn psql_says(&self) -> Output {
        let mut command = Command::new("psql");
        command.env_clear().env("PATH", std::env::var_os("PATH").expect("a path")).env("HOME", &self.home);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(["-X", "-w", "-Atc", WHO]);
        if let Some(url) = &self.url {
            command.arg("-d").arg(url);
        }
        command.output().expect("psql runs")
    }

    fn psql(&self) -> Option<String> {
        let output = self.psql_says();
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    async fn ours(&self) -> Result<String, String> {
        let variables: HashMap<_, _> =
            self.variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let account = Environment::of_process();
        let environment = account.with(variables, Some(self.home.clone()));
        let settings = Settings::resolve(self.url.as_deref(), &environment).map_err(|error| error.to_string())?;
        let settings = settings.ok_or("the settings name no server")?;
        let sessions = Sessions::new(settings, Options::default());
        let session = sessions.acquire().await.map_err(|error| error.to_string())?;
        let rows = session.query(WHO, &[]).await.map_err(|error| error.to_string())?;
        Ok(rows[0].get(0))
    }
}

/// Compares a list of settings and collects the differences.
pub(super) struct Comparison<'a> {
    cluster: &'a Cluster,
    home: PathBuf,
    differing: Vec<String>,
    accepted: usize,
    refused: usize,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(cluster: &'a Cluster) -> Self {
        let home = cluster.path("home");
        fs::create_dir_all(&home).expect("a home");
        Self { cluster, home, differing: Vec::new(), accepted: 0, refused: 0 }
    }

    /// Fills in the port for `{P}`, the socket's directory for `{S}`, the same for a URL for `{E}`, and the abstract
    /// socket for `{A}`.
    fn fill(&self, text: &str) -> String {
        let directory = self.cluster.socket_dir();
        text.replace("{P}", &self.cluster.port.to_string())
            .replace("{A}", &self.cluster.abstract_name())
            .replace("{S}", &directory)
            .replace("{E}", &directory.replace('/', "%2F"))
    }

    pub(super) async fn both(&mut self, url: Option<&str>, variables: &[(&'static str, &str)]) {
        let url = url.map(|url| self.fill(url));
        let variables = variables.iter().map(|(name, value)| (*name, self.fill(value))).collect();
        let case = Case { url, variables, home: self.home.clone() };
        let (theirs, ours) = (case.psql(), case.ours().await);
        match &theirs {
            Some(_) => self.accepted += 1,
            None => self.refused += 1,
        }
        if theirs.as_ref() != ours.as_ref().ok() {
            self.differing.push(format!("{:?} {:?}\n  psql: {theirs:?}\n  ours: {ours:?}", case.url, case.variables));
        }
    }

    async fn urls(&mut self, urls: &[&str]) {
        for url in urls {
            self.both(Some(url), &[]).await;
        }
    }

    /// Writes a file in the home directory.
    fn file(&self, name: &str, text: &str, mode: u32) {
        self.cluster.write(&format!("home/{name}"), &self.fill(text), mode);
    }

    fn remove(&self, name: &str) {
        let path: &Path = &self.home.join(name);
        fs::remove_file(path).expect("the file was there");
    }

    pub(super) fn end(self) {
        assert!(self.differing.is_empty(), "{} cases differ:\n{}", self.differing.len(), self.differing.join("\n"));
        assert!(self.accepted > 5 && self.refused > 2, "{} accepted, {} refused", self.accepted, self.refused);
    }
}

pub(super) fn prepare(cluster: &Cluster) {
    let sql = "set password_encryption = 'scram-sha-256'; create role trusted login; create role shop login; \
               create role locked login password 'pa:ss\\word @/%'; create role only_tls login; \
               create role only_plain login; create role certified login; set password_encryption = 'md5'; \
               create role digested login password 'secret'; \
               do $$ begin execute format('create role latin login password %L', 'md5' || md5('\\xe46c6174696e'::bytea)); end $$";
    for sql in [sql, "create database shop", "create database \"it's a \\ db\""] {
        let done = Command::new("psql")
            .args([
                "-X",
                "-q",
                "-h",
                &cluster.socket_dir(),
                "-p",
                &cluster.port.to_string(),
                "-U",
                "postgres",
                "-c",
                sql,
            ])
            .status();
        assert!(done.expect("psql runs").success(), "{sql}");
    }
}

#[tokio::test]
async fn connects_and_refuses_like_psql() {
    let cluster = Cluster::start();
    prepare(&cluster);
    let mut compare = Comparison::new(&cluster);
    places(&mut compare).await;
    words_of_the_environment(&mut compare).await;
    passwords(&mut compare).await;
    services(&mut compare).await;
    attributes(&mut compare).await;
    transport(&mut compare).await;
    // Self-signed certificates with only a common name, as in PostgreSQL's documentation, and with alternative names.
    for (name, names) in
        [("localhost", &[][..]), ("elsewhere", &[][..]), ("localhost", &["elsewhere"][..]), ("x", &["localhost"][..])]
    {
        cluster.present(name, names);
        self_signed(&mut compare).await;
    }
    compare.end();
}

#[test]
fn ignores_a_password_file_that_others_can_read_with_a_warning_like_psql() {
    let cluster = Cluster::start();
    prepare(&cluster);
    let user = User::new();
    let file = user.home().join(".pgpass");
    fs::write(&file, "*:*:*:*:pa\\:ss\\\\word @/%\n").expect("a password file");
    let url = format!("postgres://locked@127.0.0.1:{}/shop", cluster.port);
    let case = Case { url: Some(url.clone()), variables: Vec::new(), home: user.home().to_owned() };
    for (mode, ignored) in [(0o644, true), (0o640, true), (0o600, false)] {
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("its mode");
        let ours = user.run(&["--url", &url, "ns", "list"]);
        let theirs = case.psql_says();
        let warning = "has group or world access";
        assert_eq!(ours.stderr.contains(warning), ignored, "{mode:o}: {}", ours.stderr);
        assert_eq!(String::from_utf8_lossy(&theirs.stderr).contains(warning), ignored, "{mode:o}");
        assert_eq!(ours.status == 0, !ignored, "{mode:o}: {}", ours.stderr);
        assert_eq!(theirs.status.success(), !ignored, "{mode:o}");
        assert!(!ours.stderr.contains("ss\\word"), "the output contains the password");
    }
}

#[test]
fn a_password_in_the_environment_need_not_be_utf_8() {
    let cluster = Cluster::start();
    prepare(&cluster);
    let user = User::new();
    let url = format!("postgres://latin@127.0.0.1:{}/shop", cluster.port);
    for (password, accepted) in [(b"\xe4", true), (b"\xe5", false)] {
        let mut command = user.command();
        command.env("PGPASSWORD", OsStr::from_bytes(password)).args(["--url", &url, "ns", "list"]);
        let done = outcome(&mut command);
        assert_eq!(done.status == 0, accepted, "{}", done.stderr);
    }
}

async fn places(compare: &mut Comparison<'_>) {
    compare
        .urls(&[
            "postgres://trusted@127.0.0.1:{P}/shop",
            "postgresql://trusted@localhost:{P}/shop",
            "postgres://tr%75sted@127.0.0.1:{P}/sh%6Fp",
            "postgres://shop@127.0.0.1:{P}",
            "postgres://shop@127.0.0.1:{P}/",
            "postgres://trusted@127.0.0.1:{P}",
            "postgres://trusted@127.0.0.1:{P}/absent",
            "postgres://nobody@127.0.0.1:{P}/shop",
            "postgres://trusted:ignored@127.0.0.1:{P}/it's%20a%20%5C%20db",
            "postgres://trusted@{E}:{P}/shop",
            "postgres:///shop?host={S}&port={P}&user=trusted",
            "postgres://trusted@/shop?host={S}&port={P}",
            "postgresql://?host={E}&port={P}&user=shop",
            "postgres://trusted@127.0.0.1:1,127.0.0.1:{P}/shop",
            "postgres://trusted@127.0.0.1,127.0.0.1:{P}/shop?port=1,{P}",
            "postgres://trusted@nowhere.invalid:{P},127.0.0.1:{P}/shop",
            "postgres://trusted@{E},127.0.0.1:{P}/shop",
            "postgres://nobody@127.0.0.1:{P},{E}:{P}/shop",
            "postgres://trusted@127.0.0.1:{P},127.0.0.1:{P}/absent",
            "postgres://trusted@127.0.0.1%2C127.0.0.1:1,{P}/shop",
            "postgres://trusted@[::1]:{P}/shop",
            "postgres://trusted@[::1]:1,127.0.0.1:{P}/shop",
            "postgres://trusted@[::1:{P}/shop",
            "postgres://trusted@[]:{P}/shop",
            "postgres://trusted@[::1]x:{P}/shop",
            "postgres://trusted@nowhere.invalid:{P}/shop?hostaddr=127.0.0.1",
            "postgres://trusted@/shop?hostaddr=127.0.0.1&port={P}",
            "postgres://trusted@a,b/shop?hostaddr=127.0.0.1&port={P}",
            "postgres://trusted@localhost:{P}/shop?hostaddr=nonsense",
            "postgres://trusted@localhost:{P}/shop?hostaddr=127.1",
            "postgres://trusted@0x7f000001:{P}/shop",
            "host={S} port={P} user=trusted dbname=shop",
            "host={S} port={P} user=trusted dbname='it\\'s a \\\\ db'",
            "host={S} port={P} user=trusted dbname=it\\'s\\ a\\ \\\\\\ db",
            "  host = {S}  port ='{P}'\tuser= trusted dbname =shop ",
            "host={S} port={P} user=trusted dbname='shop",
            "host={S} port={P} user trusted dbname=shop",
            "host={S} port={P} user=trusted dbname=shop colour=red",
            "host=127.0.0.1,127.0.0.1 port=1,{P} user=trusted dbname=shop",
            "host=127.0.0.1,{S} port={P} user=trusted dbname=shop",
            "host=127.0.0.1 port=1,{P} user=trusted dbname=shop",
            "host=127.0.0.1 port=0 user=trusted dbname=shop",
            "host=127.0.0.1 port=65536 user=trusted dbname=shop",
            "host=127.0.0.1 port=x{P} user=trusted dbname=shop",
            "host=127.0.0.1 port=' {P} ' user=trusted dbname=shop",
            "host='' port={P} user=trusted dbname=shop",
            "host={S} port={P} user=trusted dbname=''",
            "host={S} port={P} user='' dbname=shop",
            "postgres://trusted@127.0.0.1:{P}/shop?colour=red",
            "postgres://trusted@127.0.0.1:{P}/shop?sslmode",
            "postgres://trusted@127.0.0.1:{P}/shop?sslmode=a=b",
            "postgres://trusted@127.0.0.1:{P}/shop?",
            "postgres://trusted@127.0.0.1:{P}/shop?application_name=mine&",
            "postgres://trusted@127.0.0.1:{P}/shop?application_name=mine&&sslmode=disable",
            "postgres://trusted@127.0.0.1:{P}/shop?&",
            "postgres://trusted@localhost:{P}/shop?requiressl=0",
            "postgres://only_plain@localhost:{P}/shop?requiressl=1",
            "host=localhost port={P} user=only_plain dbname=shop requiressl=1",
            "postgres://trusted@localhost:{P}/shop?sslsni=true",
            "postgres://trusted@localhost:{P}/shop?replication=off",
            "postgres://trusted@localhost:{P}/shop?replication=False",
            "postgres://trusted@127.0.0.1:{P}/shop?sslmode=sometimes",
            "postgres://trusted@127.0.0.1:{P}/shop?connect_timeout=soon",
            "postgres://trusted@127.0.0.1:{P}/shop?connect_timeout=%205%20&keepalives=0",
            "postgres://trusted@127.0.0.1:{P}/shop?keepalives=perhaps",
            "postgres://trusted@127.0.0.1:{P}/shop?keepalives_idle=7&keepalives_interval=2&keepalives_count=9&tcp_user_timeout=1000",
            "postgres://trusted@127.0.0.1:{P}/sh%op",
            "postgres://trusted@127.0.0.1:{P}/sh%00op",
            "postgres://trusted@127.0.0.1:{P}/shop?options=-c%20search_path%3Delsewhere",
            "postgres://trusted@127.0.0.1:{P}/shop?options=-c%20work_mem%3D7MB%20-c%20search_path%3Da%5C%20b",
            "postgres://trusted@127.0.0.1:{P}/shop?application_name=mine",
            "postgres://trusted@127.0.0.1:{P}/shop?client_encoding=UTF8",
            "postgres://trusted@127.0.0.1:{P}/shop?gssencmode=disable&sslcompression=0&krbsrvname=x",
            "postgres://trusted@127.0.0.1:{P}/shop?user=shop",
            "host={A} port={P} user=trusted dbname=shop",
            "host={A}x port={P} user=trusted dbname=shop",
            "postgres://trusted@/shop?host={A}&port={P}",
            "host={S} port={P} user=trusted dbname=shop requirepeer=postgres",
            "host={S} port={P} user=trusted dbname=shop requirepeer=nobody",
            "host={A} port={P} user=trusted dbname=shop requirepeer=postgres",
            "host=127.0.0.1 port={P} user=trusted dbname=shop requirepeer=nobody",
            "host={S},127.0.0.1 port={P} user=trusted dbname=shop requirepeer=nobody",
        ])
        .await;
}

async fn words_of_the_environment(compare: &mut Comparison<'_>) {
    let here = [("PGHOST", "{S}"), ("PGPORT", "{P}"), ("PGUSER", "trusted"), ("PGDATABASE", "shop")];
    compare.both(None, &here).await;
    compare.both(Some("shop"), &here[..3]).await;
    compare.both(Some("postgres://"), &here).await;
    compare.both(Some("postgres://shop@/"), &here).await;
    compare.both(Some("dbname=postgres"), &here).await;
    compare.both(None, &here[..2]).await;
    let with = |more: &[(&'static str, &'static str)]| [here.as_slice(), more].concat();
    for more in [
        [("PGAPPNAME", "mine")],
        [("PGOPTIONS", "-c search_path=elsewhere")],
        [("PGOPTIONS", "-c nonsense=1 --")],
        [("PGCONNECT_TIMEOUT", "3")],
        [("PGCONNECT_TIMEOUT", "x")],
        [("PGSSLMODE", "require")],
        [("PGSSLMODE", "nonsense")],
        [("PGREQUIRESSL", "1")],
        [("PGREQUIREPEER", "postgres")],
        [("PGREQUIREPEER", "nobody")],
        [("PGSSLMINPROTOCOLVERSION", "TLSv1.9")],
        [("PGSSLMAXPROTOCOLVERSION", "TLSv1")],
        [("PGTARGETSESSIONATTRS", "standby")],
        [("PGTARGETSESSIONATTRS", "nonsense")],
        [("PGHOSTADDR", "127.0.0.1")],
        [("PGDATABASE", "")],
        [("PGUSER", "")],
    ] {
        compare.both(None, &with(&more)).await;
    }
    // An empty word or number is a mistake, but an empty name or text is the default.
    for variable in [
        "PGSSLMODE",
        "PGCHANNELBINDING",
        "PGTARGETSESSIONATTRS",
        "PGGSSENCMODE",
        "PGCONNECT_TIMEOUT",
        "PGSSLROOTCERT",
        "PGSSLMINPROTOCOLVERSION",
        "PGSSLSNI",
        "PGOPTIONS",
        "PGPASSWORD",
        "PGREQUIREPEER",
    ] {
        compare.both(None, &with(&[(variable, "")])).await;
    }
    for keyword in ["sslmode", "channel_binding", "target_session_attrs", "keepalives", "tcp_user_timeout", "sslkey"] {
        let empty = format!("postgres://trusted@localhost:{{P}}/shop?{keyword}=");
        compare.both(Some(&empty), &[("PGSSLMODE", "require")]).await;
    }
    for more in ["0", "1", "yes", "1000"] {
        compare.both(Some("postgres://only_plain@localhost:{P}/shop"), &[("PGREQUIRESSL", more)]).await;
    }
    for mode in ["allow", "prefer"] {
        let older = [("PGREQUIRESSL", "1"), ("PGSSLMODE", mode)];
        compare.both(Some("postgres://only_plain@localhost:{P}/shop"), &older).await;
    }
    compare.both(Some("postgres://only_plain@localhost:{P}/shop?sslmode=prefer"), &[("PGREQUIRESSL", "1")]).await;
    compare.both(None, &[("PGHOSTADDR", "127.0.0.1"), ("PGPORT", "{P}"), ("PGUSER", "shop")]).await;
    compare.both(None, &[("PGPORT", "{P}"), ("PGUSER", "shop")]).await;
}

async fn passwords(compare: &mut Comparison<'_>) {
    let locked = "postgres://locked@127.0.0.1:{P}/shop";
    compare
        .urls(&[
            locked,
            "postgres://locked:wrong@127.0.0.1:{P}/shop",
            "postgres://locked:pa%3Ass%5Cword%20%40%2F%25@127.0.0.1:{P}/shop",
            "postgres://locked:pa:ss\\word%20%40%2F%25@127.0.0.1:{P}/shop",
            "host={S} port={P} user=locked dbname=shop password='pa:ss\\\\word @/%'",
            "postgres://digested:secret@127.0.0.1:{P}/shop",
            "postgres://digested:wrong@127.0.0.1:{P}/shop",
            "postgres://latin:%E4@127.0.0.1:{P}/shop",
            "postgres://latin@127.0.0.1:{P}/shop?password=%E4",
            "postgres://latin:%E5@127.0.0.1:{P}/shop",
            "postgres://latin:%C3%A4@127.0.0.1:{P}/shop",
            "postgres://locked:pa%3Ass%5Cword%20%40%2F%25@127.0.0.1:{P}/shop?channel_binding=require",
            "postgres://locked:pa%3Ass%5Cword%20%40%2F%25@127.0.0.1:{P}/shop?channel_binding=disable",
            "postgres://locked:pa%3Ass%5Cword%20%40%2F%25@127.0.0.1:{P}/shop?channel_binding=require&sslmode=disable",
            "postgres://trusted@127.0.0.1:{P}/shop?channel_binding=require",
        ])
        .await;
    compare.both(Some(locked), &[("PGPASSWORD", "pa:ss\\word @/%")]).await;
    compare.both(Some(locked), &[("PGPASSWORD", "wrong")]).await;
    let right = "pa\\:ss\\\\word @/%";
    for line in [
        format!("127.0.0.1:{{P}}:shop:locked:{right}"),
        format!("*:*:*:*:{right}"),
        format!("# comment\n\nlocalhost:*:*:*:wrong\n*:*:*:locked:{right}:more"),
        format!("127.0.0.1:{{P}}:other:locked:{right}"),
        format!("*:*:*:locked:wrong\n*:*:*:locked:{right}"),
        format!("127.0.0.1:{{P}}:shop:lock\\ed:{right}\r"),
        format!("127.0.0.1:{{P}}:shop:locked {right}"),
    ] {
        compare.file(".pgpass", &line, 0o600);
        compare.both(Some(locked), &[]).await;
        compare.both(Some("host={S} port={P} user=locked dbname=shop"), &[]).await;
    }
    compare.file(".pgpass", &format!("*:*:*:*:{right}"), 0o644);
    compare.both(Some(locked), &[]).await;
    compare.file(".pgpass", "*:*:*:*:wrong", 0o600);
    compare.file("passes", &format!("*:*:*:*:{right}"), 0o600);
    compare.both(Some(locked), &[("PGPASSFILE", "{S}/home/passes")]).await;
    compare.both(Some("postgres://locked@127.0.0.1:{P}/shop?passfile={E}%2Fhome%2Fpasses"), &[]).await;
    compare.both(Some("postgres://locked@127.0.0.1:{P}/shop?passfile={E}%2Fhome%2Fabsent"), &[]).await;
    // The first server refuses the password, so the second is not tried. The socket's password is listed under its
    // directory.
    compare.file(".pgpass", &format!("localhost:*:*:*:wrong\n127.0.0.1:*:*:*:{right}\n{{S}}:*:*:*:{right}"), 0o600);
    compare.both(Some("postgres://locked@localhost:{P},127.0.0.1:{P}/shop"), &[]).await;
    compare.both(Some("postgres://locked@localhost:1,127.0.0.1:{P}/shop"), &[]).await;
    compare.both(Some("postgres://locked@{E}:{P}/shop"), &[]).await;
    compare.both(Some("postgres://locked@wrong.invalid:{P}/shop?hostaddr=127.0.0.1"), &[]).await;
    // Passwords need not be UTF-8.
    for line in [&b"*:*:*:latin:\xe4\n"[..], b"*:*:*:locked:\xe4\n*:*:*:latin:\xe5\n"] {
        fs::write(compare.home.join(".pgpass"), line).expect("the password file");
        compare.both(Some("postgres://latin@127.0.0.1:{P}/shop"), &[]).await;
    }
    compare.remove(".pgpass");
}

async fn services(compare: &mut Comparison<'_>) {
    let text = "# services\n[other]\nhost=nowhere.invalid\n\n[here]\nhost={S}\nport={P}\nuser=trusted\ndbname=shop\n\
                [late]\nhost={S}\n[bad]\nhots=x\n[nested]\nservice=here\n[spaced]\nhost={S}\nport = {P}\n";
    compare.file(".pg_service.conf", text, 0o644);
    let service = |name: &'static str| [("PGSERVICE", name)];
    for name in ["here", "other", "absent", "bad", "nested", "spaced", "her"] {
        compare.both(None, &service(name)).await;
    }
    compare.both(Some("service=here"), &[]).await;
    compare.both(Some("postgres://?service=here"), &[]).await;
    compare.both(Some("postgres:///postgres?service=here&user=shop"), &[]).await;
    compare.both(Some("service=here"), &[("PGUSER", "shop"), ("PGDATABASE", "postgres"), ("PGAPPNAME", "mine")]).await;
    compare.both(Some("service=late"), &[("PGPORT", "{P}"), ("PGUSER", "shop")]).await;
    compare.file("services", "[there]\nhost=127.0.0.1\nport={P}\nuser=shop\n", 0o644);
    compare.both(None, &[("PGSERVICE", "there"), ("PGSERVICEFILE", "{S}/home/services")]).await;
    compare.both(None, &[("PGSERVICE", "here"), ("PGSERVICEFILE", "{S}/home/services")]).await;
    compare.both(None, &[("PGSERVICE", "here"), ("PGSERVICEFILE", "{S}/home/absent")]).await;
    compare.file("pg_service.conf", "[everyone]\nhost=127.0.0.1\nport={P}\nuser=shop\n", 0o644);
    compare.both(None, &[("PGSERVICE", "everyone"), ("PGSYSCONFDIR", "{S}/home")]).await;
    compare.both(None, &[("PGSERVICE", "nobody"), ("PGSYSCONFDIR", "{S}/home")]).await;
    for password in [b"\xe4\n", b"\xe5\n"] {
        let text = compare.fill("[latin]\nhost=127.0.0.1\nport={P}\nuser=latin\ndbname=shop\npassword=");
        let text = [text.as_bytes(), password].concat();
        fs::write(compare.home.join(".pg_service.conf"), text).expect("the service file");
        compare.both(Some("service=latin"), &[]).await;
    }
    compare.remove(".pg_service.conf");
}

async fn attributes(compare: &mut Comparison<'_>) {
    for wanted in ["any", "read-write", "read-only", "primary", "standby", "prefer-standby", "nonsense"] {
        let url = format!("postgres://trusted@127.0.0.1:{{P}}/shop?target_session_attrs={wanted}");
        compare.both(Some(&url), &[]).await;
        compare.both(Some(&url), &[("PGOPTIONS", "-c default_transaction_read_only=on")]).await;
    }
}

async fn transport(compare: &mut Comparison<'_>) {
    let modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
    for mode in modes {
        for user in ["trusted", "only_tls", "only_plain", "certified"] {
            compare.both(Some(&format!("postgres://{user}@localhost:{{P}}/shop?sslmode={mode}")), &[]).await;
        }
        for host in ["localhost", "127.0.0.1"] {
            for root in ["ca.pem", "other.pem", "absent.pem", "server.pem"] {
                let url = format!("postgres://trusted@{host}:{{P}}/shop?sslmode={mode}&sslrootcert={{E}}%2F{root}");
                compare.both(Some(&url), &[]).await;
            }
        }
        compare.both(Some(&format!("postgres://trusted@{{E}}:{{P}}/shop?sslmode={mode}")), &[]).await;
    }
    for root in ["ca.pem", "other.pem"] {
        let text = fs::read_to_string(compare.cluster.path(root)).expect("a certificate");
        compare.file(".postgresql/root.crt", &text, 0o644);
        for mode in modes {
            compare.both(Some(&format!("postgres://trusted@localhost:{{P}}/shop?sslmode={mode}")), &[]).await;
            compare.both(Some(&format!("postgres://trusted@127.0.0.1:{{P}}/shop?sslmode={mode}")), &[]).await;
        }
    }
    compare.remove(".postgresql/root.crt");
    let certified = "postgres://certified@localhost:{P}/shop?sslcert={E}%2Fclient.pem&sslkey={E}%2F";
    let key = fs::read_to_string(compare.cluster.path("client.key")).expect("a key");
    compare.cluster.write("open.key", &key, 0o644);
    compare.cluster.write("group.key", &key, 0o640);
    for key in ["client.key", "open.key", "group.key", "absent.key", "server.key", "ca.pem"] {
        compare.both(Some(&format!("{certified}{key}&sslmode=require")), &[]).await;
        compare.both(Some(&format!("{certified}{key}")), &[]).await;
    }
    let certificate = fs::read_to_string(compare.cluster.path("client.pem")).expect("a certificate");
    compare.file(".postgresql/postgresql.crt", &certificate, 0o644);
    compare.both(Some("postgres://certified@localhost:{P}/shop"), &[]).await;
    compare.file(".postgresql/postgresql.key", &key, 0o600);
    compare.both(Some("postgres://certified@localhost:{P}/shop"), &[]).await;
    compare.both(Some("postgres://trusted@localhost:{P}/shop?ssl=true"), &[]).await;
    compare.both(Some("postgres://trusted@localhost:{P}/shop?sslmode=require&sslsni=0"), &[]).await;
    for (least, most) in [
        ("TLSv1.2", "TLSv1.2"),
        ("tlsv1.2", "TLSv1.3"),
        ("TLSv1", "TLSv1.1"),
        ("TLSv1.3", "TLSv1.3"),
        ("TLSv1.3", "TLSv1.2"),
        ("", "TLSv1.2"),
        ("TLSv1.2", ""),
        ("SSLv3", "TLSv1.2"),
    ] {
        let url = format!(
            "postgres://trusted@localhost:{{P}}/shop?sslmode=require&ssl_min_protocol_version={least}&ssl_max_protocol_version={most}"
        );
        compare.both(Some(&url), &[]).await;
    }
    let least = "postgres://trusted@localhost:{P}/shop?sslmode=require&ssl_min_protocol_version=TLSv1.3";
    compare.both(Some(least), &[]).await;
    compare.both(Some(&format!("{least}&ssl_max_protocol_version=TLSv1.2")), &[]).await;
}

async fn self_signed(compare: &mut Comparison<'_>) {
    for mode in ["prefer", "require", "verify-ca", "verify-full"] {
        for root in ["server.pem", "ca.pem"] {
            let url = format!("postgres://trusted@localhost:{{P}}/shop?sslmode={mode}&sslrootcert={{E}}%2F{root}");
            compare.both(Some(&url), &[]).await;
        }
    }
}
