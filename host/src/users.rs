//! Users and groups, from the files: a static binary has no other way to look them up.

use std::fs;

use anyhow::{Context, Result};

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
    let user = user.with_context(|| format!("no user `{text}` in {PASSWD}: give a number"))?;
    Ok(user.uid)
}

/// The first user that matches `predicate`.
///
/// # Errors
///
/// /etc/passwd can't be read.
pub fn user(predicate: impl Fn(&User) -> bool) -> Result<Option<User>> {
    let users = fs::read_to_string(PASSWD).with_context(|| format!("failed to read {PASSWD}"))?;
    Ok(users.lines().filter_map(parse_user).find(predicate))
}

/// All groups of a user: its own, and those that list it.
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
