//! Completions and manual pages, which need no store.

use super::support::program::User;

#[test]
fn every_shell_has_completions_that_know_the_commands() {
    let user = User::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = user.run(&["completions", shell]).done();
        for word in ["export", "consumer-group-member", "exit-when-idle"] {
            assert!(script.contains(word), "{word} in {shell}");
        }
    }
    assert_eq!(user.run(&["completions", "csh"]).status, 2);
}

#[test]
fn bash_takes_its_completions_and_offers_the_commands() {
    let user = User::new();
    std::fs::write(user.home().join("completions"), user.run(&["completions", "bash"]).done()).unwrap();
    // As bash does when tab is pressed behind the second word.
    let script = "set -eu; . ./completions; COMP_WORDS=(streamscope ex); COMP_CWORD=1
        $(complete -p streamscope | sed 's/.*-F \\([^ ]*\\).*/\\1/') streamscope ex streamscope; echo \"${COMPREPLY[@]}\"";
    let mut bash = std::process::Command::new("bash");
    let output = bash.args(["--norc", "-c", script]).current_dir(user.home()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "export", "{output:?}");
}

#[test]
fn each_command_has_a_page_and_examples() {
    let user = User::new();
    assert!(user.run(&["man"]).done().contains(".TH streamscope 1"));
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
        assert!(std::fs::read_to_string(&page).unwrap().contains("Examples"), "{command}");
        assert!(user.run(&[command, "--help"]).done().contains("Examples:"), "{command}");
    }
}
