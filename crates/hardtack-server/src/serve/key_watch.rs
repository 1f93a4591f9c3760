//! Takes up what `hardtack key` writes, without a restart (docs/threat-model.md SV-6).

use std::time::Duration;

use hardtack::Hardtack;
use hardtack_store::SqliteStore;
use tracing::{error, info};

use crate::file_stamp::Stamp;
use crate::key_file::KeyFile;

/// Half of the two seconds within which changes are noticed.
const EVERY: Duration = Duration::from_secs(1);

/// Looks at the key file until `shutdown` resolves.
pub(super) async fn run(
    hardtack: Hardtack<SqliteStore>,
    key_file: KeyFile,
    mut seen: Option<Stamp>,
    shutdown: impl Future<Output = ()>,
) {
    let looking = async {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            let stamp = key_file.stamp();
            if stamp != seen {
                seen = stamp;
                take_up(&hardtack, &key_file);
            }
        }
    };
    tokio::select! {
        () = looking => {}
        () = shutdown => {}
    }
}

/// A file that cannot be used leaves the keys as they are: whoever damaged it hears of it here, and
/// nobody is logged out.
fn take_up(hardtack: &Hardtack<SqliteStore>, key_file: &KeyFile) {
    match key_file.load() {
        Ok(keys) => {
            hardtack.replace_keys(keys);
            info!("keys taken up from the changed file");
        }
        Err(error) => {
            error!(
                error = format!("{error:#}"),
                "the changed key file is not used; the keys stay as they were"
            );
        }
    }
}
