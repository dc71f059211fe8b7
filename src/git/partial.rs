//! Clones that lack objects on purpose: having what a run needs before it starts, so that nothing has to be fetched while
//! it goes on. In any other repository there is nothing to do, and nothing is done.

use anyhow::{Result, bail};
use git2::Oid;

use super::{Git, Repo};

/// How often more is asked for: each time what is missing below what came the time before.
const ROUNDS: usize = 64;

impl Repo {
    /// Has all files of `commit`. What a partial clone lacks of them is fetched from where it was cloned, as git does for
    /// a checkout.
    pub fn have_files_of(&self, commit: Oid) -> Result<()> {
        let Some(remote) = self.promisor() else {
            return Ok(());
        };
        for _ in 0..ROUNDS {
            let missing = self.missing_below(commit)?;
            if missing.is_empty() {
                return Ok(());
            }
            let count = missing.len();
            let output = Git::reaching_out(self)?
                .stdin(missing.join("\n") + "\n")
                .args([
                    "-c",
                    "fetch.negotiationAlgorithm=noop",
                    "fetch",
                    "--quiet",
                    "--no-tags",
                ])
                .args([
                    "--no-write-fetch-head",
                    "--recurse-submodules=no",
                    "--filter=blob:none",
                ])
                .run(["--stdin", "--end-of-options", remote.as_str()])?;
            if output.status != 0 {
                bail!(
                    "this clone lacks {count} of the files of {commit}, and `{remote}` does not give them: {}; \
                     once it can be reached, try again",
                    output.complaint()
                );
            }
        }
        bail!("this clone lacks files of {commit}, and `{remote}` does not give all of them")
    }

    /// The remote that has what this clone lacks, if it is one that may lack something.
    pub(in crate::git) fn promisor(&self) -> Option<String> {
        let remotes = self.config_below("remote.");
        let promises = remotes.into_iter().find_map(|(key, value)| {
            let name = key.strip_suffix(".promisor")?;
            let is_so = matches!(
                value.to_ascii_lowercase().as_str(),
                "true" | "yes" | "on" | "1" | ""
            );
            is_so.then(|| name.to_owned())
        });
        promises.or_else(|| self.config("extensions.partialClone"))
    }

    /// The objects below `commit` that are not here, as far as they are known.
    fn missing_below(&self, commit: Oid) -> Result<Vec<String>> {
        let tree = format!("{commit}^{{tree}}");
        let args = [
            "rev-list",
            "--objects",
            "--missing=print",
            "--no-object-names",
            &tree,
        ];
        let output = Git::new(self)?.check(args)?;
        let missing = output.text();
        let missing = missing.lines().filter_map(|line| line.strip_prefix('?'));
        Ok(missing.map(str::to_owned).collect())
    }
}
