//! A working day of someone who supports customers: from a part of an ID in a ticket to the difference between two
//! orders, and on from there the next morning.

use super::support::stores::Kind;
use super::visit::Visit;

/// Returns the stream of a customer. Only the digits in the middle differ.
fn stream(number: u32) -> String {
    format!("customer-f0a5a1c2-95d5-4c3e-{:04x}-0f4d2b7a7aa6", 0x9c00 + number)
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_a_customer_by_a_part_of_the_id_compares_two_orders_and_returns_there_after_a_restart() {
    let visit = Visit::new(Kind::MessageDb).await;
    for number in 0..40 {
        visit.write(&stream(number), "Registered", "{\"plan\": \"basic\"}").await;
        visit.write(&stream(number), "Ordered", &format!("{{\"amount\": {number}, \"currency\": \"EUR\"}}")).await;
    }
    let wanted = stream(23);
    visit.write(&wanted, "Refunded", "{\"amount\": 23, \"reason\": \"late\"}").await;
    visit.write(&wanted, "Ordered", "{\"amount\": 4711, \"currency\": \"CHF\"}").await;

    let mut screen = visit.screen(&[]);
    screen.shows("RW").shows_line(&["customer"]);
    // A stream by a part of its ID.
    screen.keys(":9c17").shows_line(&["customer-f0a5a1c2-95d5-4c3e-9c17"]).keys("\r");
    screen.shows(&format!("› {wanted}")).shows_line(&["Refunded"]);
    // A value of the data as a column.
    screen.keys("G").shows_line(&["Ordered", "amount 4711"]);
    screen.keys("5").keys_until("j", "$.amount").keys("+").shows_line(&["pos", "type", "amount"]);
    screen.keys("4").shows_line(&["Refunded", " 23 "]);
    // Only the orders, two of which are compared.
    screen.keys("&type:Ordered\r").shows("2 matches").hides("Refunded");
    screen.keys("gm").shows("1 marked").keys("Gm").shows("2 marked").keys("=");
    screen.shows("~ $.amount").shows_line(&["- 23"]).shows_line(&["+ 4711"]).shows("~ $.currency");
    screen.keys("\x1b").hides("~ $.currency").keys("q");
    assert_eq!(screen.end().status, 0);

    let mut screen = visit.screen(&[]);
    screen.shows(&format!("› {wanted}")).shows("& type:Ordered").shows("2 matches");
    screen.shows_line(&["pos", "type", "amount"]).shows_line(&["Ordered", "4711"]);
    assert!(!screen.contents().contains("Refunded"), "{}", screen.contents());
    // The selected message is the same.
    screen.shows("currency: \"CHF\"");
    screen.keys("q");
    assert_eq!(screen.end().status, 0);
}
