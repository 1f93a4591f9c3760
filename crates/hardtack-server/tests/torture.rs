//! The short form of `cargo xtask torture`: here, because here cargo knows where the binary is.

use std::path::PathBuf;

use hardtack_torture::{Plan, kills};

/// docs/rotation.md, node dies before or after commit; docs/threat-model.md, nothing acknowledged is lost.
#[tokio::test]
async fn five_kills_in_the_middle_of_everything_lose_nothing_and_log_nobody_out() {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_hardtack"));
    let mut plan = Plan::new(binary, 5, 1);
    plan.users = 4;
    let tally = kills(&plan).await.unwrap();
    let told: Vec<_> = tally
        .violations()
        .iter()
        .map(|violation| violation.what.clone())
        .collect();
    assert_eq!(told, [""; 0], "{}", tally.report());
    // A run in which nothing was acknowledged would show nothing.
    for kind in ["login", "refresh", "logout", "registration", "verification"] {
        assert!(tally.acknowledged(kind) > 0, "{kind}: {}", tally.report());
    }
}
