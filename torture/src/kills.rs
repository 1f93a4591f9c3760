//! The run of kills: burst, kill, restart, inspection, and again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::company::Company;
use crate::house::{Errors, Furnishing, House};
use crate::inspection::RECOVERY;
use crate::owner::Owner;
use crate::promise::DelayBound;
use crate::tally::{Tally, Violation, say};
use crate::wire::Wire;
use crate::world::World;

/// Shorter than in production, so that sessions rotate across kills; long enough that a busy
/// machine keeps within the delays that the protocol is built for.
const ROTATION_WINDOW: Duration = Duration::from_secs(5);

/// Long enough that an access token outlives the restart after its session's end: the revocation
/// has to survive, not the token to expire.
const ACCESS_LIFETIME: Duration = Duration::from_secs(30);

/// A client that waits longer than this for an answer has none.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long and how hard.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The `hardtack` binary.
    pub binary: PathBuf,
    /// How often the server is killed.
    pub kills: u32,
    /// What the browsers do follows from it. When they do it does not.
    pub seed: u64,
    /// Users.
    pub users: u32,
    /// Browsers of each user, all logged in at once.
    pub browsers: u32,
    /// Who registers and leaves, one account after the other.
    pub owners: u32,
    /// The longest time between a start and its kill.
    pub longest_burst: Duration,
}

impl Plan {
    /// As `cargo xtask torture` runs it.
    #[must_use]
    pub fn new(binary: PathBuf, kills: u32, seed: u64) -> Self {
        Self {
            binary,
            kills,
            seed,
            users: 8,
            browsers: 3,
            owners: 3,
            longest_burst: Duration::from_millis(1_500),
        }
    }
}

/// Runs `plan` and gives the totals, broken promises among them. With one of them, the data
/// directory and the server's log are kept.
///
/// # Errors
/// When the run itself cannot go on: no binary, no data directory, a server that does not start.
pub async fn kills(plan: &Plan) -> Result<Arc<Tally>> {
    let directory = tempfile::Builder::new()
        .prefix("hardtack-torture-")
        .tempdir()?;
    let furnishing = Furnishing {
        rotation_window: ROTATION_WINDOW,
        access_lifetime: ACCESS_LIFETIME,
    };
    let data = directory.path().join("data");
    let mut house = House::build(&plan.binary, directory.path(), &data, furnishing)?;
    let tally = Arc::new(Tally::start());
    let world = Arc::new(World {
        tally: Arc::clone(&tally),
        access_lifetime: ACCESS_LIFETIME,
        delay_bound: DelayBound::within(ROTATION_WINDOW),
        hashing: Semaphore::new(4),
    });
    let company = Company::gather(&house, &world, plan.users, plan.browsers, plan.seed)?;
    let post = Arc::new(house.post());
    let mut seeds = fastrand::Rng::with_seed(!plan.seed);
    let owner = |number| Owner::new(format!("owner{number}"), &world, &post, seeds.u64(..));
    let mut owners: Vec<_> = (1..=plan.owners).map(owner).collect();
    let mut moments = fastrand::Rng::with_seed(plan.seed);

    let (mut life, _) = house.start(PATIENCE).await?;
    let mut wire = Arc::new(Wire::to(&life.url, PATIENCE)?);
    for kill in 1..=plan.kills {
        let mut working = company.set_to_work(&wire);
        let mut living = JoinSet::new();
        for owner in owners.drain(..) {
            living.spawn(owner.live(Arc::clone(&wire)));
        }
        let longest = u64::try_from(plan.longest_burst.as_millis())?;
        tokio::time::sleep(Duration::from_millis(moments.u64(20..=longest.max(20)))).await;
        if !life.is_alive()? {
            tally.violated(Violation::of("the server ended by itself"));
        }
        life.kill()?;
        wire.end();
        while working.join_next().await.is_some() {}
        let lived = living.join_all().await;
        tally.took_at_most(wire.slowest());
        house.read_log(&tally, Errors::Unexpected)?;

        let (next, recovery) = house.start(PATIENCE).await?;
        life = next;
        tally.recovered(recovery);
        if recovery > RECOVERY {
            tally.violated(Violation::of(&format!(
                "the first good answer came {recovery:?} after the restart"
            )));
        }
        wire = Arc::new(Wire::after(&wire, &life.url, PATIENCE)?);
        company.inspect(&wire, kill).await;
        let mut inspecting = JoinSet::new();
        for owner in lived {
            let wire = Arc::clone(&wire);
            inspecting.spawn(async move { owner.inspect(&wire).await });
        }
        owners = inspecting.join_all().await;
        say(&format!(
            "kill {kill}/{} · {} · back after {:.2} s",
            plan.kills,
            tally.progress(),
            recovery.as_secs_f64()
        ));
    }
    life.kill()?;
    house.read_log(&tally, Errors::Unexpected)?;
    house.verify_database(&tally)?;
    if !tally.violations().is_empty() {
        say(&format!("kept for you: {}", directory.keep().display()));
    }
    Ok(tally)
}
