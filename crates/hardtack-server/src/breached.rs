//! The list of leaked passwords that the configuration names.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use hardtack::breached::{BreachedPasswords, RangeApi};

use crate::config::Config;

/// The list, unless it is switched off.
pub(crate) fn list(config: &Config) -> Result<Option<Arc<dyn BreachedPasswords>>> {
    let url = config.breached.url.clone();
    let Some(url) = url.filter(|_| config.breached.check) else {
        return Ok(None);
    };
    let list = RangeApi::new(url).context("password.breached_check")?;
    Ok(Some(Arc::new(list)))
}
