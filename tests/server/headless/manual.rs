//! Tests of shell completions and manual pages, which need no store.

use crate::support::program::User;

#[test]
fn completions_of_every_shell_know_the_commands() {
    let user = User::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = user.run(&["completions", shell]).done();
        for word in ["export", "consumer-group-member", "exit-when-idle"] {
            assert!(script.contains(word), "{word} in {shell}");
        }
        // Shells would expect the locator before each command.
        assert!(!script.to_lowercase().contains("locator"), "{shell}");
    }
    assert_eq!(user.run(&["completions", "csh"]).status, 2);
}

/// Checks the scripts only, because these shells may not be installed.
#[test]
fn completes_choices_and_completes_files_only_for_paths() {
    let user = User::new();
    let fish = user.run(&["completions", "fish"]).done();
    let has = |line: &str| fish.lines().any(|found| found == line);
    assert!(has("complete -c streamscope -f"));
    assert!(has("complete -c streamscope -l format -x -a 'text json ndjson dot mermaid'"));
    let of = |command: &str| format!("complete -c streamscope -n \"__fish_streamscope_using_subcommand {command}\"");
    assert!(has(&format!("{} -a 'categories types streams'", of("stats"))));
    assert!(has(&format!("{} -F", of("import"))));
    let zsh = user.run(&["completions", "zsh"]).done();
    assert!(zsh.contains("\n\":: :_streamscope_commands\""), "the first argument is a command");
    assert!(zsh.contains("--url=[") && !zsh.contains(":URL:_default"));
}

#[test]
fn bash_completes_commands() {
    let user = User::new();
    std::fs::write(user.home().join("completions"), user.run(&["completions", "bash"]).done()).unwrap();
    // Does what bash does if Tab is pressed after the second word.
    let script = "set -eu; . ./completions; COMP_WORDS=(streamscope ex); COMP_CWORD=1
        $(complete -p streamscope | sed 's/.*-F \\([^ ]*\\).*/\\1/') streamscope ex streamscope; echo \"${COMPREPLY[@]}\"";
    let mut bash = std::process::Command::new("bash");
    let output = bash.args(["--norc", "-c", script]).current_dir(user.home()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "export", "{output:?}");
}

#[test]
fn every_command_has_a_manual_page_with_examples() {
    let user = User::new();
    let page = user.run(&["man"]).done();
    for part in [".TH streamscope 1", ".SH EXAMPLES", ".SH \"EXIT STATUS\"", "STREAMSCOPE_NAMESPACE", "STREAMSCOPE_LOG"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains(".nf\n  streamscope \\-n shop get account\\-1\n.fi"), "examples keep their lines: {page}");
    assert!(!page.contains("streamscope\\-help"), "a reference to a page that does not exist");
    user.run(&["man", "pages"]).done();
    let commands = [
        "tail",
        "export",
        "import",
        "stats",
        "get",
        "write",
        "streams",
        "categories",
        "last",
        "version",
        "bench",
        "ns",
        "completions",
        "man",
    ];
    for command in commands {
        let page = user.home().join("pages").join(format!("streamscope-{command}.1"));
        assert!(std::fs::read_to_string(&page).unwrap().contains(".SH EXAMPLES"), "{command}");
        assert!(user.run(&[command, "--help"]).done().contains("Examples:"), "{command}");
    }
}
