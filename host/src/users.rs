//! Users and groups, read from the files: a static binary has no other way to look them up.

use std::env;
use std::fs;

use anyhow::{Context, Result, ensure};
use bpfapps_explain::visible;
use nix::unistd::{geteuid, getgid};

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";

/// An entry of /etc/passwd.
#[derive(Debug, PartialEq)]
pub struct User {
    /// The login name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// The number of its own group.
    pub gid: u32,
    /// Its home folder.
    pub home: String,
}

/// The number of a user, from a number or a name in /etc/passwd.
///
/// # Errors
///
/// There is no such user.
pub fn uid(text: &str) -> Result<u32> {
    if let Ok(uid) = text.parse() {
        return Ok(uid);
    }
    let user = user(|user| user.name == text)?;
    let user =
        user.with_context(|| format!("no user `{}` in {PASSWD}: give a number", visible(text)))?;
    Ok(user.uid)
}

/// The caller of sudo, if root runs this through sudo; `None` if the caller was root too.
///
/// # Errors
///
/// The variables of sudo contradict /etc/passwd and /etc/group. Then nothing may run under that
/// name, and not as root either.
pub fn sudo_caller() -> Result<Option<User>> {
    let said = ["SUDO_USER", "SUDO_UID", "SUDO_GID"].map(|name| (name, env::var_os(name)));
    if !geteuid().is_root() || said.iter().all(|(_, value)| value.is_none()) {
        return Ok(None);
    }
    let [name, uid, gid] = said.each_ref().map(|(_, value)| value.as_ref()?.to_str());
    let user = user(|user| called_sudo(user, name, uid))?;
    let groups = user.as_ref().map(groups).transpose()?.unwrap_or_default();
    ensure!(
        groups
            .iter()
            .any(|group| Some(group.to_string().as_str()) == gid),
        "{} are not one user of {PASSWD} and a group of theirs: run it with sudo, or unset all three",
        said.map(|(name, value)| format!("{name}={:?}", value.unwrap_or_default()))
            .join(", ")
    );
    Ok(user.filter(|user| user.uid != 0))
}

/// The name decides: two users may share a number.
fn called_sudo(user: &User, name: Option<&str>, uid: Option<&str>) -> bool {
    Some(user.name.as_str()) == name && Some(user.uid.to_string().as_str()) == uid
}

/// The first user that matches `predicate`.
fn user(predicate: impl Fn(&User) -> bool) -> Result<Option<User>> {
    let users = fs::read_to_string(PASSWD).with_context(|| format!("failed to read {PASSWD}"))?;
    Ok(users.lines().filter_map(parse_user).find(predicate))
}

/// All groups of a user: the primary group, and those that list the user.
///
/// # Errors
///
/// /etc/group can't be read.
pub fn groups(user: &User) -> Result<Vec<u32>> {
    let groups = fs::read_to_string(GROUP).with_context(|| format!("failed to read {GROUP}"))?;
    let listed = groups
        .lines()
        .filter_map(|line| group_with(line, &user.name));
    Ok([user.gid].into_iter().chain(listed).collect())
}

/// The group of this process: its name, or its number if it has none.
pub fn own_group() -> String {
    let own = getgid().to_string();
    let groups = fs::read_to_string(GROUP).unwrap_or_default();
    let named = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == own).then(|| name.to_owned())
    });
    named.unwrap_or(own)
}

fn parse_user(line: &str) -> Option<User> {
    let fields: Vec<_> = line.split(':').collect();
    let [name, _, uid, gid, _, home, ..] = fields[..] else {
        return None;
    };
    Some(User {
        name: name.to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        home: home.to_owned(),
    })
}

/// The number of the group in a line of /etc/group that lists `name`.
fn group_with(line: &str, name: &str) -> Option<u32> {
    let fields: Vec<_> = line.split(':').collect();
    let [_, _, gid, members] = fields[..] else {
        return None;
    };
    let is_member = members.split(',').any(|member| member == name);
    is_member.then(|| gid.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_is_found_by_the_whole_name() {
        assert_eq!(uid("root").ok(), Some(0));
        assert_eq!(uid("1000").ok(), Some(1000));
        for name in ["", "roo", "-1", "root:x"] {
            let error = format!("no user `{name}` in /etc/passwd: give a number");
            assert_eq!(uid(name).map_err(|err| err.to_string()), Err(error));
        }
    }

    #[test]
    fn name_and_number_say_who_called_sudo() {
        let user = |line| parse_user(line).expect("a user");
        let bob = user("bob:x:1000:1000::/home/bob:/bin/sh");
        let robert = user("robert:x:1000:1001::/home/robert:/bin/sh");
        assert!(called_sudo(&bob, Some("bob"), Some("1000")));
        assert!(!called_sudo(&robert, Some("bob"), Some("1000")));
        for uid in [
            None,
            Some(""),
            Some("0"),
            Some("-1"),
            Some("+1000"),
            Some("abc"),
        ] {
            assert!(!called_sudo(&bob, Some("bob"), uid), "{uid:?}");
        }
        assert!(!called_sudo(&bob, None, Some("1000")));
    }

    #[test]
    fn groups_are_those_that_list_the_name() {
        let nobody = parse_user("nobody:x:65534:65533:nobody:/nonexistent:/bin/sh");
        let nobody = nobody.expect("a user");
        assert_eq!(
            (nobody.uid, nobody.gid, nobody.home.as_str()),
            (65534, 65533, "/nonexistent")
        );
        assert_eq!(parse_user("# comment"), None);
        assert_eq!(group_with("audio:x:29:pulse,nobody", "nobody"), Some(29));
        assert_eq!(group_with("audio:x:29:nobody2", "nobody"), None);
        assert_eq!(group_with("nobody:x:29:", "nobody"), None);
    }
}
