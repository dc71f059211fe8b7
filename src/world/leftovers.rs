//! What earlier drivers left on this machine, whichever line of the journal it belongs to: processes that
//! must end before anything is begun, and numbers that must not be used again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::Site;
use crate::journal::layout;
use crate::process::supervise;

/// Ends every attempt and every check of the run that still runs. The journal names what was running when
/// its driver died only as long as nobody moves it, and of checks it says nothing.
pub(super) fn end_all(site: &Site) -> Result<()> {
    let local = layout::local_run(site.repo.common_dir(), &site.run);
    let mut orders = Vec::new();
    find_orders(&local, &mut orders)?;
    for order in orders {
        let survivors = supervise::sweep(&order)?;
        if !survivors.is_empty() {
            bail!(
                "processes of an earlier attempt still run: {survivors:?}; end them, then resume"
            );
        }
    }
    Ok(())
}

/// The highest number that an attempt of the task with this slug ever had on this machine; 0 without one.
pub(super) fn newest_attempt(site: &Site, slug: &str) -> u32 {
    let dir = layout::attempts_dir(site.repo.common_dir(), &site.run).join(slug);
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.max().unwrap_or(0)
}

/// The orders below `dir` whose supervisor may still live.
fn find_orders(dir: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(error).with_context(|| format!("`{}` cannot be read", dir.display()));
        }
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find_orders(&entry.path(), found)?;
        } else if let Some(order) = supervise::order_of(&entry.path()) {
            found.push(order);
        }
    }
    Ok(())
}
