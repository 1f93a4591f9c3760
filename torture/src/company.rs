//! Everybody who uses the server in a run: the browsers, and one inspector for each user.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use crate::browser::Browser;
use crate::house::House;
use crate::inspection;
use crate::promise::Promises;
use crate::wire::{Fate, Wire};
use crate::world::{User, World, password_text};

/// As long as nobody complains.
const PROMPT: Duration = Duration::from_secs(1);

pub(crate) struct Company {
    world: Arc<World>,
    browsers: Vec<Arc<Browser>>,
    inspectors: Vec<Arc<Browser>>,
    /// Of a user whose password nobody changes.
    prober: Arc<Browser>,
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
        let user = |name: String| {
            house.add_user(&name, &password_text(0)).map(|()| {
                Arc::new(User {
                    name,
                    promises: Promises::default(),
                })
            })
        };
        let mut browser = |name: String, user: &Arc<User>| {
            Browser::new(name, Arc::clone(user), Arc::clone(world), seeds.u64(..))
        };
        let mut company = Self {
            world: Arc::clone(world),
            browsers: Vec::new(),
            inspectors: Vec::new(),
            prober: browser("the prober".to_owned(), &user("prober".to_owned())?),
            seed,
        };
        for number in 1..=users {
            let user = user(format!("baker{number}"))?;
            for index in 1..=browsers {
                let name = format!("{}'s browser {index}", user.name);
                company.browsers.push(browser(name, &user));
            }
            let name = format!("{}'s inspector", user.name);
            company.inspectors.push(browser(name, &user));
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

    /// Can somebody log in, over the session that they have?
    pub(crate) async fn a_login_works(&self, wire: &Wire) -> bool {
        self.prober.log_in(wire, 0, Fate::Delivered).await == Some(200)
    }

    /// Waits for a fault to last long enough, and asks all the while for what needs neither disk
    /// nor hash, over a connection that is there: who is logged in must not notice.
    pub(crate) async fn watch(&self, wire: &Wire, lasts: Duration) {
        let until = Instant::now() + lasts;
        while Instant::now() < until {
            let sent = Instant::now();
            let is_logged_in = self.prober.is_logged_in(wire).await;
            self.world
                .tally
                .checked(if is_logged_in && sent.elapsed() < PROMPT {
                    "during the fault: GET session/ answered within a second"
                } else {
                    "during the fault: GET session/ late, refused or not answered"
                });
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
