//! `/` in the lists of names.

use crossterm::event::KeyCode;

use super::fake::Fake;
use super::screen::Screen;
use crate::app::browser::layout::Pane;

/// Creates a store with a stream in each category, and many streams in the last one.
fn screen() -> Screen {
    let mut fake = Fake::default();
    for category in ["account", "cart", "payment", "repayment"] {
        fake.push(&format!("{category}-1"), "Opened", "{}", None);
    }
    for stream in 100..700 {
        fake.push(&format!("payment-{stream}"), "Opened", "{}", None);
    }
    Screen::new(fake)
}

fn categories(screen: &Screen) -> Vec<&str> {
    screen.state.browser.categories.rows().iter().map(|row| row.category.as_str()).collect()
}

fn streams(screen: &Screen) -> Vec<&str> {
    screen.state.browser.streams.window.rows().iter().map(|row| row.stream.as_str()).collect()
}

fn selected_stream(screen: &Screen) -> String {
    screen.state.browser.streams.window.selection().map(|row| row.stream.to_string()).unwrap_or_default()
}

fn selected_category(screen: &Screen) -> String {
    screen.state.browser.categories.selection().map(|row| row.category.to_string()).unwrap_or_default()
}

#[test]
fn tab_types_nothing_into_a_line() {
    let mut screen = screen();
    screen.keys("2/pay");
    screen.key(KeyCode::Tab);
    screen.key(KeyCode::BackTab);
    assert_eq!(categories(&screen), ["payment", "repayment"]);
}

#[test]
fn categories_shrink_while_typing_and_esc_restores_them_with_the_selection() {
    let mut screen = screen();
    screen.keys("2j");
    assert_eq!(selected_category(&screen), "cart");
    let before = screen.text();
    screen.keys("/PAY");
    assert_eq!(categories(&screen), [""; 0], "an upper-case letter makes case matter");
    screen.key(KeyCode::Esc);
    assert_eq!(screen.text(), before);
    screen.keys("/pay");
    assert_eq!(categories(&screen), ["payment", "repayment"]);
    assert!(screen.text().contains("/pay · 2 of 4"), "{}", screen.text());
    assert!(screen.text().contains("Messages  payment "), "the first match is shown: {}", screen.text());
    screen.key(KeyCode::Backspace);
    screen.key(KeyCode::Backspace);
    assert_eq!(categories(&screen), ["payment", "repayment"]);
    screen.esc();
    assert_eq!((categories(&screen).len(), selected_category(&screen).as_str()), (4, "cart"));
    assert_eq!(screen.text(), before);
}

#[test]
fn esc_in_the_namespaces_restores_the_category_below() {
    let mut screen = screen();
    screen.keys("2jj1");
    assert_eq!(selected_category(&screen), "payment");
    screen.keys("/audit");
    assert_eq!(screen.state.namespace().map(|namespace| namespace.id.as_str()), Some("audit"));
    screen.esc();
    assert_eq!(screen.state.namespace().map(|namespace| namespace.id.as_str()), Some("shop"));
    assert_eq!(selected_category(&screen), "payment");
}

#[test]
fn enter_keeps_the_filtered_list_and_esc_then_keeps_the_chosen_row() {
    let mut screen = screen();
    screen.keys("2/pay");
    screen.down();
    screen.enter();
    assert!(screen.state.dialogs.open.is_none());
    assert_eq!(selected_category(&screen), "repayment");
    assert_eq!(categories(&screen).len(), 2);
    screen.keys("k");
    assert_eq!(selected_category(&screen), "payment", "the keys move in the filtered list");
    screen.esc();
    assert_eq!((categories(&screen).len(), selected_category(&screen).as_str()), (4, "payment"));
    assert_eq!(screen.state.browser.focus, Pane::Categories);
}

#[test]
fn a_filter_without_a_match_restores_the_list() {
    let mut screen = screen();
    for (pane, noun) in [("1", "namespace"), ("2", "category"), ("3", "stream")] {
        screen.keys(pane);
        screen.down();
        let before = screen.text();
        screen.keys("/no-such-name");
        assert!(screen.text().contains("No match"), "{}", screen.text());
        screen.enter();
        assert!(screen.text().contains(&format!("No {noun} contains \"no-such-name\"")), "{}", screen.text());
        screen.esc();
        assert_eq!(screen.text(), before);
    }
}

#[test]
fn streams_are_filtered_on_the_server_over_all_of_the_category() {
    let mut screen = screen();
    screen.go_to("payment");
    screen.keys("3");
    screen.down();
    assert!(screen.state.browser.streams.window.len() < 601, "not every stream is loaded");
    let before = (selected_stream(&screen), streams(&screen).len());
    screen.keys("/69");
    assert_eq!(streams(&screen).first(), Some(&"payment-690"), "{:?}", streams(&screen));
    assert!(streams(&screen).iter().all(|name| name.contains("69")));
    assert!((690..700).all(|stream| streams(&screen).contains(&format!("payment-{stream}").as_str())));
    screen.keys("5");
    assert_eq!(streams(&screen), ["payment-695"]);
    assert_eq!(screen.selected(), "payment-695@0", "the stream that is left is shown");
    screen.esc();
    assert_eq!((selected_stream(&screen), streams(&screen).len()), before);
    screen.keys("/payment-695");
    screen.enter();
    screen.esc();
    assert_eq!(selected_stream(&screen), "payment-695", "the chosen stream stays selected");
    assert!(streams(&screen).len() > 100);
}

#[test]
fn streams_are_found_by_any_part_of_their_name_in_bounded_steps() {
    let mut screen = screen();
    screen.go_to("payment");
    screen.keys("3");
    screen.fake.search_window = Some(100);
    screen.hold = true;
    screen.keys("/99");
    // Of the two questions that the two letters asked, only the second one counts.
    while !screen.text().contains("searched") {
        assert!(screen.release_one(), "the search begins");
    }
    assert!(screen.text().contains("100 names searched"), "{}", screen.text());
    screen.release();
    assert_eq!(
        streams(&screen),
        ["payment-199", "payment-299", "payment-399", "payment-499", "payment-599", "payment-699"]
    );
    assert_eq!(screen.selected(), "payment-199@0", "the first match is shown");
    screen.hold = true;
    screen.keys("9");
    screen.esc();
    screen.release();
    assert_eq!(selected_stream(&screen), "payment-1", "answers after Esc are ignored");
}

#[test]
fn going_to_a_hidden_name_removes_the_filter() {
    let mut screen = screen();
    screen.keys("2/pay");
    screen.enter();
    screen.go_to("cart-1");
    assert_eq!((selected_category(&screen).as_str(), categories(&screen).len()), ("cart", 4));
    screen.keys("3/cart");
    screen.enter();
    screen.go_to("payment-333");
    assert_eq!((selected_stream(&screen).as_str(), screen.selected().as_str()), ("payment-333", "payment-333@0"));
}

#[test]
fn a_new_category_appears_in_a_filtered_list_if_it_matches() {
    let mut screen = screen();
    screen.keys("2/pay");
    screen.enter();
    screen.keys("1F");
    screen.arrive("prepayment-1", "Opened");
    screen.arrive("order-1", "Opened");
    assert_eq!(categories(&screen), ["payment", "prepayment", "repayment"]);
    screen.keys("2");
    screen.esc();
    assert_eq!(categories(&screen).len(), 6);
}

#[test]
fn a_reload_keeps_the_filter() {
    let mut screen = screen();
    screen.keys("2/pay");
    screen.enter();
    screen.fake.push("prepayment-1", "Opened", "{}", None);
    screen.ctrl('r');
    assert_eq!(categories(&screen), ["payment", "prepayment", "repayment"]);
    screen.go_to("payment");
    screen.keys("3/69");
    screen.enter();
    let before = streams(&screen).len();
    screen.ctrl('r');
    assert_eq!(streams(&screen).len(), before);
    assert!(screen.text().contains("/69"), "{}", screen.text());
}
