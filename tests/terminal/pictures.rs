//! The pictures in the README: the screen of the demo, drawn as SVG from what a terminal shows. To write them to
//! `assets/`, set `STREAMSCOPE_PICTURES=write`. Without it, the test only checks that they can be drawn.

use std::fmt::Write as _;
use std::path::Path;

use vt100::{Cell, Color};

use super::support::program::User;
use super::support::pty::Screen;

/// The size of a cell in pixels, and the margin around the screen.
const CELL: (f32, f32) = (8.4, 20.0);
const MARGIN: f32 = 12.0;

#[test]
fn the_pictures_of_the_readme_can_be_drawn() {
    let pictures = [("screen", "dark", (150, 38)), ("narrow", "light", (80, 36)), ("trace", "dark", (150, 30))];
    for (name, theme, size) in pictures {
        let user = User::new();
        let config = user.home().join("config.toml");
        std::fs::write(&config, format!("theme = \"{theme}\"\n")).expect("written");
        let config = config.to_str().expect("a path");
        let variables = [("STREAMSCOPE_CONFIG", config), ("COLORTERM", "truecolor")];
        let mut screen = Screen::start_with(&user, &["--demo"], &variables, size);
        screen.shows("order:command").keys(":order\r").shows("› order").shows("▾ data");
        let mut expected = "Streams";
        if name == "trace" {
            screen.keys("/Paid\r").shows("PaidTwice · data");
        } else {
            screen.keys("kkk").shows("Shipped · data");
        }
        // Everything has been read, and the list has its timeline.
        screen.shows("effects →").hides("→ …").hides("workflow …").hides("? messages");
        screen.wait("a timeline", |screen| screen.contents().lines().nth(2).is_some_and(|line| line.contains('[')));
        if name == "trace" {
            screen.keys("T").shows("to the newest message");
            expected = "Charged";
        }
        let picture = screen.read(svg);
        assert!(picture.contains("Paid") && picture.contains(expected), "{picture}");
        if std::env::var_os("STREAMSCOPE_PICTURES").is_some_and(|value| value == "write") {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(format!("{name}.svg"));
            std::fs::write(path, picture).expect("written");
        }
    }
}

/// How a cell is drawn.
#[derive(Clone, PartialEq)]
struct Style {
    text: String,
    ground: String,
    bold: bool,
    faint: bool,
    underlined: bool,
}

impl Style {
    fn of(cell: &Cell) -> Self {
        let (text, ground) = (color(cell.fgcolor(), "#d0d0d0"), color(cell.bgcolor(), "#1c1c1c"));
        let (text, ground) = if cell.inverse() { (ground, text) } else { (text, ground) };
        Self { text, ground, bold: cell.bold(), faint: cell.dim(), underlined: cell.underline() }
    }
}

/// Returns a colour of the terminal. The first sixteen are those of xterm.
fn color(color: Color, default: &str) -> String {
    const FIRST: [&str; 16] = [
        "#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5", "#7f7f7f", "#ff0000",
        "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff",
    ];
    match color {
        Color::Default => default.to_owned(),
        Color::Idx(index @ 0..=15) => FIRST[usize::from(index)].to_owned(),
        Color::Idx(index @ 16..=231) => {
            let level = |value: u8| if value == 0 { 0 } else { 55 + 40 * value };
            let index = index - 16;
            format!("#{:02x}{:02x}{:02x}", level(index / 36), level(index / 6 % 6), level(index % 6))
        }
        Color::Idx(index) => format!("#{0:02x}{0:02x}{0:02x}", 8 + 10 * (index - 232)),
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}

/// Draws a screen, one text for each run of cells with the same style.
fn svg(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (f32::from(columns) * CELL.0 + 2.0 * MARGIN, f32::from(rows) * CELL.1 + 2.0 * MARGIN);
    let ground = screen.cell(0, 0).map_or_else(String::new, |cell| Style::of(cell).ground);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{ground}\"/>\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while let Some(style) = screen.cell(row, column).map(Style::of) {
            let begin = column;
            let mut text = String::new();
            while let Some(cell) = screen.cell(row, column).filter(|cell| Style::of(cell) == style) {
                text.push_str(if cell.has_contents() || cell.is_wide_continuation() { cell.contents() } else { " " });
                column += 1;
            }
            run(&mut svg, row, begin, column - begin, &text, &style, &ground);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn run(svg: &mut String, row: u16, column: u16, cells: u16, text: &str, style: &Style, ground: &str) {
    let (x, y) = (MARGIN + f32::from(column) * CELL.0, MARGIN + f32::from(row) * CELL.1);
    let width = f32::from(cells) * CELL.0;
    if style.ground != ground {
        let (height, fill) = (CELL.1, &style.ground);
        let _ =
            writeln!(svg, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{fill}\"/>");
    }
    if text.trim().is_empty() {
        return;
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut more = String::new();
    for (set, attribute) in [
        (style.bold, " font-weight=\"bold\""),
        (style.faint, " opacity=\"0.6\""),
        (style.underlined, " text-decoration=\"underline\""),
    ] {
        more.push_str(if set { attribute } else { "" });
    }
    let (y, fill) = (y + 14.0, &style.text);
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.0}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{fill}\"{more} \
         xml:space=\"preserve\">{text}</text>"
    );
}
