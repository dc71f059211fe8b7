//! Which settings of a repository git executes, or by which it finds other files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Difference, Place, Weight};

/// Settings whose value is a command, names a program or a file that decides what is executed, or says where the
/// repository is.
const GRAVE: [&str; 30] = [
    "attr.tree",
    "core.alternaterefscommand",
    "core.askpass",
    "core.attributesfile",
    "core.bare",
    "core.editor",
    "core.fsmonitor",
    "core.gitproxy",
    "core.hookspath",
    "core.pager",
    "core.sshcommand",
    "core.worktree",
    "credential.helper",
    "diff.external",
    "gc.recentobjectshook",
    "gpg.program",
    "imap.tunnel",
    "include.path",
    "init.templatedir",
    "instaweb.httpd",
    "interactive.difffilter",
    "protocol.allow",
    "receive.procreceiverefs",
    "sendemail.cccmd",
    "sendemail.headercmd",
    "sendemail.sendmailcmd",
    "sendemail.smtpserver",
    "sendemail.tocmd",
    "sequence.editor",
    "uploadpack.packobjectshook",
];

/// The same of every subsection.
const GRAVE_BELOW: [(&str, &str); 31] = [
    ("browser", "cmd"),
    ("browser", "path"),
    ("credential", "helper"),
    ("diff", "command"),
    ("diff", "textconv"),
    ("difftool", "cmd"),
    ("difftool", "path"),
    ("filter", "clean"),
    ("filter", "process"),
    ("filter", "required"),
    ("filter", "smudge"),
    ("gpg", "defaultkeycommand"),
    ("gpg", "program"),
    ("guitool", "cmd"),
    ("includeif", "path"),
    ("lfs", "clean"),
    ("lfs", "path"),
    ("lfs", "smudge"),
    ("man", "cmd"),
    ("man", "path"),
    ("merge", "driver"),
    ("merge", "recursive"),
    ("mergetool", "cmd"),
    ("mergetool", "path"),
    ("protocol", "allow"),
    ("remote", "receivepack"),
    ("remote", "uploadpack"),
    ("remote", "vcs"),
    ("tar", "command"),
    ("trailer", "cmd"),
    ("trailer", "command"),
];

/// What git itself keeps there of everyday work, and nobody needs to be told of.
const BOOKKEEPING: [&str; 5] = ["branch", "gui", "lfs", "maintenance", "extensions"];

/// Stands for the settings of a file that git cannot read.
const UNREADABLE: &str = "(unreadable)";

/// Values that may be secrets.
const SECRET: [&str; 5] = ["extraheader", "password", "token", "secret", "sslkey"];

/// The settings that `file` itself has, in its order; what it includes is read for itself.
pub(in crate::git) fn read(file: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let config = git2::Config::open(file);
    match config.as_ref().map(|config| config.entries(None)) {
        Ok(Ok(entries)) => {
            let each = entries.for_each(|entry| {
                if entry.include_depth() > 0 {
                    return;
                }
                let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
                let value = match entry.has_value() {
                    true => String::from_utf8_lossy(entry.value_bytes()).into_owned(),
                    false => "true".to_owned(),
                };
                found.push((name, value));
            });
            each.unwrap_or_default();
        }
        // Git cannot read it either, so nothing of it is executed.
        _ => found.push((UNREADABLE.to_owned(), String::new())),
    }
    found
}

/// Whether these are of a file that git cannot read.
pub(in crate::git) fn is_unreadable(settings: &[(String, String)]) -> bool {
    settings.first().is_some_and(|(name, _)| name == UNREADABLE)
}

/// Whether git executes a setting, or something else because of it.
pub(super) fn is_grave(name: &str, value: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let (section, rest) = lower.split_once('.').unwrap_or((&lower, ""));
    let variable = rest.rsplit('.').next().unwrap_or(rest);
    let is_switch =
        |value: &str| ["", "true", "false", "yes", "no", "on", "off", "1", "0"].contains(&value);
    match section {
        "hook" => true,
        "alias" => value.trim_start().starts_with('!'),
        "submodule" if variable == "update" => value.trim_start().starts_with('!'),
        "pager" => !is_switch(&value.to_ascii_lowercase()),
        _ => {
            let is_below = rest.contains('.') && GRAVE_BELOW.contains(&(section, variable));
            GRAVE.contains(&lower.as_str()) || is_below
        }
    }
}

/// What differs: the file as a whole where git could not read it or cannot any more, else one setting after the other.
pub(super) fn differences(
    file: &Path,
    before: &[(String, String)],
    now: &[(String, String)],
) -> Vec<Difference> {
    if is_unreadable(before) || is_unreadable(now) {
        // Its lines may hold secrets.
        let said = |settings: &[(String, String)]| {
            let said = match is_unreadable(settings) {
                true => "a configuration that git cannot read",
                false => "a configuration that git can read",
            };
            Some(said.to_owned()).filter(|_| !settings.is_empty())
        };
        return vec![Difference {
            place: Place::File(file.to_owned()),
            before: said(before),
            now: said(now),
            weight: Weight::Grave,
        }];
    }
    let (before, now) = (by_name(before), by_name(now));
    let mut names: Vec<&str> = before.keys().chain(now.keys()).copied().collect();
    names.sort();
    names.dedup();
    let changed = names
        .into_iter()
        .filter(|name| before.get(name) != now.get(name));
    let told = changed.filter_map(|name| {
        let old = before.get(name).cloned().unwrap_or_default();
        let new = now.get(name).cloned().unwrap_or_default();
        let is_grave = old.iter().chain(&new).any(|value| is_grave(name, value));
        let section = name.split('.').next().unwrap_or(name);
        if !is_grave && BOOKKEEPING.contains(&section) {
            return None;
        }
        Some(Difference {
            place: Place::Setting {
                file: file.to_owned(),
                key: name.to_owned(),
            },
            before: shown(name, &old),
            now: shown(name, &new),
            weight: match is_grave {
                true => Weight::Grave,
                false => Weight::Light,
            },
        })
    });
    told.collect()
}

/// The values of each setting, in their order.
pub(super) fn by_name(settings: &[(String, String)]) -> BTreeMap<&str, Vec<&str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in settings {
        found.entry(name).or_default().push(value);
    }
    found
}

fn shown(name: &str, values: &[&str]) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let is_secret = SECRET.iter().any(|word| lower.contains(word));
    match values {
        [] => None,
        _ if is_secret => Some("(a value that may be a secret)".to_owned()),
        values => Some(values.join(", ")),
    }
}

/// The files that `settings`, which stand in `file`, include, on whatever condition.
pub(in crate::git) fn included(file: &Path, settings: &[(String, String)]) -> Vec<PathBuf> {
    let dir = file.parent().unwrap_or(file);
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let named = settings.iter().filter(|(name, _)| {
        name == "include.path" || (name.starts_with("includeif.") && name.ends_with(".path"))
    });
    named
        .map(|(_, value)| match (value.strip_prefix("~/"), &home) {
            (Some(below), Some(home)) => home.join(below),
            _ => dir.join(value),
        })
        .collect()
}

/// The directories that `settings` name for hooks.
pub(super) fn hooks(settings: &[(String, String)]) -> impl Iterator<Item = PathBuf> {
    let named = settings.iter().filter(|(name, _)| name == "core.hookspath");
    named.map(|(_, value)| PathBuf::from(value))
}

#[cfg(test)]
mod tests {
    use super::is_grave;

    #[test]
    fn what_git_executes_is_told_from_what_it_only_knows() {
        for (name, value) in [
            ("core.fsmonitor", "evil"),
            ("core.hookspath", ".husky"),
            ("filter.lfs.clean", "git-lfs clean"),
            ("filter.a.b.process", "x"),
            ("merge.ours.driver", "true"),
            ("hook.x.command", "evil"),
            ("alias.st", "!evil"),
            ("pager.log", "evil"),
            ("submodule.a.update", "!evil"),
            ("includeif.gitdir:/x/.path", "evil"),
            ("credential.https://x.helper", "evil"),
        ] {
            assert!(is_grave(name, value), "{name}");
        }
        for (name, value) in [
            ("user.email", "ada@example.com"),
            ("alias.st", "status"),
            ("pager.log", "false"),
            ("remote.origin.url", "https://example.com/x"),
            ("branch.main.merge", "refs/heads/main"),
            ("submodule.a.update", "rebase"),
            ("diff.algorithm", "patience"),
            ("core.filemode", "false"),
        ] {
            assert!(!is_grave(name, value), "{name}");
        }
    }
}
