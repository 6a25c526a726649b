//! A rejected password is not sent again, and the password command runs for each connection.

use std::collections::HashMap;
use std::fs;
use std::process::Command;

use streamscope::store::connect::Environment;
use streamscope::store::session::Sessions;
use streamscope::store::{Obstacle, Options, Settings, StoreError};

use super::cluster::Cluster;
use super::psql::prepare;
use super::refusing::connect;
use crate::support::program::{User, outcome};

/// Counts the rejected passwords in the server's log. The server writes the entry before it answers.
fn rejections(cluster: &Cluster) -> usize {
    let log = fs::read_to_string(cluster.path("log")).expect("the log");
    log.lines().filter(|line| line.contains("FATAL") && line.contains("password authentication failed")).count()
}

fn administer(cluster: &Cluster, sql: &str) {
    let port = cluster.port.to_string();
    let arguments =
        ["-X", "-q", "-h", &cluster.socket_dir(), "-p", &port, "-U", "postgres", "-o", "/dev/null", "-c", sql];
    assert!(Command::new("psql").args(arguments).status().expect("psql runs").success(), "{sql}");
}

fn change_password(cluster: &Cluster, password: &str) {
    let sql = format!("set password_encryption = 'scram-sha-256'; alter role locked password '{password}'");
    administer(cluster, &sql);
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_a_rejected_password_only_once() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    prepare(&cluster);
    let port = cluster.port;
    for user in ["locked", "digested"] {
        for mode in ["disable", "allow", "prefer", "require"] {
            let before = rejections(&cluster);
            let url = format!("postgres://{user}:wrong@localhost:{port},127.0.0.1:{port}/shop?sslmode={mode}");
            let error = connect(&url).await.expect_err("a wrong password");
            assert!(
                matches!(error, StoreError::Unavailable { obstacle: Obstacle::Password, .. }),
                "{user}, {mode}: {error:?}"
            );
            assert_eq!(rejections(&cluster) - before, 1, "{user}, {mode}");
        }
    }
    // Several connections that are opened together also send it once.
    let before = rejections(&cluster);
    let url = format!("postgres://locked:wrong@localhost:{port}/shop");
    let settings = Settings::resolve(Some(&url), &Environment::default()).expect("a good URL").expect("a server");
    let sessions = Sessions::new(settings, Options { connections: 6, ..Options::default() });
    for error in futures_util::future::join_all((0..6).map(|_| sessions.acquire())).await {
        let error = error.expect_err("a wrong password");
        assert!(matches!(error, StoreError::Unavailable { obstacle: Obstacle::Password, .. }), "{error:?}");
    }
    assert_eq!(rejections(&cluster) - before, 1, "six at once");

    // The same holds for connections that replace lost ones after the password has changed.
    change_password(&cluster, "first");
    let url = format!("postgres://locked:first@localhost:{port}/shop");
    let settings = Settings::resolve(Some(&url), &Environment::default()).expect("a good URL").expect("a server");
    let sessions = Sessions::new(settings, Options { connections: 6, ..Options::default() });
    drop(sessions.acquire().await.expect("the password is right"));
    change_password(&cluster, "second");
    administer(&cluster, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'locked'");
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let before = rejections(&cluster);
    for error in futures_util::future::join_all((0..6).map(|_| sessions.acquire())).await {
        let error = error.expect_err("the password has changed");
        assert!(matches!(error, StoreError::Unavailable { obstacle: Obstacle::Password, .. }), "{error:?}");
    }
    assert_eq!(rejections(&cluster) - before, 1, "six at once, after the connection was lost");

    // The other transport is still tried if it asks for no password.
    for mode in ["allow", "prefer"] {
        for user in ["only_tls", "only_plain"] {
            let url = format!("postgres://{user}:ignored@localhost:{port}/shop?sslmode={mode}");
            connect(&url).await.unwrap_or_else(|error| panic!("{user}, {mode}: {error}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_after_authentication_does_not_try_the_other_transport() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    prepare(&cluster);
    let attempts = || {
        let log = fs::read_to_string(cluster.path("log")).expect("the log");
        log.lines().filter(|line| line.contains("connection authorized") && line.contains("database=absent")).count()
    };
    for mode in ["allow", "prefer", "require"] {
        let before = attempts();
        let url = format!("postgres://trusted@localhost:{}/absent?sslmode={mode}", cluster.port);
        let error = connect(&url).await.expect_err("no such database");
        assert!(matches!(error, StoreError::Unavailable { obstacle: Obstacle::Database, .. }), "{mode}: {error:?}");
        assert_eq!(attempts() - before, 1, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_the_password_command_for_each_connection() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    prepare(&cluster);
    let (token, runs) = (cluster.write("token", "first\n", 0o600), cluster.write("runs", "", 0o600));
    let change = |password: &str| {
        fs::write(&token, format!("{password}\n")).expect("a token");
        change_password(&cluster, password);
    };
    let command = format!("echo run >> {runs}; cat {token}");
    let variables = HashMap::from([("STREAMSCOPE_PASSWORD_COMMAND".to_owned(), command.clone())]);
    let environment = Environment::of_process().with(variables, None);
    let url = format!("postgres://locked@127.0.0.1:{}/shop", cluster.port);
    let settings = |url: &str| Settings::resolve(Some(url), &environment).expect("good settings").expect("a server");
    let sessions = Sessions::new(settings(&url), Options::default());
    change("first");
    let first = sessions.acquire().await.expect("a connection");
    change("second");
    let second = sessions.acquire().await.expect("another connection, with the new password");
    let count = || fs::read_to_string(&runs).expect("the runs").lines().count();
    assert_eq!(count(), 2);
    drop((first, second));
    sessions.acquire().await.expect("an idle connection");
    assert_eq!(count(), 2, "an idle connection needs no password");

    // A password in the URL takes precedence over the command, and the command over the password file.
    let given = settings(&url.replace("locked@", "locked:second@"));
    Sessions::new(given, Options::default()).acquire().await.expect("the password of the URL");
    assert_eq!(count(), 2);

    // The program takes the command from the environment or from the target's profile.
    let user = User::new();
    let file = user.home().join("config.toml");
    fs::write(user.home().join(".pgpass"), "*:*:*:*:wrong\n").expect("a password file");
    fs::set_permissions(user.home().join(".pgpass"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("its mode");
    let run = |more: &[(&str, &str)]| {
        let mut program = user.command();
        outcome(program.args(["--url", &url, "ns", "list"]).envs(more.iter().copied()))
    };
    assert_eq!(run(&[("STREAMSCOPE_PASSWORD_COMMAND", &command)]).status, 0);
    assert_eq!(count(), 3);
    let profile = format!("[[profile]]\ntarget = \"/shop\"\nname = \"shop\"\npassword_command = '{command}'\n");
    fs::write(&file, profile).expect("a configuration");
    let config = ("STREAMSCOPE_CONFIG", file.to_str().expect("text"));
    assert_eq!(run(&[config]).status, 0);
    assert_eq!(count(), 4);
    let failed = run(&[config, ("STREAMSCOPE_PASSWORD_COMMAND", "echo t0ken; echo 'no session' >&2; exit 3")]);
    assert_eq!(failed.status, 5, "{failed:?}");
    assert!(failed.stderr.contains("no session") && !failed.stderr.contains("t0ken"), "{}", failed.stderr);
    assert_eq!(run(&[config, ("PGPASSWORD", "wrong")]).status, 1, "PGPASSWORD takes precedence over the profile");
    assert_eq!(count(), 4);
}
