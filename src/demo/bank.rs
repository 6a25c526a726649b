//! The bank: accounts, and transfers between them.

use serde_json::json;

use super::plan::{DAYS, Plan};
use super::random::{SeededRandom, order_id};
use super::scenario::Scenario;

const ACCOUNTS: u64 = 24;
const TRANSFERS: u64 = 110;

/// Returns the messages of the bank.
pub(super) fn bank(scenario: &Scenario) -> Plan {
    let mut plan = Plan::default();
    let mut random = SeededRandom(2);
    for number in 1..=ACCOUNTS {
        let (owner, _) = random.pick(&scenario.customers);
        let data = json!({ "accountId": number, "owner": owner });
        let open = plan.add(random.seconds(0, 600), format!("account:command-{number}"), "Open", data.clone(), None);
        let at = plan.messages[open].at + 1;
        plan.add(at, format!("account-{number}"), "Opened", data, Some(open));
    }
    for number in 0..TRANSFERS {
        let at = 1_000 + (DAYS * 86_400 - 2_000) * number.cast_signed() / TRANSFERS.cast_signed();
        let id = order_id(random.next());
        let (from, to) = (random.below(ACCOUNTS) + 1, random.below(ACCOUNTS) + 1);
        let cents = random.below(500_000) + 1;
        let data = json!({ "transferId": id, "from": from, "to": to, "amount": format!("{}.{:02}", cents / 100, cents % 100) });
        let start = plan.add(at, format!("transfer-{id}"), "Initiated", data.clone(), None);
        plan.messages[start].correlation = Some(format!("transfer-{id}"));
        let take = plan.add(at + 1, format!("account:command-{from}"), "Withdraw", data.clone(), Some(start));
        let taken = plan.add(at + 2, format!("account-{from}"), "Withdrawn", data.clone(), Some(take));
        let give = plan.add(at + 3, format!("account:command-{to}"), "Deposit", data.clone(), Some(taken));
        let given = plan.add(at + 4, format!("account-{to}"), "Deposited", data.clone(), Some(give));
        plan.add(at + 5, format!("transfer-{id}"), "Completed", data, Some(given));
        if number % 5 == 4 {
            plan.progress(at + 10, "account:command+position-accountComponent", "account:command", 0);
            plan.progress(at + 11, "account:position-transferComponent", "account", 0);
        }
    }
    plan
}
