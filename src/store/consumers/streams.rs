//! Positions that consumers record as messages: Eventide and Protean. Their streams are found by the names of their
//! categories.

use std::collections::HashMap;

use serde_json::Value;
use tokio_postgres::types::Type;

use super::super::row::{ServerTime, column, text};
use super::super::{Namespace, Result};
use super::{Convention, Recorded};
use crate::message::{Category, StreamName};

/// The category of Protean's position streams, and the type that marks a category of Eventide's.
const POSITION: &str = "position";
/// The position streams of a category are read in pages of this size, and no more than one page is read.
const STREAMS: usize = 1_000;

/// Returns the category whose consumers record their positions in a category, according to Eventide: `account:position`
/// belongs to `account`, and `account:command+position` to `account:command`.
fn eventide(positions: &str) -> Option<Category> {
    let (entity, types) = positions.split_once(':')?;
    let others: Vec<&str> = types.split('+').filter(|kind| *kind != POSITION).collect();
    if others.len() == types.split('+').count() {
        return None;
    }
    let name = if others.is_empty() { entity.to_owned() } else { format!("{entity}:{}", others.join("+")) };
    Some(Category::stored(name))
}

/// Returns whether an Eventide consumer without an identifier records its positions in a stream of this name:
/// `account:position`. It has no ID, so it looks like a category.
#[must_use]
pub fn is_position_stream(name: &str) -> bool {
    !name.contains('-') && eventide(name).is_some()
}

/// Returns the subscriber in the name of a Protean stream, `position-SUBSCRIBER-CATEGORY`.
fn subscriber(stream: &StreamName, category: &Category) -> Option<String> {
    let name = stream.id()?.strip_suffix(category.as_str())?.strip_suffix('-')?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// Reads a whole number without rounding.
fn position(data: Option<&str>) -> Result<i64, String> {
    let value: Option<Value> = data.and_then(|data| serde_json::from_str(data).ok());
    let position = value.as_ref().and_then(|data| data.get(POSITION)).and_then(Value::as_i64);
    position.ok_or_else(|| "its last message has no whole number in data.position".to_owned())
}

/// Reads the category that a Protean position belongs to.
fn origin(metadata: Option<&str>) -> Option<Category> {
    let metadata: Value = serde_json::from_str(metadata?).ok()?;
    let origin = metadata.get("domain").and_then(|domain| domain.get("origin_stream"));
    let origin = origin.or_else(|| metadata.get("origin_stream"))?.as_str()?;
    Some(Category::stored(origin))
}

impl Namespace {
    /// Returns the positions in the streams of these categories.
    pub(super) async fn recorded_in_streams(&self, categories: Vec<Category>) -> Result<Vec<Recorded>> {
        let convention = |positions: &Category| match eventide(positions.as_str()) {
            Some(category) => Some((Convention::Eventide, Some(category))),
            None => (positions.as_str() == POSITION).then_some((Convention::Protean, None)),
        };
        let (positions, found): (Vec<_>, Vec<_>) = categories
            .into_iter()
            .filter_map(|positions| convention(&positions).map(|convention| (positions, convention)))
            .unzip();
        let mut conventions: HashMap<StreamName, (Convention, Option<Category>)> = HashMap::new();
        for (streams, convention) in self.streams_of_each(&positions, STREAMS).await?.into_iter().zip(found) {
            conventions.extend(streams.into_iter().map(|stream| (stream.stream, convention.clone())));
        }
        if conventions.is_empty() {
            return Ok(Vec::new());
        }
        let sql = self.query(include_str!("../../../sql/query/consumer_streams.sql"), &[]);
        let names: Vec<&str> = conventions.keys().map(StreamName::as_str).collect();
        let rows = self.session().await?.query(&sql, &[(&names, Type::TEXT_ARRAY)]).await?;
        let mut recorded = Vec::new();
        for row in &rows {
            let stream = StreamName::stored(text(row, 0)?);
            let Some((convention, category)) = conventions.remove(&stream) else { continue };
            let (data, metadata): (Option<String>, Option<String>) = (column(row, 2)?, column(row, 3)?);
            let category = if convention == Convention::Protean { origin(metadata.as_deref()) } else { category };
            let named = category.as_ref().filter(|_| convention == Convention::Protean);
            recorded.push(Recorded {
                name: named.and_then(|of| subscriber(&stream, of)).unwrap_or_else(|| stream.to_string()),
                category,
                convention,
                position: position(data.as_deref()),
                moved_at: column::<Option<ServerTime>>(row, 1)?.map(|time| time.0),
            });
        }
        Ok(recorded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_categories_name_the_category_that_is_read() {
        let of = |name| eventide(name).map(|category| category.to_string());
        assert_eq!(of("account:position").as_deref(), Some("account"));
        assert_eq!(of("account:command+position").as_deref(), Some("account:command"));
        assert_eq!(of("account:snapshot+position+x").as_deref(), Some("account:snapshot+x"));
        assert_eq!((of("account"), of("account:positions"), of("position")), (None, None, None));
        let stream = StreamName::stored("position-app.Handler-shop::order");
        assert_eq!(subscriber(&stream, &Category::stored("shop::order")).as_deref(), Some("app.Handler"));
        assert_eq!(subscriber(&stream, &Category::stored("order:x")), None);
    }

    #[test]
    fn positions_are_read_exactly_or_not_at_all() {
        assert_eq!(position(Some(r#"{"position": 9007199254740993}"#)), Ok(9_007_199_254_740_993));
        for data in [None, Some("[]"), Some("{"), Some(r#"{"position": "7"}"#), Some(r#"{"position": 7.5}"#)] {
            assert!(position(data).is_err(), "{data:?}");
        }
    }
}
