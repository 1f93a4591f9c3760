//! Everybody who uses the server in a run: the browsers, and one inspector for each user.

use std::sync::Arc;

use anyhow::Result;
use tokio::task::JoinSet;

use crate::browser::{Browser, User, World, password_text};
use crate::house::House;
use crate::inspection;
use crate::promise::Promises;
use crate::wire::Wire;

pub(crate) struct Company {
    world: Arc<World>,
    browsers: Vec<Arc<Browser>>,
    inspectors: Vec<Arc<Browser>>,
    seed: u64,
}

impl Company {
    /// Adds `users` to the house and gives each of them `browsers`.
    pub(crate) fn gather(
        house: &House,
        world: &Arc<World>,
        users: u32,
        browsers: u32,
        seed: u64,
    ) -> Result<Self> {
        let mut seeds = fastrand::Rng::with_seed(seed);
        let mut company = Self {
            world: Arc::clone(world),
            browsers: Vec::new(),
            inspectors: Vec::new(),
            seed,
        };
        for user in 1..=users {
            let user = Arc::new(User {
                name: format!("baker{user}"),
                promises: Promises::default(),
            });
            house.add_user(&user.name, &password_text(0))?;
            let mut browser = |name: String| {
                Browser::new(name, Arc::clone(&user), Arc::clone(world), seeds.u64(..))
            };
            for index in 1..=browsers {
                company
                    .browsers
                    .push(browser(format!("{}'s browser {index}", user.name)));
            }
            company
                .inspectors
                .push(browser(format!("{}'s inspector", user.name)));
        }
        Ok(company)
    }

    /// Lets every browser work until the wire is over.
    pub(crate) fn set_to_work(&self, wire: &Arc<Wire>) -> JoinSet<()> {
        let mut working = JoinSet::new();
        for browser in &self.browsers {
            working.spawn(Arc::clone(browser).live(Arc::clone(wire)));
        }
        working
    }

    /// Asks for everything that was promised. Nothing else may be under way.
    pub(crate) async fn inspect(&self, wire: &Arc<Wire>, round: u32) {
        let seed = self.seed.wrapping_add(u64::from(round));
        let (browsers, inspectors) = (&self.browsers, &self.inspectors);
        inspection::inspect(&self.world, browsers, inspectors, wire, seed).await;
    }
}
