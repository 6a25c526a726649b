//! Marks, the comparison of messages, and the export of what is shown.

use crossterm::event::KeyCode;

use super::fake::Fake;
use super::screen::Screen;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::export::ExportStage;
use crate::app::export::{ExportJob, ExportReport, ExportWhat, Exported};
use crate::app::{Effect, Event};
use crate::store::browse::Scope;

fn alt_c(screen: &mut Screen) {
    screen.act(crate::app::keymap::Action::CloneMarked);
}

fn last_copy(screen: &Screen) -> &str {
    match screen.outside.last() {
        Some(Effect::Copy { text, .. }) => text,
        other => panic!("nothing was copied: {other:?}"),
    }
}

#[test]
fn marks_stay_while_going_elsewhere_and_are_counted() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-1@2");
    screen.keys("m");
    assert!(screen.text().contains("1 marked"), "{}", screen.text());
    screen.go_to("order-2@1");
    screen.keys("m");
    assert!(screen.text().contains("2 marked"), "{}", screen.text());
    screen.go_to("account-1");
    let row = screen.text().lines().find(|line| line.contains("◆")).map(str::to_owned);
    assert!(row.is_some_and(|row| row.contains("Withdrawn")), "{}", screen.text());
    screen.keys("U");
    assert!(!screen.text().contains('◆') && screen.state.marks.all().is_empty(), "{}", screen.text());
}

#[test]
fn a_second_press_removes_the_mark() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account-0@1");
    screen.keys("mm");
    assert!(screen.state.marks.all().is_empty());
}

#[test]
fn two_marked_messages_are_compared_by_path() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@3");
    screen.keys("m");
    screen.go_to("account-0@3");
    screen.keys("m=");
    let text = screen.text();
    assert!(text.contains("account-0@3 (global 13) → account-1@3 (global 15)"), "the older one is first: {text}");
    for line in ["~ $.amount", "- 3", "+ 13", "~ $.items[1].sku", "- \"A-0\"", "+ \"A-1\"", "type: same, HoldPlaced"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("12345678901234567890123"), "equal values are not listed: {text}");
    screen.keys("v");
    let text = screen.text();
    let both: Vec<&str> = text.lines().filter(|line| line.matches("12345678901234567890123").count() == 2).collect();
    assert_eq!(both.len(), 1, "equal values are side by side: {text}");
    assert!(
        text.lines()
            .any(|line| line.contains("\"amount\": 3") && line.contains('~') && line.contains("\"amount\": 13"))
    );
    screen.keys("y");
    assert!(last_copy(&screen).contains("~ $.amount\n  - 3\n  + 13"), "{}", last_copy(&screen));
    screen.esc();
    assert!(screen.state.dialogs.open.is_none());
}

#[test]
fn one_marked_message_is_compared_with_the_selected_one() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account-0@1");
    screen.keys("m=");
    assert!(screen.state.dialogs.open.is_none());
    assert!(screen.text().contains("One message is marked"), "{}", screen.text());
    screen.keys("j=");
    assert!(screen.text().contains("account-0@1 (global 3) → account-0@2 (global 5)"), "{}", screen.text());
    screen.esc();
    screen.keys("mjm=");
    assert!(screen.text().contains("3 messages are marked"), "{}", screen.text());
}

#[test]
fn a_marked_message_that_is_gone_is_reported() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account-0@1");
    screen.keys("mj");
    screen.fake.messages.retain(|message| message.global_position != 3);
    screen.keys("=");
    assert!(screen.state.dialogs.open.is_none());
    assert!(screen.text().contains("account-0@1 no longer exists"), "{}", screen.text());
}

#[test]
fn marked_messages_are_copied_and_cloned() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account-0@3");
    screen.keys("mkkmya");
    let lines: Vec<&str> = last_copy(&screen).lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("\"pos\":1,") && lines[1].contains("\"pos\":3,"), "in order of position: {lines:?}");
    alt_c(&mut screen);
    let Some(Dialog::Compose(compose)) = &screen.state.dialogs.open else { panic!("a draft is open") };
    assert_eq!(compose.draft().message_type, "Deposited");
    assert_eq!(compose.draft().expected_version, "4");
    assert_eq!(screen.state.dialogs.drafts.len(), 1, "the other one is kept");
    assert!(matches!(screen.outside.last(), Some(Effect::SaveDrafts(drafts)) if drafts.len() == 2));
}

/// Presses Ctrl-E and Enter, and returns the job.
fn export(screen: &mut Screen) -> (u64, ExportJob) {
    screen.ctrl('e');
    screen.enter();
    match screen.outside.last() {
        Some(Effect::Export { generation, job }) => (*generation, job.clone()),
        other => panic!("nothing is exported: {other:?}"),
    }
}

#[test]
fn the_list_is_exported_with_its_scope_and_filter() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account");
    screen.keys("&type:Opened");
    screen.enter();
    let (generation, job) = export(&mut screen);
    assert_eq!(
        (job.namespace.as_str(), job.path.as_str(), job.replace),
        ("shop", "shop-account-filtered.ndjson", false)
    );
    let ExportWhat::List(Scope::Category(category), filter) = &job.what else { panic!("{:?}", job.what) };
    assert_eq!((category.as_str(), filter.types.as_slice()), ("account", &["Opened".to_owned()][..]));
    screen.send(Event::Export { generation, report: ExportReport::Progress { written: 1_500, percent: Some(40) } });
    assert!(screen.text().contains("1,500 messages exported · 40%"), "{}", screen.text());
    let exported = Exported { path: "/tmp/a.ndjson".to_owned(), written: 2, ..Exported::default() };
    screen.send(Event::Export { generation, report: ExportReport::Done(exported) });
    assert!(screen.state.dialogs.open.is_none());
    assert!(screen.text().contains("Exported 2 messages to /tmp/a.ndjson"), "{}", screen.text());
    assert!(screen.text().contains("--allow-gaps"), "{}", screen.text());
}

#[test]
fn an_existing_file_is_replaced_only_after_y() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account-0");
    let (generation, job) = export(&mut screen);
    assert_eq!(job.path, "shop-account-0.ndjson");
    screen.send(Event::Export { generation, report: ExportReport::Exists });
    assert!(screen.text().contains("shop-account-0.ndjson exists. Replace it? y/n"), "{}", screen.text());
    let exports =
        |screen: &Screen| screen.outside.iter().filter(|effect| matches!(effect, Effect::Export { .. })).count();
    screen.keys("n");
    assert_eq!(exports(&screen), 1);
    screen.enter();
    let Some(Effect::Export { generation, .. }) = screen.outside.last().cloned() else { panic!("asked again") };
    screen.send(Event::Export { generation, report: ExportReport::Exists });
    screen.keys("y");
    assert!(matches!(screen.outside.last(), Some(Effect::Export { job, .. }) if job.replace));
}

#[test]
fn esc_cancels_an_export_and_late_reports_are_ignored() {
    let mut screen = Screen::new(Fake::shop(1));
    let (generation, _) = export(&mut screen);
    screen.esc();
    assert_eq!(screen.outside.last(), Some(&Effect::StopExport));
    assert!(screen.text().contains("Export cancelled"), "{}", screen.text());
    screen.ctrl('e');
    screen.send(Event::Export { generation, report: ExportReport::Failed("late".to_owned()) });
    let Some(Dialog::Export(dialog)) = &screen.state.dialogs.open else { panic!("the dialog is open") };
    assert_eq!((&dialog.stage, &dialog.problem), (&ExportStage::Editing, &None));
}

#[test]
fn a_failed_export_keeps_the_name_and_says_why() {
    let mut screen = Screen::new(Fake::shop(1));
    let (generation, _) = export(&mut screen);
    let problem = "Cannot write /root/a.ndjson: permission denied".to_owned();
    screen.send(Event::Export { generation, report: ExportReport::Failed(problem.clone()) });
    assert!(screen.text().contains(&problem), "{}", screen.text());
    screen.key(KeyCode::Backspace);
    let Some(Dialog::Export(dialog)) = &screen.state.dialogs.open else { panic!("the dialog is open") };
    assert_eq!(dialog.input.text(), "shop.ndjso");
}

#[test]
fn marked_messages_are_offered_first_and_tab_exports_the_list() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account-0@1");
    screen.keys("m");
    screen.ctrl('e');
    assert!(screen.text().contains("1 marked message"), "{}", screen.text());
    screen.key(KeyCode::Tab);
    assert!(screen.text().contains("Messages of account-0"), "{}", screen.text());
    screen.key(KeyCode::Tab);
    screen.enter();
    let Some(Effect::Export { job, .. }) = screen.outside.last() else { panic!("nothing is exported") };
    let ExportWhat::Marked(marks) = &job.what else { panic!("{:?}", job.what) };
    assert_eq!((marks.len(), job.path.as_str()), (1, "shop-marked.ndjson"));
}
