//! Snapshots of the pulse in three sizes, light and dark.

use ratatui::style::Color;

use super::snapshots::picture_on;
use crate::app::ScreenSettings;
use crate::app::tests::fake::Fake;
use crate::app::tests::fake::vitals::Vitals;
use crate::app::tests::screen::Screen;
use crate::config::themes::ThemeName;

#[test]
fn the_pulse_of_a_troubled_shop() {
    for (name, theme, text) in [("light", ThemeName::Light, 235), ("dark", ThemeName::Dark, 252)] {
        for (width, height) in [(160, 45), (100, 30), (80, 24)] {
            let mut fake = Fake::shop(3);
            fake.vitals = Vitals::of_a_troubled_shop();
            let setup =
                ScreenSettings { target: "postgres@localhost/shop".to_owned(), theme, ..ScreenSettings::default() };
            let mut screen = Screen::with(fake, setup, width, height);
            screen.keys("P");
            insta::assert_snapshot!(
                format!("pulse_{name}_{width}x{height}"),
                picture_on(&screen, Color::Indexed(text))
            );
        }
    }
}

#[test]
fn levels_are_distinct_in_ascii_and_without_colour() {
    let mut fake = Fake::shop(3);
    fake.vitals = Vitals::of_a_troubled_shop();
    let setup = ScreenSettings { ascii: true, no_color: true, ..ScreenSettings::default() };
    let mut screen = Screen::with(fake, setup, 80, 24);
    screen.keys("P");
    let text = screen.text();
    assert!(text.is_ascii() && text.contains("!! mailer") && text.contains("!  order:position"), "{text}");
}
