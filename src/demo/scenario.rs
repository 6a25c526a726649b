//! The names, products and odd messages that the sample data is made of, from `assets/demo/shop.toml`.

use serde::Deserialize;

/// The contents of the asset.
#[derive(Debug, Deserialize)]
pub(super) struct Scenario {
    pub(super) products: Vec<(String, String, u64)>,
    pub(super) customers: Vec<(String, String)>,
    pub(super) carriers: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) declined: Vec<String>,
    pub(super) odd: Vec<Oddity>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Oddity {
    pub(super) stream: String,
    pub(super) r#type: String,
    pub(super) data: String,
    pub(super) metadata: String,
}

impl Scenario {
    pub(super) fn load() -> Self {
        toml::from_str(include_str!("../../assets/demo/shop.toml"))
            .expect("the asset is part of the program and a test parses it")
    }
}
