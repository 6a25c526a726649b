//! Stores of the first version, which were overlays over a template in the cache: opening one completes it and repairs
//! truncated copies of the template's files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use pglite_oxide::PgliteServer;
use streamscope::store::embedded::Embedded;
use tempfile::TempDir;
use tokio_postgres::{Client, Config, NoTls};

use super::each_entry_of_the_template;

const MANIFEST: &str = ".pglite-oxide-pgdata-overlay.json";

fn template() -> HashMap<PathBuf, Vec<u8>> {
    let mut files = HashMap::new();
    each_entry_of_the_template(|path, bytes| {
        if let Some(bytes) = bytes {
            files.insert(path, bytes);
        }
    });
    files
}

fn data(store: &Path) -> PathBuf {
    store.join("postgres/tmp/pglite/base")
}

async fn client(directory: &Path, port: u16) -> Client {
    let mut config = Config::new();
    config.host_path(directory).port(port).user("postgres").dbname("postgres");
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Creates a store like the first version, with a table of three rows.
async fn made_by_the_first_version() -> TempDir {
    // The library determines its cache directory itself, and shares it with other tests.
    let store = TempDir::new().unwrap();
    let sockets = TempDir::new().unwrap();
    let (root, socket) = (store.path().join("postgres"), sockets.path().join(".s.PGSQL.5432"));
    let server =
        std::thread::spawn(move || PgliteServer::builder().path(root).unix(socket).start().unwrap()).join().unwrap();
    let client = client(sockets.path(), 5432).await;
    client.batch_execute("create table kept (n int); insert into kept values (1), (2), (3)").await.unwrap();
    drop(client);
    tokio::task::spawn_blocking(move || server.shutdown().unwrap()).await.unwrap();
    assert!(data(store.path()).join(MANIFEST).exists());
    store
}

async fn rows(store: &Path) -> i64 {
    let embedded = Embedded::open(store).await.unwrap();
    let (directory, port) = embedded.address();
    let client = client(Path::new(&directory), port).await;
    client.batch_execute("create table if not exists later (n int)").await.unwrap();
    client.query_one("select count(*) from kept", &[]).await.unwrap().get(0)
}

fn is_whole(store: &Path) {
    let data = data(store);
    assert!(!data.join(MANIFEST).exists());
    let names = std::process::Command::new("find").arg(&data).args(["-name", ".wh.*"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&names.stdout), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn converts_a_store_of_the_first_version_and_keeps_its_rows() {
    let store = made_by_the_first_version().await;
    assert!(!data(store.path()).join("base/1").exists(), "the store is an overlay");
    for _ in 0..2 {
        assert_eq!(rows(store.path()).await, 3);
        is_whole(store.path());
    }
    assert!(data(store.path()).join("base/1/1259").exists());
    assert!(store.path().join("postgres/streamscope.json").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repairs_truncated_copies_in_a_store_of_the_first_version() {
    let store = made_by_the_first_version().await;
    let template = template();
    let mut cut = 0;
    for (path, bytes) in &template {
        let own = data(store.path()).join(path);
        if !own.exists() && bytes.len() > 1 && own.parent().unwrap().exists() {
            std::fs::write(&own, &bytes[..bytes.len() / 2]).unwrap();
            cut += 1;
        }
    }
    assert!(cut > 100, "{cut}");
    // The first version rewrote these at each start, so they can be truncated too.
    for name in [MANIFEST, "PG_VERSION"] {
        std::fs::write(data(store.path()).join(name), "").unwrap();
    }
    std::fs::write(store.path().join("postgres/tmp/pglite/.pglite-oxide-runtime-layout.json"), "").unwrap();
    assert_eq!(rows(store.path()).await, 3);
    is_whole(store.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_removed_from_a_store_of_the_first_version_stay_removed() {
    let store = made_by_the_first_version().await;
    let gone = data(store.path()).join("pg_ident.conf");
    assert!(!gone.exists() && template().contains_key(Path::new("pg_ident.conf")));
    std::fs::write(data(store.path()).join(".wh.pg_ident.conf"), "").unwrap();
    assert_eq!(rows(store.path()).await, 3);
    assert!(!gone.exists());
    is_whole(store.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_an_interrupted_first_start_of_the_first_version() {
    for control in [None, Some(8192), Some(100)] {
        let store = TempDir::new().unwrap();
        let data = data(store.path());
        std::fs::create_dir_all(data.join("global")).unwrap();
        std::fs::write(data.join(MANIFEST), "{\"template_arch").unwrap();
        std::fs::write(data.join("global/2677"), "half").unwrap();
        if let Some(length) = control {
            let template = &template()[Path::new("global/pg_control")];
            std::fs::write(data.join("global/pg_control"), &template[..length]).unwrap();
        }
        drop(Embedded::open(store.path()).await.unwrap());
        is_whole(store.path());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refuses_an_overlay_over_an_unknown_template_with_advice() {
    let store = made_by_the_first_version().await;
    let manifest = data(store.path()).join(MANIFEST);
    let text = std::fs::read_to_string(&manifest).unwrap();
    let other = text.replacen("\"templateArchiveSha256\": \"", "\"templateArchiveSha256\": \"0", 1);
    assert_ne!(text, other);
    std::fs::write(&manifest, &other).unwrap();
    let error = Embedded::open(store.path()).await.expect_err("refused").to_string();
    assert!(
        error.contains("from a template that this version does not contain") && error.contains("export"),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), other);
    assert!(!data(store.path()).join("base/1").exists(), "the store was changed");
}
