//! Who writes our commits: the user, as `git` itself would name them.

use anyhow::{Result, bail};

use super::{Git, Repo};

/// A person's name and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

impl Identity {
    /// The user's identity. Asks `git`, because libgit2 ignores `GIT_COMMITTER_NAME` and parts of the
    /// configuration.
    pub fn of(repo: &Repo) -> Result<Self> {
        let output = Git::here(repo)?.run(["var", "GIT_COMMITTER_IDENT"])?;
        match parse(&output.text()) {
            Some(identity) if output.status == 0 => Ok(identity),
            _ => bail!(
                "git does not know who you are; tell it with \
                 `git config --global user.name \"Your Name\"` and \
                 `git config --global user.email you@example.com`"
            ),
        }
    }

    /// For commits that nobody will ever name.
    pub(in crate::git) fn nobody() -> Self {
        Self {
            name: "nobody".to_owned(),
            email: "nobody@invalid".to_owned(),
        }
    }

    /// The identity as libgit2 wants it, at a time in seconds since 1970, in UTC.
    pub(in crate::git) fn at(&self, seconds: i64) -> Result<git2::Signature<'static>> {
        Ok(git2::Signature::new(
            &self.name,
            &self.email,
            &git2::Time::new(seconds, 0),
        )?)
    }
}

/// Reads `Name <email> seconds zone`.
fn parse(ident: &str) -> Option<Identity> {
    let (name, rest) = ident.split_once(" <")?;
    let (email, _) = rest.rsplit_once("> ")?;
    Some(Identity {
        name: name.to_owned(),
        email: email.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ident_line_is_a_name_and_an_address() {
        let identity = parse("Ann B. <ann@example.com> 1700000000 +0100").expect("an identity");
        assert_eq!(identity.name, "Ann B.");
        assert_eq!(identity.email, "ann@example.com");
        assert_eq!(parse("nothing of the kind"), None);
    }
}
